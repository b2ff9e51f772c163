"""All cameras of a box in one process: the detector is loaded once, each camera has a thread and a spool of its own."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import random

import structlog

from models.detector import load_detector
from models.errors import ModelError
from models.plates.reader import load_plate_reader
from pipeline.box.clock import box_clock_doubts
from pipeline.box.logs import box_log, forward_logging
from pipeline.box.supervisor import Supervisor
from pipeline.camera import Camera, run_cameras
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.sender import Sender
from pipeline.delivery.spool import Spool
from pipeline.evidence.errors import EvidenceError
from pipeline.exhibits import ExhibitError
from pipeline.ingest import MediaError
from pipeline.ingest.packet_ring import RingSize
from pipeline.perception.shared_detector import SharedDetector
from pipeline.perception.shared_reader import SharedReader
from pipeline.perception.timed_detector import TimedDetector
from pipeline.scene import SceneError, load_scene
from pipeline.sealer import Sealer, running_software
from scripts.commands._box_run import ROUND_S, reporting, serve_metrics, token_for
from scripts.commands._camera_keys import folder_key
from scripts.commands._camera_source import source_of

Watch = Callable[[Path, Path, threading.Event], None]
FAILURES = (SceneError, MediaError, ModelError, EvidenceError, ExhibitError, SpoolError, OSError, ValueError)


class CameraThread:
    """A camera's thread, in the place of a process of its own (see `pipeline.box.supervisor.Process`).

    Args:
        watch: Watches a scene until its event is set.
        scene_file: The scene.
        spool: Its spool.
        say: Told why it ended, when it ended by itself.
    """

    pid = 0
    """None of its own: its memory is the box's."""

    def __init__(self, watch: Watch, scene_file: Path, spool: Path, say: Callable[[str], object]) -> None:
        self._stop = threading.Event()
        self._code: int | None = None
        self._thread = threading.Thread(
            target=self._run, args=(watch, scene_file, spool, say), name=scene_file.stem, daemon=True
        )
        self._thread.start()

    def _run(self, watch: Watch, scene_file: Path, spool: Path, say: Callable[[str], object]) -> None:
        try:
            watch(scene_file, spool, self._stop)
            self._code = 0
        except FAILURES as error:
            say(f"{scene_file.name}: {error}")
            self._code = 2
        finally:
            self._code = 1 if self._code is None else self._code

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        return None if self._thread.is_alive() else self._code

    def terminate(self) -> None:
        """Ask it to end."""
        self._stop.set()

    kill = terminate

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: It goes on.
        """
        self._thread.join(timeout if timeout is not None else 20.0)
        if self._thread.is_alive():
            raise subprocess.TimeoutExpired(self._thread.name, timeout or 20.0)
        return self._code or 0


@dataclass
class Together:
    """What the cameras of one process share.

    Args:
        office: The office's address; None = packages wait.
        keys: Keys and tokens; None = in each spool.
        ring: How much of each stream is kept, and where.
        paced: Play files at the speed of recording.
        threads: Of the detector.
        log: Told what is new about a camera.
    """

    office: str | None
    keys: Path | None
    ring: RingSize = field(default_factory=RingSize)
    paced: bool = False
    threads: int = 1
    log: structlog.typing.FilteringBoundLogger | None = None
    _readers: dict[tuple[str, ...], SharedReader] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._detector = SharedDetector(load_detector(threads=self.threads))
        self._software = running_software()

    def watch(self, scene_file: Path, spool: Path, stop: threading.Event) -> None:
        """Watch one camera until `stop`: observe, seal, spool, send."""
        scene = load_scene(scene_file)
        name = scene.camera.id
        with Spool(spool) as kept:
            timer = TimedDetector(self._detector)
            camera = Camera(
                scene,
                source_of(scene, scene_file, paced=self.paced, attempts=None, ring=self.ring),
                detector=timer,
                reader=self._reader(scene.plate_countries),
            )
            folder = self.keys or spool / "keys"
            sender = self._sender(kept, name, folder)
            sealer = Sealer(
                keys={name: folder_key(folder, name)},
                ledger=kept,
                software=self._software,
                doubts=lambda: box_clock_doubts(sender.office_clock_s if sender else None),
            )
            sending = threading.Thread(target=lambda: sender.run(stop) if sender else None, daemon=True)
            sending.start()
            with reporting(spool, [camera], kept, sender, [timer], self.log):
                try:
                    run_cameras([camera], sealer, stop=stop)
                finally:
                    stop.set()
                    sending.join()

    def _reader(self, countries: tuple[str, ...]) -> SharedReader:
        with self._guard:
            if countries not in self._readers:
                self._readers[countries] = SharedReader(load_plate_reader(countries=countries))
            return self._readers[countries]

    def _sender(self, kept: Spool, name: str, folder: Path) -> Sender | None:
        if self.office is None:
            return None
        token = token_for(name, "", folder)
        if not token:
            raise SpoolError(f"there is no token for camera {name}: enrol it with `tertib camera enrol`")
        return Sender(kept, self.office, {name: token})


def run_together(scenes: Path, spools: Path, shared: Together, metrics_port: int | None, stop: threading.Event) -> None:
    """Keep a thread a scene running until `stop`."""
    log = shared.log = box_log()
    forward_logging(log)

    def start(command: Sequence[str]) -> CameraThread:
        return CameraThread(shared.watch, Path(command[0]), Path(command[1]), log.warning)

    if metrics_port is not None:
        serve_metrics(spools, metrics_port)
    supervisor = Supervisor(
        scenes=scenes,
        spools=spools,
        command=lambda scene, spool: [str(scene), str(spool)],
        say=log.warning,
        steady=time.monotonic,
        wall=time.time,
        jitter=random,
        start=start,
    )
    try:
        while not stop.wait(ROUND_S):
            supervisor.round()
    finally:
        supervisor.stop()
        sys.stderr.flush()
