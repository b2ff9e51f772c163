"""`tertib observe`: one camera on a clip, a stream or a folder, to its end, without an office."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from models.detector import load_detector
from models.errors import ModelError
from models.plates.reader import load_plate_reader
from pipeline.camera import Camera, Event, run_cameras
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.package import SealedPackage
from pipeline.exhibits import ExhibitError, Finding
from pipeline.ingest import MediaError
from pipeline.perception.shared_detector import SharedDetector
from pipeline.report import Report
from pipeline.scene import Scene, SceneError, load_scene
from pipeline.sealer import FolderLedger, Sealer, running_software
from scripts.commands._camera_keys import folder_key
from scripts.commands._camera_source import instant, source_of
from scripts.commands._event_lines import event_line
from scripts.commands._progress import camera_progress
from scripts.commands._signals import stopped_by_signal

app = typer.Typer(help="Run one camera on a clip or stream, without an office.")


@app.command(
    epilog="Example: tertib observe samples/scenes/parkpow-cars.yaml --jsonl --packages var/pk --report var/report"
)
def observe(
    scene_file: Annotated[Path, typer.Argument(metavar="SCENE.yaml", help="The scene file.")],
    media: Annotated[
        str | None, typer.Option(help="Clip, folder of images or rtsp:// address; default: the scene's own.")
    ] = None,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print JSON lines (a line a candidate).")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Also print crossings of lines and phases of signals.")
    ] = False,
    packages: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a signed evidence package a candidate.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Signing key; default: one is made in DIR/keys.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write an HTML page with annotated stills.")
    ] = None,
    recorded_at: Annotated[
        str | None, typer.Option(help="When the first picture was taken, e.g. 2026-03-02T07:15:00+07:00.")
    ] = None,
    paced: Annotated[bool, typer.Option("--paced", help="Play files at the speed of recording.")] = False,
    detector: Annotated[str, typer.Option(help="Model of the catalogue.")] = "traffic-n",
    backend: Annotated[str, typer.Option(help="openvino, onnxruntime or ultralytics.")] = "openvino",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the detector.")] = 1,
) -> None:
    """Watch one camera to the end of its footage; tell every offence that a rule offers, with plate and doubts."""
    try:
        scene = load_scene(scene_file)
        shared = SharedDetector(load_detector(detector, backend=backend, threads=threads))
        source = source_of(scene, scene_file, media=media, recorded_at=instant(recorded_at), paced=paced)
        camera = Camera(scene, source, detector=shared, reader=load_plate_reader(countries=scene.plate_countries))
        sealer = _sealer(scene, packages, key)
        page = Report(report, scene) if report else None
    except (SceneError, MediaError, ModelError, EvidenceError, OSError) as error:
        raise typer.TyperException(str(error)) from error

    def tell(_: Camera, event: Event) -> None:
        if page and isinstance(event, Finding):
            page.add(event)
        if verbose or isinstance(event, Finding):
            sys.stdout.write(event_line(event, as_json=jsonl) + "\n")
            sys.stdout.flush()

    def written(package: SealedPackage) -> None:
        if not jsonl:
            sys.stdout.write(f"  sealed {package.file_name}\n")

    try:
        stop = threading.Event()
        with stopped_by_signal(stop), camera_progress([camera]) as progress:
            run_cameras([camera], sealer, stop=stop, on_event=tell, on_package=written, on_progress=progress)
    except (MediaError, EvidenceError, ExhibitError, ModelError) as error:
        raise typer.TyperException(str(error)) from error
    finally:
        if page:
            page.write(camera.stats)
    if not jsonl:
        stats = camera.stats
        sys.stdout.write(
            f"{stats.findings} findings in {stats.video_s:.1f} s of video: {stats.frames} pictures, "
            f"{stats.inferred} inferred, "
            f"{stats.tracks} road users followed\n"
        )


def _sealer(scene: Scene, packages: Path | None, key: Path | None) -> Sealer | None:
    if packages is None:
        return None
    signing_key = folder_key(packages / "keys", scene.camera.id, key)
    return Sealer(keys={scene.camera.id: signing_key}, ledger=FolderLedger(packages), software=running_software())
