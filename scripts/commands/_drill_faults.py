"""Drills of the disk: the order of one upload's system calls, a write error, and a disk that fills."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx

from scripts.commands._drill_office import Office, drill_office

_CALLS: Final = "fsync,link,linkat,sendto,write"
_STEPS: Final[tuple[tuple[str, str], ...]] = (
    ("fsync(file)", r"\bfsync\("),
    ("link", r"\blink(?:at)?\(.*\.tertib\""),
    ("fsync(folder)", r"\bfsync\("),
    ("COMMIT", r"COMMIT"),
    ("201", r"HTTP/1\.1 201"),
)
_TMPFS_BYTES: Final = 16 * 1024 * 1024
_PACKAGE_BYTES: Final = 3 * 1024 * 1024


class DrillError(RuntimeError):
    """The drill cannot run here; the sentence says what it needs."""


@dataclass(frozen=True)
class Order:
    """The system calls of one upload.

    Attributes:
        seen: the steps in the order in which they were seen.
        holds: whether that is the order that a power cut cannot break.
    """

    seen: tuple[str, ...]
    holds: bool


def drill_order(home: Path) -> Order:
    """Trace the serving process through one upload.

    Raises:
        DrillError: strace is absent or may not trace.
    """
    trace = _tracer(home)
    with drill_office(home, 1) as (office, (camera,)):
        office.serve()
        with _traced(office, "-s", "64", "-e", f"trace={_CALLS}", "-o", str(trace)):
            office.deliver(camera.package(str(uuid4()), 50_000))
        lines = trace.read_text(errors="replace").splitlines()
    # The upload's own calls begin with the first fsync: commits before it are those of reading the token.
    first = next((number for number, line in enumerate(lines) if "fsync(" in line), len(lines))
    seen: list[str] = []
    for line in lines[first:]:
        for name, pattern in _STEPS:
            if re.search(pattern, line) and "resumed" not in line:
                seen.append("fsync(folder)" if name == "fsync(file)" and "link" in seen else name)
                break
    steps = [name for name, _ in _STEPS]
    return Order(tuple(seen), _in_order(seen, steps))


def _in_order(seen: list[str], steps: list[str]) -> bool:
    """Whether the first of each step comes after the first of the one before."""
    places = [seen.index(step) if step in seen else -1 for step in steps]
    return -1 not in places and places == sorted(places)


@dataclass(frozen=True)
class WriteError:
    """An upload whose fsync fails with EIO.

    Attributes:
        first: status of the answer then: must be 5xx.
        again: status for the same package afterwards: must be 201.
    """

    first: int
    again: int

    @property
    def holds(self) -> bool:
        """Whether nothing was promised that was not stored."""
        return self.first >= 500 and self.again == 201


def drill_write_error(home: Path) -> WriteError:
    """Let the first fsync of the serving process fail.

    Raises:
        DrillError: strace is absent or may not trace.
    """
    trace = _tracer(home)
    with drill_office(home, 1) as (office, (camera,)):
        office.serve()
        package = camera.package(str(uuid4()), 50_000)
        fault = ("-e", "trace=fsync", "-e", "inject=fsync:error=EIO:when=1")
        with _traced(office, *fault, "-o", str(trace)):
            first = office.deliver(package).status_code
        return WriteError(first, office.deliver(package).status_code)


@contextmanager
def _traced(office: Office, *arguments: str) -> Iterator[None]:
    """Hold strace to the serving process while the block runs."""
    if office.serving is None:
        message = "nothing serves"
        raise DrillError(message)
    command = ["strace", "-f", "-p", str(office.serving.pid), *arguments]
    tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)  # noqa: S603 - found before
    try:
        # It says so for each thread; the first line is that of the process.
        if tracer.stderr is None or "attached" not in tracer.stderr.readline():
            message = "strace may not attach here"
            raise DrillError(message)
        time.sleep(1)
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=30)


def _tracer(home: Path) -> Path:
    if shutil.which("strace") is None:
        raise DrillError("strace is not installed here")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:  # noqa: S607 - found above
        raise DrillError("strace may not trace here")
    home.mkdir(parents=True, exist_ok=True)
    return home / "calls.txt"


@dataclass(frozen=True)
class Full:
    """A disk for evidence that fills.

    Attributes:
        taken: packages that were stored before it was full.
        refused: status of the one that did not fit: must be 507.
        reads: status of a read meanwhile: must be 200.
        alarm: what the metrics say of the disk then.
        intact: packages acknowledged before, whose files are whole: must be `taken`.
        again: status of the refused package once there is room, without a restart: must be 201.
    """

    taken: int
    refused: int
    reads: int
    alarm: str
    intact: int
    again: int

    @property
    def holds(self) -> bool:
        """Whether a full disk loses nothing and ends without a restart."""
        answers = (self.refused, self.reads, self.again) == (507, 200, 201)
        return answers and self.intact == self.taken and self.taken > 0


def drill_full(home: Path, metrics: Callable[[str, Path], str] = lambda _, __: "") -> Full:
    """Fill a tmpfs of 16 MB that holds the evidence.

    Args:
        home: a folder where no office is.
        metrics: reads the alarm from the office at an address, with a key in its folder.

    Raises:
        DrillError: no tmpfs can be mounted here (it needs root).
    """
    evidence = home / "evidence"
    evidence.mkdir(parents=True)
    if _mount("-t", "tmpfs", "-o", f"size={_TMPFS_BYTES}", "tmpfs", str(evidence)):
        raise DrillError("a tmpfs can be mounted by root only")
    try:
        with drill_office(home, 1) as (office, (camera,)):
            office.serve()
            taken = 0
            while True:
                package = camera.package(str(uuid4()), _PACKAGE_BYTES)
                refused = office.deliver(package).status_code
                if refused != 201:
                    break
                taken += 1
            reads = httpx.get(f"{office.url}/v1/audit/heads", timeout=30).status_code
            alarm = metrics(office.url, home)
            _mount("-o", f"remount,size={4 * _TMPFS_BYTES}", str(evidence))
            again = office.deliver(package).status_code
            sizes = [path.stat().st_size for path in evidence.rglob("*.tertib")]
            intact = sum(size > _PACKAGE_BYTES - 4096 for size in sizes) - (again == 201)
            return Full(taken, refused, reads, alarm, intact, again)
    finally:
        subprocess.run(["umount", "--lazy", str(evidence)], capture_output=True, check=False)  # noqa: S603, S607 - our own mount


def _mount(*arguments: str) -> int:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode  # noqa: S603, S607 - the system's own


def told(found: Order | WriteError | Full) -> dict[str, object]:
    """As JSON values."""
    return {**asdict(found), "holds": found.holds}
