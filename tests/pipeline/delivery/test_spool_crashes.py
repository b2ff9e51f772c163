"""A crash at any point leaves either nothing of a package or all of it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.delivery.spool import Spool
from pipeline.evidence.manifest import ChainLink
from pipeline.evidence.verify import verify
from tests.pipeline.delivery.test_spool import files, next_package
from tests.pipeline.evidence.builder import NOW, key_ring

OURS = ("pipeline/delivery/", "pipeline/evidence/durable.py")


def _die_at_line(number: int, act) -> bool:
    """Fork; the child runs `act` and kills itself before the given line of our code. Whether it got that far."""
    child = os.fork()
    if child == 0:
        lines = 0

        def trace(frame, event, _):
            nonlocal lines
            if not any(part in frame.f_code.co_filename for part in OURS):
                return None
            if event == "line":
                lines += 1
                if lines == number:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        act()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _assert_whole(folder: Path, first) -> int:
    with Spool(folder) as spool:
        waiting = spool.pending()
        assert [p.sequence for p in waiting] == list(range(1, len(waiting) + 1))
        previous = None
        for package in waiting:
            verified = verify(package.read(), key_ring(), now=NOW)
            assert verified.manifest.chain == ChainLink(sequence=package.sequence, previous_sha256=previous)
            previous = verified.chain_sha256
        assert spool.chain_link("smg-01") == ChainLink(sequence=len(waiting) + 1, previous_sha256=previous)
        assert files(folder / "packages") == sorted(p.path.name for p in waiting)
        assert spool.counts().lost == 0
        assert waiting[0].read() == first.data
        return len(waiting)


def test_killed_before_every_line_of_accepting(tmp_path):
    outcomes = []
    with Spool(tmp_path / "before") as spool:
        first = next_package(spool)
        spool.accept(first)
    for number in range(1, 500):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "before", folder)

        def act(folder=folder):
            spool = Spool(folder)
            spool.accept(next_package(spool))

        died = _die_at_line(number, act)
        outcomes.append(_assert_whole(folder, first))
        if not died:
            break
    assert not died, "the loop must reach the end of accepting"
    assert number > 50
    assert outcomes == sorted(outcomes), "once a package is accepted, dying later does not lose it"
    assert set(outcomes) == {1, 2}


def test_killed_before_every_line_of_settling(tmp_path):
    """The package stays, or it is settled: never a row without its file, or a file without its row."""
    with Spool(tmp_path / "before") as spool:
        package = next_package(spool)
        spool.accept(package)
    for settle in ("acknowledge", "refuse"):
        for number in range(1, 500):
            folder = tmp_path / f"{settle}-{number}"
            shutil.copytree(tmp_path / "before", folder)

            def act(folder=folder, settle=settle):
                spool = Spool(folder)
                if settle == "refuse":
                    spool.refuse(package.package_id, "no")
                else:
                    spool.acknowledge(package.package_id)

            died = _die_at_line(number, act)
            with Spool(folder) as spool:
                counts = spool.counts()
                assert counts.pending + counts.acknowledged + counts.refused == 1
                assert len(files(folder / "packages")) == counts.pending
                assert len(files(folder / "refused")) == counts.refused
            if not died:
                break
        assert not died


PROGRAM = """
import sys
from pathlib import Path
from pipeline.delivery.spool import Spool
from tests.pipeline.delivery.test_spool import next_package
spool = Spool(Path(sys.argv[1]))
while True:
    package = next_package(spool)
    spool.accept(package)
    print(package.package_id, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_a_random_moment_while_busy(tmp_path, seed):
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [process.stdout.readline().strip()]
    time.sleep(random.Random(seed).uniform(0, 0.15))  # noqa: S311 - when to kill, not a secret
    process.kill()
    said += process.stdout.read().split()
    process.wait()
    with Spool(tmp_path) as spool:
        kept = [package.package_id for package in spool.pending(10_000) if package.read()]
        # A package can be durable a moment before the process can say so; never the other way round.
        whole = [line for line in said if len(line) == 36]
        assert kept[: len(whole)] == whole
        assert len(kept) - len(whole) <= 1
        assert len(files(tmp_path / "packages")) == len(kept)
