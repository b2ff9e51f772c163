"""A process a camera: whoever dies, hangs or swells is brought back, and the others do not notice.

The scenes are the files of a folder; one that is added, changed or removed starts, restarts or stops its own process.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from pipeline.box.health import HEALTH_FILE, read_report, rss_bytes
from pipeline.ingest.backoff import wait_s
from pipeline.scene import SceneError, load_scene

HUNG_AFTER_S: Final = 30.0
STARTING_S: Final = 90.0
"""A process loads models before it says anything."""
STEADY_AFTER_S: Final = 120.0
MOST_MEMORY_BYTES: Final = 1_500_000_000
STOP_WITHIN_S: Final = 20.0


class Process(Protocol):
    """What is used of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...

    def kill(self) -> None:
        """End it."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""
        ...


@dataclass
class Ward:
    """A camera in the supervisor's care.

    Attributes:
        camera_id: Its name.
        scene_file: What it watches.
        stamp: The scene file's time and size, to notice a change.
        process: What runs; None while it waits.
        started_s: When it was started, steady time.
        failures: Ends in a row that came too soon.
        next_s: When to start it, steady time.
        restarts: How often it was brought back in all.
    """

    camera_id: str
    scene_file: Path
    stamp: tuple[int, int]
    process: Process | None = None
    started_s: float = 0.0
    failures: int = 0
    next_s: float = 0.0
    restarts: int = 0


@dataclass
class Supervisor:
    """Keeps a process a camera running.

    Args:
        scenes: Folder of scene files.
        spools: Folder in which each camera gets a spool of its own, named after it.
        command: The command line for a scene file and its spool.
        say: Told what happened, one sentence each.
        steady: A clock that only goes forwards, in seconds.
        wall: Seconds since 1970, as the processes write it into their reports.
        jitter: A number in 0..1.
        start: Starts a process.
        most_memory_bytes: A process that holds more is restarted.
        hung_after_s: A process whose report is older is restarted.
    """

    scenes: Path
    spools: Path
    command: Callable[[Path, Path], Sequence[str]]
    say: Callable[[str], None]
    steady: Callable[[], float]
    wall: Callable[[], float]
    jitter: Callable[[], float]
    start: Callable[[Sequence[str]], Process] = subprocess.Popen
    most_memory_bytes: int = MOST_MEMORY_BYTES
    hung_after_s: float = HUNG_AFTER_S
    wards: dict[str, Ward] = field(default_factory=dict)
    _complained: dict[Path, str] = field(default_factory=dict)

    def round(self) -> None:
        """Look at everything once; to be called about once a second."""
        self._follow_folder()
        for ward in list(self.wards.values()):
            self._look_after(ward)

    def stop(self) -> None:
        """Ask all to end, and wait: what was found is sealed and kept."""
        running = [ward for ward in self.wards.values() if ward.process is not None]
        for ward in running:
            self._end(ward, wait=False)
        for ward in running:
            self._end(ward)
        self.wards.clear()

    def health_file(self, camera_id: str) -> Path:
        """Where the camera's process reports."""
        return self.spools / camera_id / HEALTH_FILE

    def _follow_folder(self) -> None:
        found: dict[str, tuple[Path, tuple[int, int]]] = {}
        for file in sorted(self.scenes.glob("*.y*ml")):
            try:
                status = file.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                known = next((w for w in self.wards.values() if w.scene_file == file and w.stamp == stamp), None)
                camera_id = known.camera_id if known else load_scene(file).camera.id
            except (SceneError, OSError) as error:
                self._complain(file, str(error))
                # A camera that runs goes on with the scene it has: a typing mistake must not blind a junction.
                old = next((w for w in self.wards.values() if w.scene_file == file), None)
                if old is not None:
                    found[old.camera_id] = (file, old.stamp)
                continue
            if camera_id in found:
                self._complain(
                    file,
                    f"{file}: the camera id {camera_id} stands in {found[camera_id][0].name} already: "
                    "this scene is not watched until it has an id of its own",
                )
                continue
            self._complained.pop(file, None)
            found[camera_id] = (file, stamp)
        for camera_id in set(self.wards) - set(found):
            self.say(f"{camera_id}: its scene is gone, it is stopped")
            self._end(self.wards.pop(camera_id))
        for camera_id, (file, stamp) in found.items():
            ward = self.wards.get(camera_id)
            if ward is None:
                self.wards[camera_id] = Ward(camera_id, file, stamp)
            elif (ward.scene_file, ward.stamp) != (file, stamp):
                self.say(f"{camera_id}: its scene has changed, it is started anew")
                self._end(ward)
                self.wards[camera_id] = Ward(camera_id, file, stamp, restarts=ward.restarts)

    def _complain(self, file: Path, sentence: str) -> None:
        if self._complained.get(file) != sentence:
            self._complained[file] = sentence
            self.say(sentence)

    def _look_after(self, ward: Ward) -> None:
        if ward.process is None:
            if self.steady() >= ward.next_s:
                self._begin(ward)
            return
        code = ward.process.poll()
        if code is not None:
            self._fell(ward, _why(code))
        elif rss_bytes(ward.process.pid) > self.most_memory_bytes:
            self._end(ward)
            self._fell(ward, f"it held more than {self.most_memory_bytes // 1_000_000} MB of memory")
        elif self._hangs(ward):
            ward.process.kill()
            ward.process.wait()
            self._fell(ward, f"it said nothing for {self.hung_after_s:g} s")
        elif self.steady() - ward.started_s > STEADY_AFTER_S:
            ward.failures = 0

    def _begin(self, ward: Ward) -> None:
        spool = self.spools / ward.camera_id
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.health_file(ward.camera_id).unlink(missing_ok=True)
        ward.process = self.start(self.command(ward.scene_file, spool))
        ward.started_s = self.steady()

    def _hangs(self, ward: Ward) -> bool:
        report = read_report(self.health_file(ward.camera_id))
        if report is None:
            return self.steady() - ward.started_s > max(STARTING_S, self.hung_after_s)
        # The box's clock may be set meanwhile: only an old report of a process that has had time counts.
        return abs(self.wall() - report.at_s) > self.hung_after_s and self.steady() - ward.started_s > self.hung_after_s

    def _fell(self, ward: Ward, why: str) -> None:
        ward.process = None
        ward.failures += 1
        ward.restarts += 1
        pause_s = wait_s(ward.failures, self.jitter())
        ward.next_s = self.steady() + pause_s
        self.say(f"{ward.camera_id}: {why}; it is started again in {pause_s:.0f} s")

    def _end(self, ward: Ward, *, wait: bool = True) -> None:
        if ward.process is None:
            return
        ward.process.terminate()
        if not wait:
            return
        try:
            ward.process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            ward.process.kill()
            ward.process.wait()


def _why(code: int) -> str:
    if code == -9:
        return "it was killed, perhaps because the machine ran out of memory"
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"it ended with code {code}" if code else "its footage ended"
