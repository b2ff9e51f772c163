"""`tertib camera run`: the roadside process of a box: observe, seal, spool, send."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from models.detector import load_detector
from models.errors import ModelError
from models.plates.reader import load_plate_reader
from pipeline.camera import Camera, CameraStats, Event, run_cameras
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.sender import Sender, SendResult
from pipeline.delivery.spool import Spool
from pipeline.evidence.errors import EvidenceError
from pipeline.exhibits import ExhibitError, Finding
from pipeline.ingest import MediaError
from pipeline.perception.shared_detector import SharedDetector
from pipeline.scene import SceneError, load_scene
from pipeline.sealer import Sealer, running_software
from scripts.commands._camera_keys import folder_key
from scripts.commands._camera_source import instant, source_of
from scripts.commands._event_lines import event_line
from scripts.commands._progress import camera_progress
from scripts.commands._signals import stopped_by_signal

app = typer.Typer(help="The roadside process of a box.", no_args_is_help=True)

FAILURES = (SceneError, MediaError, ModelError, EvidenceError, ExhibitError, SpoolError, OSError, ValueError)


@app.callback()
def group() -> None:
    """The roadside process: observe, seal, spool and deliver."""


@app.command(
    epilog="Example: tertib camera run samples/scenes/*.yaml --spool var/spool --office http://127.0.0.1:8000 --token T"
)
def run(
    scene_files: Annotated[list[Path], typer.Argument(metavar="SCENE.yaml...", help="One scene a camera.")],
    spool: Annotated[Path, typer.Option(metavar="DIR", help="Where packages wait until the office has them.")],
    office: Annotated[
        str | None, typer.Option(metavar="URL", help="The office; without it packages wait in the spool.")
    ] = None,
    token: Annotated[str, typer.Option(envvar="TERTIB_TOKEN", help="The box's token, from the office.")] = "",
    keys: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Signing keys (CAMERA.pem); default: DIR/keys in the spool.")
    ] = None,
    recorded_at: Annotated[str | None, typer.Option(help="For files: when the first picture was taken.")] = None,
    paced: Annotated[bool, typer.Option("--paced", help="Play files at the speed of recording.")] = False,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the detector.")] = 1,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a JSON line a candidate and one at the end.")] = False,
) -> None:
    """Run the cameras of a box until their footage ends, or until it is stopped.

    What the office has not yet got stays in the spool.
    """
    try:
        with Spool(spool) as kept:
            cameras = _cameras(scene_files, instant(recorded_at), paced=paced, threads=threads)
            names = [camera.scene.camera.id for camera in cameras]
            signing = {name: folder_key(keys or spool / "keys", name) for name in names}
            sealer = Sealer(keys=signing, ledger=kept, software=running_software())
            sender = Sender(kept, office, token) if office else None
            stats, sent = _run(cameras, sealer, sender, jsonl=jsonl)
            counts = kept.counts()
    except FAILURES as error:
        raise typer.TyperException(str(error)) from error
    _tell(stats, counts.pending, sent, jsonl=jsonl)
    if sent and (sent.stop or sent.refused):
        raise SystemExit(1)


def _cameras(scene_files: Sequence[Path], recorded_at: datetime | None, *, paced: bool, threads: int) -> list[Camera]:
    scenes = [(file, load_scene(file)) for file in scene_files]
    names = [scene.camera.id for _, scene in scenes]
    for file, scene in scenes:
        if names.count(scene.camera.id) > 1:
            raise SceneError(f"{file}: the camera id {scene.camera.id} stands in two of the scenes: a camera has one")
    detector = SharedDetector(load_detector(threads=threads))
    readers = {
        countries: load_plate_reader(countries=countries) for countries in {s.plate_countries for _, s in scenes}
    }
    return [
        Camera(
            scene,
            source_of(scene, file, recorded_at=recorded_at, paced=paced),
            detector=detector,
            reader=readers[scene.plate_countries],
        )
        for file, scene in scenes
    ]


def _run(
    cameras: Sequence[Camera], sealer: Sealer, sender: Sender | None, *, jsonl: bool
) -> tuple[CameraStats, SendResult | None]:
    """Cameras here, the sender in a thread of its own; when the cameras have ended, what waits is offered once more."""
    stop, results = threading.Event(), list[SendResult]()
    sending = threading.Thread(
        target=lambda: results.append(sender.run(stop)) if sender else None, name="sender", daemon=True
    )

    def tell(_: Camera, event: Event) -> None:
        if isinstance(event, Finding):
            sys.stdout.write(event_line(event, as_json=jsonl) + "\n")
            sys.stdout.flush()

    sending.start()
    try:
        with stopped_by_signal(stop), camera_progress(cameras) as progress:
            stats = run_cameras(cameras, sealer, stop=stop, on_event=tell, on_progress=progress)
    finally:
        stop.set()
        sending.join()
    return stats, _drain(sender) if sender else None


def _drain(sender: Sender) -> SendResult:
    delivered = 0
    while True:
        result = sender.run_once()
        delivered += result.delivered
        if result.waiting == 0 or not result.delivered:
            return result


def _tell(stats: CameraStats, waiting: int, sent: SendResult | None, *, jsonl: bool) -> None:
    if jsonl:
        record = {
            "kind": "summary",
            "frames": stats.frames,
            "video_s": round(stats.video_s, 3),
            "inferred": stats.inferred,
            "dropped": stats.dropped,
            "tracks": stats.tracks,
            "candidates": stats.findings,
            "packages": stats.packages,
            "waiting": waiting,
            "by_offence": dict(stats.by_offence),
        }
        sys.stdout.write(json.dumps(record) + "\n")
    else:
        sys.stdout.write(
            f"{stats.packages} packages sealed from {stats.video_s:.1f} s of video; {waiting} wait in the spool\n"
        )
    if sent and sent.why:
        sys.stderr.write(f"{sent.why}\n")
