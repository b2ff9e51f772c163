"""`tertib demo`: an office with an embedded database and sample cameras on real clips, on one machine."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from api.settings import Settings
from models.detector import load_detector
from models.plates.reader import load_plate_reader
from pipeline.camera import Camera, run_cameras
from pipeline.delivery.sender import Sender, SendResult
from pipeline.delivery.spool import Spool
from pipeline.evidence.package import SealedPackage
from pipeline.ingest import open_source
from pipeline.perception.shared_detector import SharedDetector
from pipeline.perception.shared_reader import SharedReader
from pipeline.scene import Scene, load_scene
from pipeline.sealer import Sealer, running_software
from scripts.commands._demo_office import Prepared, free_port, prepare, serving
from scripts.commands._progress import camera_progress

app = typer.Typer(help="Office and sample cameras on one machine.")

SCENES = Path(__file__).resolve().parents[2] / "samples" / "scenes"
SAMPLES = ("parkpow-cars", "intel-car-detection", "junction-opendatacam")
SECONDS_AGO = 60
"""The clips are played as if they had begun a minute ago, so that no capture lies in the future."""
DRAIN_LIMIT_S = 120


@app.command(epilog="Example: scripts/demo --once --json")
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the clips have ended.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object about the run.")] = False,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the demo's data [default: $TERTIB_HOME or var, /demo].")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the office (not with --once).")] = 8000,
) -> None:
    """Walk the whole way once: cameras see, packages arrive, cases wait for an officer at /review."""
    console = Console(stderr=True)
    settings = Settings.from_environment(home or Settings.from_environment().home / "demo")
    scenes = [load_scene(SCENES / f"{name}.yaml") for name in SAMPLES]
    prepared = prepare(settings, scenes)
    at = free_port() if once else port
    with serving(settings.home, at) as url:
        _greet(console, url, prepared, once=once)
        outcome = _observe(settings.home, url, scenes, prepared)
        if as_json:
            sys.stdout.write(json.dumps(outcome, ensure_ascii=False) + "\n")
            sys.stdout.flush()
        else:
            _tell(console, outcome)
        if not once:
            console.print(f"The office goes on at {url}  (stop with Ctrl-C)")
            _until_stopped()
    if outcome["packages_waiting"] or outcome["packages_refused"]:
        raise typer.Exit(1)


def _observe(home: Path, url: str, scenes: Sequence[Scene], prepared: Prepared) -> dict[str, object]:
    started = time.monotonic()
    detector = SharedDetector(load_detector())
    began_at = datetime.now(UTC) - timedelta(seconds=SECONDS_AGO)
    # One network of each kind for all cameras: a box's memory is small.
    expected = {scene.plate_countries for scene in scenes}
    readers = {countries: SharedReader(load_plate_reader(countries=countries)) for countries in expected}
    cameras = [_camera(scene, detector, readers[scene.plate_countries], began_at) for scene in scenes]
    offences: list[dict[str, object]] = []

    def note(package: SealedPackage) -> None:
        manifest = package.manifest
        offences.append(
            {
                "camera": manifest.camera.camera_id,
                "scene": manifest.scene.name,
                "offence": manifest.offence.value,
                "plate": manifest.plate.text,
                "package": package.package_id,
                "after_s": round(time.monotonic() - started, 1),
            }
        )

    stop = threading.Event()
    with Spool(home / "box" / "spool") as spool, httpx.Client(timeout=30) as client:
        sender = Sender(spool, url, prepared.tokens, client=client)
        results: list[SendResult] = []
        sending = threading.Thread(target=_send, args=(sender, stop, results), name="sender")
        sending.start()
        try:
            sealer = Sealer(keys=prepared.keys, ledger=spool, software=running_software())
            before = spool.counts()
            with camera_progress(cameras) as progress:
                stats = run_cameras(cameras, sealer, stop=stop, on_package=note, on_progress=progress)
            _drain(spool)
        finally:
            stop.set()
            sending.join()
        after = spool.counts()
    delivered = after.acknowledged - before.acknowledged
    return {
        "cameras": len(cameras),
        "frames": stats.frames,
        "video_s": round(stats.video_s, 1),
        "wall_s": round(time.monotonic() - started, 1),
        "tracks": stats.tracks,
        "candidates": stats.candidates,
        "packages_delivered": delivered,
        "packages_waiting": after.pending,
        "packages_refused": after.refused - before.refused,
        "cases_opened": sum(result.opened for result in results),
        "offences": dict(stats.by_offence),
        "cases": offences,
        "office": url,
    }


def _camera(scene: Scene, detector: SharedDetector, reader: SharedReader, began_at: datetime) -> Camera:
    name = scene.media_path()
    if name is None:
        raise typer.TyperException(f"the sample scene {scene.name} has no clip")
    source = open_source(name, recorded_at=began_at, clock_uncertainty_ms=1000.0, started_at=began_at)
    return Camera(scene, source, detector=detector, reader=reader)


def _send(sender: Sender, stop: threading.Event, results: list[SendResult]) -> None:
    while not stop.is_set():
        result = sender.run_once()
        results.append(result)
        if result.stop is not None:
            return
        stop.wait(result.retry_in_s or (0.0 if result.waiting else 0.2))


def _drain(spool: Spool) -> None:
    until = time.monotonic() + DRAIN_LIMIT_S
    while spool.counts().pending and time.monotonic() < until:
        time.sleep(0.1)


def _greet(console: Console, url: str, prepared: Prepared, *, once: bool) -> None:
    if not once:
        console.print(f"The office is at {url}   officers: {url}/review   public: {url}/")
    if prepared.sign_ins:
        console.print("Sign-ins, shown this once (invented persons):")
        for person in prepared.sign_ins:
            console.print(f"  {person.role:10}  {person.login:9}  {person.password}", highlight=False)
    elif not once:
        console.print("The sign-ins were shown at the first start; `tertib office add-user` makes another.")


def _tell(console: Console, outcome: dict[str, object]) -> None:
    console.print(
        f"{outcome['cameras']} cameras, {outcome['video_s']} s of video in {outcome['wall_s']} s: "
        f"{outcome['tracks']} road users followed, {outcome['candidates']} candidates, "
        f"{outcome['packages_delivered']} packages delivered, {outcome['cases_opened']} cases opened"
    )
    cases = outcome["cases"]
    for case in cases if isinstance(cases, list) else []:
        console.print(f"  {case['scene']:22} {case['offence']:12} plate {case['plate'] or 'not read'}", highlight=False)


def _until_stopped() -> None:
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    try:
        over.wait()
    except KeyboardInterrupt:
        return
