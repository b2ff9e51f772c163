"""The parts of `tertib camera` that keep a box running: reports, tokens, and the supervisor's loop."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import random

import structlog
import typer

from pipeline.box.health import HEALTH_FILE, WRITE_EVERY_S, camera_report, process_report, write_report
from pipeline.box.herald import Herald
from pipeline.box.logs import box_log, forward_logging
from pipeline.box.progress import Progress
from pipeline.box.supervisor import Supervisor
from pipeline.camera import Camera
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from pipeline.perception.timed_detector import TimedDetector

ROUND_S = 1.0
PROGRAM = "from scripts.tertib import main; main()"


def token_for(camera_id: str, given: str, keys: Path) -> str:
    """The token of the command line, else the one that enrolment left beside the keys; empty when there is none."""
    file = keys / f"{camera_id}.token"
    return given or (file.read_text().strip() if file.exists() else "")


@contextlib.contextmanager
def reporting(
    folder: Path,
    cameras: Sequence[Camera],
    spool: Spool,
    sender: Sender | None,
    timers: Sequence[TimedDetector],
    log: structlog.typing.FilteringBoundLogger | None = None,
) -> Iterator[None]:
    """Write the process's report every few seconds while the block runs.

    Args:
        folder: Gets the report.
        cameras: Of this process.
        spool: Where their packages wait.
        sender: Who empties it.
        timers: What each camera spends in the detector.
        log: Told what is new about a camera; None = nobody is.
    """
    over, herald = threading.Event(), Herald()
    progress = [Progress(camera.stats, camera.health) for camera in cameras if camera.health]

    def write() -> None:
        if any([each.is_stuck(time.monotonic()) for each in progress]):  # noqa: C419 - each must look
            return  # the supervisor takes a process that says nothing for hung, and starts it again
        with contextlib.suppress(SpoolError, OSError):  # a full disk must not end the watch; an old report tells
            report = process_report(
                [camera_report(camera, timer.spent_s) for camera, timer in zip(cameras, timers, strict=True)],
                now_s=time.time(),
                counts=spool.counts(),
                most_bytes=spool.max_bytes,
                delivery=sender.trouble if sender else "",
                office_clock_s=sender.office_clock_s if sender else None,
            )
            write_report(report, folder / HEALTH_FILE)
            for camera in report.cameras if log else ():
                for sentence, more in herald.news(camera):
                    log.info(sentence, camera=camera.camera_id, **more)  # type: ignore[union-attr]

    def keep_writing() -> None:
        write()
        while not over.wait(WRITE_EVERY_S):
            write()

    thread = threading.Thread(target=keep_writing, name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        write()


def supervise(scenes: Path, spools: Path, more: Sequence[str], metrics_port: int | None, stop: threading.Event) -> None:
    """Keep a process a scene running until `stop`."""
    log = box_log()
    forward_logging(log)

    def command(scene: Path, spool: Path) -> list[str]:
        return [sys.executable, "-c", PROGRAM, "camera", "run", str(scene), "--spool", str(spool), "--log", *more]

    if metrics_port is not None:
        serve_metrics(spools, metrics_port)
    supervisor = Supervisor(
        scenes=scenes,
        spools=spools,
        command=command,
        say=log.warning,
        steady=time.monotonic,
        wall=time.time,
        jitter=random,
    )
    try:
        while not stop.wait(ROUND_S):
            supervisor.round()
    finally:
        supervisor.stop()


def serve_metrics(spools: Path, port: int) -> None:
    """The box's figures on 127.0.0.1, for Prometheus.

    Raises:
        typer.TyperException: prometheus-client is not installed, or the port is taken.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415 - only where it is asked for

        from pipeline.box.metrics import BoxCollector  # noqa: PLC0415 - as above
    except ModuleNotFoundError as error:
        raise typer.TyperException("--metrics-port needs prometheus-client: run scripts/setup edge") from error
    registry = CollectorRegistry()
    registry.register(BoxCollector(spools))
    try:
        start_http_server(port, "127.0.0.1", registry)
    except OSError as error:
        raise typer.TyperException(f"port {port} for the metrics is taken: choose another ({error})") from error
