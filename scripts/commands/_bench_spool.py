"""`tertib bench spool`: packages that survive a power cut, beside a bare write, fsync and rename of the same bytes."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from pipeline.delivery.errors import SpoolError
from pipeline.delivery.spool import Spool
from pipeline.evidence.durable import write_durably
from pipeline.evidence.keys import SigningKey
from pipeline.evidence.package import SealedPackage
from scripts.commands._bench_packages import packages_of
from scripts.commands._bench_row import Row, tell

EXAMPLE: Final = "Example: tertib bench spool --packages 50 --json"


def measure(
    packages: Annotated[int, typer.Option(min=5, max=5000, help="Packages a run.")] = 50,
    kilobytes: Annotated[int, typer.Option(min=1, max=50_000, help="Size of each clip, in kB.")] = 1000,
    runs: Annotated[int, typer.Option(min=1, max=50, help="How often each is run, in turns.")] = 5,
    folder: Annotated[Path | None, typer.Option(help="On which disk; default: that of temporary files.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Wall time a package until it is durable: file and its folder synced, row and chain committed."""
    made = packages_of("bench-1", SigningKey.generate(), packages, kilobytes * 1000)
    ours: list[float] = []
    theirs: list[float] = []
    try:
        for _ in range(runs):
            with tempfile.TemporaryDirectory(prefix="tertib-spool-", dir=folder) as name:
                with Spool(Path(name) / "spool") as spool:
                    ours.append(_timed(made, spool.accept))
                bare = Path(name) / "bare"
                bare.mkdir()
                theirs.append(_timed(made, lambda one, bare=bare: write_durably(bare / one.file_name, one.data)))  # type: ignore[misc]
    except (SpoolError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    our_s, their_s = statistics.median(ours) / packages, statistics.median(theirs) / packages
    told = "wall time; what the row and the chain's head cost above the bare file"
    row = Row(
        "package kept", 1 / our_s, 1 / their_s, "write, fsync, rename", their_s / our_s, "packages/s", runs, remark=told
    )
    tell("spool", [row], as_json=json_, packages=packages, kilobytes=kilobytes)


def _timed(made: list[SealedPackage], keep: Callable[[SealedPackage], object]) -> float:
    began = time.perf_counter()
    for one in made:
        keep(one)
    return time.perf_counter() - began
