"""`tertib bench intake`: durable packages a second against this disk's own rate, and what verification costs."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import typer

from api.database import stop_embedded
from models.evaluation.figures import stamped
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify
from scripts.commands._drill_office import Camera, Office, drill_office

EXAMPLE: Final = "Example: tertib bench intake --json"
_PACKAGE_BYTES: Final = 3 * 1024 * 1024
_UNIT: Final = "1/s"


def measure(
    seconds: Annotated[float, typer.Option(min=1, help="Of each measurement.")] = 10,
    writers: Annotated[int, typer.Option(min=1, max=64, help="Cameras that send at once.")] = 8,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Processes of the office.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of lines.")] = False,
) -> None:
    """Packages of 3 MB, each durable before it is answered, against write + fsync + link + fsync alone."""
    with tempfile.TemporaryDirectory(prefix="tertib-intake-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "home"
        before = _disk_rate(Path(folder) / "disk", writers, seconds)
        with drill_office(home, writers) as (office, cameras):
            office.serve(processes=processes)
            most = max(4, int(1.5 * before * seconds / writers))
            sent, spent = _sent(office, cameras, packages=most, seconds=seconds)
            read_ms, verify_ms = _verification(cameras[0])
        stop_embedded(home)
        after = _disk_rate(Path(folder) / "disk", writers, seconds)
    times = sent["times_ms"]
    rate, disk = len(times) / sent["wall_s"], (before + after) / 2
    p95 = statistics.quantiles(times, n=20)[-1] if len(times) > 1 else float("nan")
    runs = len(times)

    def cpu(what: str, cpu_s: float) -> dict[str, object]:
        spent_ms = 1000 * cpu_s / max(1, runs)
        return {"what": f"processor a package, {what}", "ours": round(spent_ms, 2), "unit": "ms", "runs": runs}

    rows: list[dict[str, object]] = [
        {
            "what": f"durable packages of 3 MB, {writers} at once, {processes} processes",
            "ours": round(rate, 1),
            "opponent": round(disk, 1),
            "against": "this disk: write + fsync + link + fsync of the folder",
            "ratio": round(rate / disk, 2),
            "unit": _UNIT,
            "runs": runs,
        },
        {"what": "answer, p95", "ours": round(p95), "against": "400 ms", "unit": "ms", "runs": runs},
        {
            "what": "verification beyond reading and hashing",
            "ours": round(verify_ms - read_ms, 2),
            "against": "10 ms",
            "unit": "ms",
            "runs": 50,
        },
        cpu("the office's", spent["office"]),
        cpu("the database's", spent["database"]),
        cpu("the cameras' own, on the same cores", sent["cpu_s"]),
    ]
    found = stamped("intake", {"rows": rows, "refused": len(sent["refused"])})
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        for row in rows:
            against = f" (against {row['against']})" if "against" in row else ""
            sys.stdout.write(f"{row['what']}: {row['ours']} {row['unit']}{against}\n")


def _sent(
    office: Office, cameras: list[Camera], *, packages: int, seconds: float
) -> tuple[dict[str, Any], dict[str, float]]:
    """Let the cameras send; what they saw, and the seconds of processor that the office and its database spent."""
    order = {
        "port": office.port,
        "seconds": seconds,
        "packages": packages,
        "clip_bytes": _PACKAGE_BYTES,
        "cameras": [one.camera_id for one in cameras],
    }
    command = [sys.executable, "-m", "scripts.commands._bench_cameras"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:  # noqa: S603 - ourselves
        if sender.stdin is None or sender.stdout is None or office.serving is None:
            message = "the cameras did not start"
            raise RuntimeError(message)
        sender.stdin.write(json.dumps(order) + "\n")
        sender.stdin.flush()
        sender.stdout.readline()
        database = int((office.home / "postgres" / "postmaster.pid").read_text().split()[0])
        began = {"office": _cpu_s(office.serving.pid), "database": _cpu_s(database)}
        sender.stdin.write("go\n")
        sender.stdin.flush()
        sent: dict[str, Any] = json.loads(sender.stdout.readline())
        ended = {"office": _cpu_s(office.serving.pid), "database": _cpu_s(database)}
    return sent, {name: ended[name] - began[name] for name in began}


def _cpu_s(pid: int) -> float:
    """Seconds of processor of a process and its children that live."""
    total = 0
    family = {pid}
    for folder in sorted(Path("/proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) in family or int(fields[1]) in family:
            family.add(int(folder.name))
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _rate(work: list[Callable[[float], None]], seconds: float, times: list[float]) -> float:
    """How many were done a second by all together."""
    began = time.monotonic()
    threads = [threading.Thread(target=one, args=(began + seconds,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(times) / (time.monotonic() - began)


def _disk_rate(folder: Path, writers: int, seconds: float) -> float:
    folder.mkdir(exist_ok=True)
    data = os.urandom(_PACKAGE_BYTES)
    done: list[float] = []

    def write(until: float) -> None:
        while time.monotonic() < until:
            path = folder / f"{uuid4()}.tmp"
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
            os.write(descriptor, data)
            os.fsync(descriptor)
            os.close(descriptor)
            path.with_suffix(".tertib").hardlink_to(path)
            path.unlink()
            opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            os.fsync(opened)
            os.close(opened)
            done.append(0)

    rate = _rate([write] * writers, seconds / 2, done)
    for path in folder.glob("*"):
        path.unlink()
    return rate


def _verification(camera: Camera) -> tuple[float, float]:
    """Medians (ms): reading a package and hashing it once, and verifying it."""
    package = camera.package(str(uuid4()), _PACKAGE_BYTES)
    ring = PublicKeyRing(keys=(camera.key.public(camera.camera_id, valid_from=datetime.now(UTC) - timedelta(days=1)),))
    reads, verifies = [], []
    with tempfile.NamedTemporaryFile() as file:
        file.write(package.data)
        file.flush()
        for _ in range(50):
            began = time.perf_counter()
            data = Path(file.name).read_bytes()
            hashlib.sha256(data).digest()
            middle = time.perf_counter()
            verify(data, ring)
            reads.append(1000 * (middle - began))
            verifies.append(1000 * (time.perf_counter() - began) - reads[-1])
    read_only = statistics.median(reads)
    return read_only, statistics.median(verifies)
