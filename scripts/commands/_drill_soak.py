"""The soak: simulated cameras that fail at random, a box, a small office; what grows, what is lost, what is doubled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TextIO

from pipeline.box.health import HEALTH_FILE, read_report, rss_bytes
from pipeline.box.simulated_camera import SimulatedCamera
from pipeline.evidence.keys import PublicKeyRing
from scripts.commands._drill_faults import DrillError
from scripts.commands._signals import stopped_by_signal
from scripts.commands._soak_faults import Fault, Faults
from scripts.commands._soak_footage import Footage, make_footage, write_scene
from scripts.commands._soak_office import Receiver
from scripts.commands._soak_verdict import Sample, SeenGap, growth, recovery

SAMPLE_EVERY_S: Final = 10.0
SO_FAR_EVERY_S: Final = 300.0
STARTING_S: Final = 120.0
SETTLING_S: Final = 40.0
"""At the end all is well for so long: cameras come back, and what waits is delivered."""
PROGRAM: Final = "from scripts.tertib import main; main()"


@dataclass(frozen=True)
class SoakPlan:
    """How to soak.

    Attributes:
        minutes: How long faults happen.
        cameras: How many.
        clip: Traffic that all of them show.
        scene: The scene of that clip.
        width_px: Width of the pictures.
        fps: Pictures a second.
        seed: Of the faults.
        lines: Gets a JSON line for each sample, fault and gap; what the box says goes beside it, in `.err`.
    """

    minutes: float
    cameras: int
    clip: Path
    scene: Path
    width_px: int
    fps: int
    seed: int
    lines: Path


class _Book:
    """The file of JSON lines, and the gaps that were read from the box's reports."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self.samples: dict[str, list[Sample]] = {}
        self.gaps: dict[tuple[str, float], SeenGap] = {}

    def write(self, kind: str, told: dict[str, object]) -> None:
        self._target.write(json.dumps({"kind": kind, **told}) + "\n")
        self._target.flush()

    def sample(self, name: str, pid: int, at_s: float) -> None:
        sample = Sample(at_s, name, rss_bytes(pid), _open_files(pid), _threads(pid), _cpu_s(pid))
        self.samples.setdefault(name, []).append(sample)
        self.write("sample", asdict(sample))

    def read_gaps(self, health: Path) -> None:
        report = read_report(health)
        for camera in report.cameras if report else ():
            for gap in camera.gaps:
                key = (camera.camera_id, gap.began_at_s)
                seen = SeenGap(camera.camera_id, gap.began_at_s, gap.ended_at_s, gap.why)
                if self.gaps.get(key) != seen:
                    self.gaps[key] = seen
                    self.write("gap", asdict(seen))


def drill_soak(home: Path, plan: SoakPlan, tell: Callable[[str], None]) -> dict[str, object]:
    """Soak a box.

    Args:
        home: Gets everything that is made.
        plan: How.
        tell: Told what happens, a sentence each.

    Raises:
        DrillError: The box did not start, or ended before its time.
    """
    home.mkdir(parents=True, exist_ok=True)
    footage = make_footage(plan.clip, home, width_px=plan.width_px, fps=plan.fps)
    with ExitStack() as stack:
        lines = stack.enter_context(plan.lines.open("w"))
        names = [f"soak-{number + 1}" for number in range(plan.cameras)]
        cameras = {name: stack.enter_context(SimulatedCamera(footage.usual, seed=n)) for n, name in enumerate(names)}
        keys = home / "keys"
        office = Receiver(lambda: PublicKeyRing.load(keys / "keys.json"))
        stack.callback(office.close)
        book = _Book(lines)
        faults = Faults(cameras, office, footage, plan.seed, lambda fault: book.write("fault", told_fault(fault)))
        process, found = stack.enter_context(_box(home, cameras, footage, plan, office.url))
        _until_ready(process, home / "spool" / HEALTH_FILE, plan.cameras)
        tell("the box watches its cameras; faults begin")
        with stopped_by_signal(over := threading.Event()):
            _soak(process, faults, book, home / "spool" / HEALTH_FILE, plan, tell, over)
        process.terminate()
        code = process.wait(timeout=120)
        book.read_gaps(home / "spool" / HEALTH_FILE)
        found.close()
        verdict = _verdict(home, plan, faults, book, office, code)
        book.write("verdict", verdict)
    return verdict


