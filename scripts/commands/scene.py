"""`tertib scene`: check a scene file, draw it on a picture, list what may stand in one."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline import stills
from pipeline.ingest import Frame, MediaError, open_source
from pipeline.rules import declared
from pipeline.scene import Scene, SceneError, load_scene
from scripts.commands._scene_signing import sign, verify
from scripts.commands._stage_commands import render

app = typer.Typer(help="Check, draw or sign a scene file, or play one on a stage.", no_args_is_help=True)

SceneFile = Annotated[Path, typer.Argument(metavar="SCENE.yaml", help="The scene file.")]


@app.command(epilog="Example: tertib scene check samples/scenes/parkpow-cars.yaml")
def check(
    scene_file: SceneFile,
    media: Annotated[str | None, typer.Option(help="Compare with this clip instead of the scene's own.")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="Day on which its certificate must hold; default: today.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Validate a scene file, and compare its frame with the picture of its clip where there is one.

    Exit code 1: the file is sound, but the certificate of its speed measurement does not hold on that day.
    """
    scene = _load(scene_file)
    lapsed = _lapsed(scene, on)
    name = media or scene.media_path()
    # A stream is not opened: a check must not depend on a camera that is off.
    if name and "://" not in name:
        _same_size(scene, scene_file, _picture(scene, name, 0.0))
    summary = {
        "scene": scene.name,
        "camera": scene.camera.id,
        "version": scene.version,
        "version_sha256": scene.version_sha256,
        "signed_by": scene.signature.signer if scene.signature else None,
        "lanes": [lane.id for lane in scene.lanes],
        "signals": [head.id for head in scene.signals],
        "count_lines": [line.id for line in scene.count_lines],
        "zones": [zone.id for zone in scene.zones],
        "solid_lines": [line.id for line in scene.solid_lines],
        "offences": offences(scene),
        "certificate": lapsed or ("valid" if scene.certificate else None),
    }
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    elif lapsed:
        sys.stderr.write(f"{scene_file}: {lapsed}\n")
    if lapsed:
        raise typer.Exit(1)
    if as_json:
        return
    judged = ", ".join(offences(scene)) or "no offence"
    sys.stdout.write(
        f"{scene_file}: in order. {len(scene.lanes)} lanes, {len(scene.signals)} signals, "
        f"{len(scene.count_lines)} count lines; "
        f"judges {judged}\nversion {scene.version_sha256}\n"
    )


@app.command(epilog="Example: tertib scene draw samples/scenes/parkpow-cars.yaml -o scene.png --at 10")
def draw(
    scene_file: SceneFile,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="PNG", help="Where to write the picture.")],
    media: Annotated[str | None, typer.Option(help="Take the picture from here instead.")] = None,
    at: Annotated[float, typer.Option(min=0, help="Seconds from the beginning of the clip.")] = 0.0,
) -> None:
    """Draw a scene's lanes, lines, signals and zones on a picture of its clip."""
    scene = _load(scene_file)
    name = media or scene.media_path()
    if name is None:
        raise typer.TyperException(f"{scene_file}: has no media, so say with --media on which picture to draw")
    frame = _picture(scene, name, at)
    _same_size(scene, scene_file, frame)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(stills.png(stills.draw_scene(frame.bgr(), scene)))
    except OSError as error:
        raise typer.TyperException(f"{output}: cannot be written ({error.strerror})") from error
    sys.stdout.write(f"{output}\n")


@app.command(epilog="Example: tertib scene schema > scene.schema.json")
def schema() -> None:
    """Print the JSON schema of scene files: every key with its meaning and its bounds."""
    sys.stdout.write(json.dumps(Scene.model_json_schema(), indent=1) + "\n")


app.command(
    epilog="Example: tertib scene sign my-scene.yaml --key var/technician.pem --signer 'Sari, Dishub' --new-key"
)(sign)
app.command(epilog="Example: tertib scene verify my-scene.yaml --keys var/keys.json")(verify)
app.command(epilog="Example: tertib scene render samples/stage/red-light.yaml -o var/stage/red-light")(render)


def offences(scene: Scene) -> list[str]:
    """The offences that the rules can find with what the scene says."""
    return [code.value for code in declared(scene)]


def _lapsed(scene: Scene, on: str | None) -> str | None:
    """Why the certificate does not hold on a day, in a sentence; None when it does, or nothing needs one."""
    try:
        day = date.fromisoformat(on) if on else datetime.now(scene.camera.zone).date()
    except ValueError as error:
        raise typer.TyperException(f"--on: {on!r} is no date: write for example 2026-03-02") from error
    certificate = scene.certificate
    if certificate is None or certificate.holds_on(day):
        return None
    what = "expired on" if day > certificate.valid_to else "begins on"
    when = certificate.valid_to if day > certificate.valid_to else certificate.valid_from
    return (
        f"certificate: {certificate.number} of {certificate.issuer} {what} {when}: "
        "speeds are indications only until the site is tested again"
    )


def _load(scene_file: Path) -> Scene:
    try:
        return load_scene(scene_file)
    except SceneError as error:
        raise typer.TyperException(str(error)) from error


def _picture(scene: Scene, name: str, at_s: float) -> Frame:
    try:
        source = open_source(
            name, recorded_at=scene.media.recorded_at if scene.media else None, started_at=datetime.now(UTC)
        )
        frame, began_s = None, None
        for frame in source.frames():
            began_s = frame.media_s if began_s is None else began_s
            if frame.media_s - began_s >= at_s:
                break
        source.close()
    except MediaError as error:
        raise typer.TyperException(str(error)) from error
    if frame is None:
        raise typer.TyperException(f"{name}: gave no picture")
    return frame


def _same_size(scene: Scene, scene_file: Path, frame: Frame) -> None:
    width, height = frame.size_px
    if (width, height) != (scene.frame.width_px, scene.frame.height_px):
        raise typer.TyperException(
            f"{scene_file}: frame: says {scene.frame.width_px} x {scene.frame.height_px} pixels, "
            f"but the pictures are {width} x {height}: "
            "draw the scene on a picture of this camera"
        )
