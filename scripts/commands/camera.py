"""`tertib camera run`: the roadside process of a box: observe, seal, spool, send."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer

from models.detector import load_detector
from models.errors import ModelError
from models.plates.reader import load_plate_reader
from pipeline.box.clock import box_clock_doubts
from pipeline.box.logs import box_log, forward_logging
from pipeline.camera import Camera, CameraStats, Event, run_cameras
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.sender import Sender, SendResult
from pipeline.delivery.spool import Spool
from pipeline.evidence.errors import EvidenceError
from pipeline.exhibits import ExhibitError, Finding
from pipeline.ingest import MediaError
from pipeline.ingest.packet_ring import RingSize
from pipeline.perception.shared_detector import SharedDetector
from pipeline.perception.shared_reader import SharedReader
from pipeline.perception.timed_detector import TimedDetector
from pipeline.scene import SceneError, load_scene
from pipeline.sealer import Sealer, running_software
from scripts.commands import _camera_simulate, _camera_trust
from scripts.commands._box_run import reporting, supervise, token_for
from scripts.commands._box_together import Together, run_together
from scripts.commands._camera_keys import folder_key
from scripts.commands._camera_listen import EXAMPLE as LISTEN_EXAMPLE
from scripts.commands._camera_listen import listen
from scripts.commands._camera_source import instant, source_of
from scripts.commands._event_lines import event_line
from scripts.commands._progress import camera_progress
from scripts.commands._signals import stopped_by_signal

app = typer.Typer(help="The roadside process of a box.", no_args_is_help=True)

Tell = Callable[[Camera, Event], None]
FAILURES = (SceneError, MediaError, ModelError, EvidenceError, ExhibitError, SpoolError, OSError, ValueError)

app.command(epilog=LISTEN_EXAMPLE)(listen)
for _part in (_camera_trust, _camera_simulate):
    app.registered_commands += _part.app.registered_commands


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
    ring: Annotated[Path | None, typer.Option(metavar="DIR", help="Last seconds here instead of in memory.")] = None,
    ring_seconds: Annotated[float, typer.Option(min=15, max=3600, help="So many of them.")] = 30.0,
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the detector.")] = 1,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a JSON line a candidate and one at the end.")] = False,
    log: Annotated[bool, typer.Option("--log", help="As a service: log lines without plates, nothing else.")] = False,
) -> None:
    """Run the cameras of a box until their footage ends, or until it is stopped.

    What the office has not yet got stays in the spool.
    """
    logger = box_log() if log else None
    if logger:
        forward_logging(logger)
    try:
        with Spool(spool) as kept:
            timers: list[TimedDetector] = []
            size = RingSize(seconds=ring_seconds, folder=ring)
            cameras = _cameras(scene_files, instant(recorded_at), timers, size, paced=paced, threads=threads)
            names = [camera.scene.camera.id for camera in cameras]
            folder = keys or spool / "keys"
            signing = {name: folder_key(folder, name) for name in names}
            sender = Sender(kept, office, token or _tokens(names, folder)) if office else None
            sealer = Sealer(
                keys=signing,
                ledger=kept,
                software=running_software(),
                doubts=lambda: box_clock_doubts(sender.office_clock_s if sender else None),
            )
            with reporting(spool, cameras, kept, sender, timers, logger):
                stats, sent = _run(cameras, sealer, sender, _teller(jsonl=jsonl, log=logger))
            counts = kept.counts()
    except FAILURES as error:
        if logger:
            logger.warning("the camera's process ends", why=str(error))
            raise SystemExit(2) from error
        raise typer.TyperException(str(error)) from error
    if logger:
        logger.info("the footage has ended", count=stats.packages)
    else:
        _tell(stats, counts.pending, sent, jsonl=jsonl)
    if sent and (sent.stop or sent.refused):
        raise SystemExit(1)


def _tokens(names: Sequence[str], keys: Path) -> dict[str, str]:
    found = {name: token_for(name, "", keys) for name in names}
    missing = [name for name, token in found.items() if not token]
    if missing:
        raise SpoolError(
            f"there is no token for camera {missing[0]}: enrol it with `tertib camera enrol`, or give one with --token"
        )
    return found


def _cameras(
    scene_files: Sequence[Path],
    recorded_at: datetime | None,
    timers: list[TimedDetector],
    ring: RingSize,
    *,
    paced: bool,
    threads: int,
) -> list[Camera]:
    """The cameras of scenes; `timers` gets what each of them spends in the detector they share."""
    scenes = [(file, load_scene(file)) for file in scene_files]
    names = [scene.camera.id for _, scene in scenes]
    for file, scene in scenes:
        if names.count(scene.camera.id) > 1:
            raise SceneError(f"{file}: the camera id {scene.camera.id} stands in two of the scenes: a camera has one")
    detector = SharedDetector(load_detector(threads=threads))
    readers = {
        countries: SharedReader(load_plate_reader(countries=countries))
        for countries in {s.plate_countries for _, s in scenes}
    }
    timers += [TimedDetector(detector) for _ in scenes]
    return [
        Camera(
            scene,
            source_of(scene, file, recorded_at=recorded_at, paced=paced, attempts=None, ring=ring),
            detector=timer,
            reader=readers[scene.plate_countries],
        )
        for (file, scene), timer in zip(scenes, timers, strict=True)
    ]


def _teller(*, jsonl: bool, log: structlog.typing.FilteringBoundLogger | None) -> Tell:
    def tell(camera: Camera, event: Event) -> None:
        if not isinstance(event, Finding):
            return
        if log:
            log.info(f"found {event.candidate.offence.value}", camera=camera.scene.camera.id)
            return
        sys.stdout.write(event_line(event, as_json=jsonl) + "\n")
        sys.stdout.flush()

    return tell


def _run(
    cameras: Sequence[Camera], sealer: Sealer, sender: Sender | None, tell: Tell
) -> tuple[CameraStats, SendResult | None]:
    """Cameras here, the sender in a thread of its own; when the cameras have ended, what waits is offered once more."""
    stop, results = threading.Event(), list[SendResult]()
    sending = threading.Thread(
        target=lambda: results.append(sender.run(stop)) if sender else None, name="sender", daemon=True
    )

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


@app.command(epilog="Example: tertib camera box /etc/tertib/cameras --spools /var/lib/tertib --metrics-port 9108")
def box(
    scenes: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of scene files, one a camera.")],
    spools: Annotated[Path, typer.Option(metavar="DIR", help="Gets a spool a camera.")],
    office: Annotated[str | None, typer.Option(metavar="URL", help="The office.")] = None,
    keys: Annotated[Path | None, typer.Option(metavar="DIR", help="Keys and tokens, as `enrol` leaves them.")] = None,
    metrics_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Serve Prometheus here.")] = None,
    paced: Annotated[bool, typer.Option("--paced", help="Play files at the speed of recording.")] = False,
    ring: Annotated[Path | None, typer.Option(metavar="DIR", help="Last seconds here instead of in memory.")] = None,
    ring_seconds: Annotated[float, typer.Option(min=15, max=3600, help="So many of them.")] = 30.0,
    together: Annotated[
        bool, typer.Option("--together", help="One process for all cameras: a third of the memory, one fate.")
    ] = False,
) -> None:
    """Run a process a camera, and bring back whoever dies, hangs or swells; until it is stopped.

    A scene file that is added, changed or removed starts, restarts or stops its own camera, and no other. With
    `--together` the cameras are threads of one process that loads each network once; what kills it kills all of them,
    and the service manager starts them again.
    """
    if not scenes.is_dir():
        raise typer.TyperException(f"{scenes}: there is no such folder")
    if together:
        alone = threading.Event()
        try:
            shared = Together(office, keys, RingSize(seconds=ring_seconds, folder=ring), paced=paced)
            with stopped_by_signal(alone):
                run_together(scenes, spools, shared, metrics_port, alone)
        except FAILURES as error:
            raise typer.TyperException(str(error)) from error
        return
    more = ["--office", office] if office else []
    more += ["--keys", str(keys)] if keys else []
    more += ["--paced"] if paced else []
    more += ["--ring-seconds", str(ring_seconds), *(["--ring", str(ring)] if ring else [])]
    stop = threading.Event()
    with stopped_by_signal(stop):
        supervise(scenes, spools, more, metrics_port, stop)