def _soak(
    process: subprocess.Popen[bytes],
    faults: Faults,
    book: _Book,
    health: Path,
    plan: SoakPlan,
    tell: Callable[[str], None],
    over: threading.Event,
) -> None:
    began_s, sampled_s = time.monotonic(), float("-inf")
    length_s, told_s = plan.minutes * 60, 0.0
    while (passed_s := time.monotonic() - began_s) < length_s + SETTLING_S:
        if process.poll() is not None:
            ended = f"the box ended with code {process.returncode} after {passed_s:.0f} s"
            raise DrillError(f"{ended}; its words are beside the lines, in .err")
        if passed_s < length_s:
            faults.round(passed_s, time.time())
        else:
            faults.heal(time.time())
        if passed_s - sampled_s >= SAMPLE_EVERY_S:
            sampled_s = passed_s
            book.sample("box", process.pid, passed_s)
            book.sample("drill", os.getpid(), passed_s)
            book.read_gaps(health)
            if passed_s - told_s >= SO_FAR_EVERY_S:
                told_s = passed_s
                book.write("so_far", {"at_s": round(passed_s), **_so_far(faults, book)})
            tell(f"{passed_s:.0f} s: {len(faults.told)} faults, {len(faults.office.places)} packages at the office")
        if over.wait(1.0):
            raise DrillError(f"it was broken off after {passed_s:.0f} s")


@contextmanager
def _box(
    home: Path, cameras: dict[str, SimulatedCamera], footage: Footage, plan: SoakPlan, office_url: str
) -> Iterator[tuple[subprocess.Popen[bytes], TextIO]]:
    scenes = []
    for name, camera in cameras.items():
        scenes.append(home / f"{name}.yaml")
        write_scene(
            plan.scene, scenes[-1], camera_id=name, url=camera.url, footage=footage, analyse_fps=float(plan.fps)
        )
    command = [sys.executable, "-c", PROGRAM, "camera", "run", *map(str, scenes), "--spool", str(home / "spool")]
    command += ["--keys", str(home / "keys"), "--office", office_url, "--token", "soak", "--jsonl"]
    with (home / "found.jsonl").open("w") as found, plan.lines.with_suffix(".err").open("w") as errors:
        # If native code kills it, each thread's stack goes into `.err`.
        process = subprocess.Popen(  # noqa: S603 - our own program
            command, stdout=found, stderr=errors, env={**os.environ, "PYTHONFAULTHANDLER": "1"}
        )
        try:
            yield process, found
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _until_ready(process: subprocess.Popen[bytes], health: Path, count: int) -> None:
    until_s = time.monotonic() + STARTING_S
    while time.monotonic() < until_s:
        report = read_report(health)
        if report and sum(camera.state == "live" for camera in report.cameras) == count:
            return
        if process.poll() is not None:
            break
        time.sleep(0.5)
    raise DrillError("the box did not get all of its cameras; its words are beside the lines, in .err")


def _so_far(faults: Faults, book: _Book) -> dict[str, object]:
    """What can be said before the end."""
    ended = [fault for fault in faults.told if fault.who != "office" and fault.ended_at_s is not None]
    return {
        "packages_at_the_office": len(faults.office.places),
        "doubled": len(faults.office.doubled),
        "sent_again_and_known": faults.office.again,
        "box": growth(book.samples["box"]),
        "gaps": recovery(ended, list(book.gaps.values())),
    }


def _verdict(home: Path, plan: SoakPlan, faults: Faults, book: _Book, office: Receiver, code: int) -> dict[str, object]:
    lines = [json.loads(line) for line in (home / "found.jsonl").read_text().splitlines()]
    found = {name: sum(line.get("camera") == name for line in lines) for name in faults.cameras}
    places = {name: sorted(number for camera, number in office.places if camera == name) for name in found}
    report = read_report(home / "spool" / HEALTH_FILE)
    waiting = report.waiting if report else -1
    once = all(places[name] == list(range(1, found[name] + 1)) for name in found)
    delivered = once and waiting == 0 and not office.doubled and not office.unverified and sum(found.values()) > 0
    grown = {name: growth(samples) for name, samples in book.samples.items()}
    seen = recovery([fault for fault in faults.told if fault.who != "office"], list(book.gaps.values()))
    office_faults = [fault for fault in faults.told if fault.who == "office"]
    holds = delivered and bool(grown["box"]["flat"]) and not seen["faults_without_a_gap"] and bool(seen["back_in_time"])
    return {
        "minutes": plan.minutes,
        "cameras": plan.cameras,
        "pictures": f"{plan.width_px} px wide, {plan.fps} a second",
        "seed": plan.seed,
        "candidates_found": found,
        "delivered_once": delivered,
        "waiting": waiting,
        "doubled": len(office.doubled),
        "unverified": len(office.unverified),
        "sent_again_and_known": office.again,
        "office_faults": {k: sum(f.kind == k for f in office_faults) for k in sorted({f.kind for f in office_faults})},
        "answers_503": office.busy_answers,
        "processes": grown,
        "gaps": seen,
        "box_exit_code": code,
        "holds": holds,
    }


def told_fault(fault: Fault) -> dict[str, object]:
    """A fault as JSON values."""
    return {
        "who": fault.who,
        "fault": fault.kind,
        "began_at_s": round(fault.began_at_s, 1),
        "ended_at_s": None if fault.ended_at_s is None else round(fault.ended_at_s, 1),
    }


def _open_files(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    except OSError:
        return 0


def _threads(pid: int) -> int:
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir()))
    except OSError:
        return 0


def _cpu_s(pid: int) -> float:
    """User and system time of a process, in seconds (proc(5), stat, fields 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
