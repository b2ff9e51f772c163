"""One line of a roadside measurement, and how lines are shown."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from models.evaluation.figures import stamped


@dataclass(frozen=True)
class Row:
    """One thing measured.

    Attributes:
        what: In words.
        ours: The median of ours.
        opponent: The median of the opponent; None where there is none.
        against: The opponent by name and version.
        ratio: How many times better ours is; None without an opponent.
        unit: Of both.
        runs: How many times each was done, in turns.
        floor: The ratio (or value) to be reached.
        reached: Whether it was.
        remark: What else must be known.
    """

    what: str
    ours: float
    opponent: float | None
    against: str
    ratio: float | None
    unit: str
    runs: int
    floor: float | None = None
    reached: bool | None = None
    remark: str = ""


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process, all its threads, that `work` takes."""
    began = time.process_time()
    work()
    return time.process_time() - began


def in_turns(runs: int, *works: Callable[[], object]) -> list[float]:
    """The median CPU seconds of each, run in turns so that a busy machine slows all alike."""
    spent: list[list[float]] = [[] for _ in works]
    for _ in range(runs):
        for place, work in enumerate(works):
            spent[place].append(cpu_s(work))
    return [statistics.median(each) for each in spent]


def tell(name: str, rows: Sequence[Row], *, as_json: bool, **more: object) -> None:
    """Print the rows, as one object or as a table."""
    if as_json:
        record = stamped(name, {"rows": [asdict(row) for row in rows], **more})
        sys.stdout.write(json.dumps(record, ensure_ascii=False, indent=1) + "\n")
        return
    table = Table(title=f"tertib bench {name}: medians, run in turns")
    for head in ("what", "ours", "opponent", "against", "ratio", "unit", "floor", "reached"):
        table.add_column(head)
    for row in rows:
        shown = (row.ours, row.opponent, row.ratio, row.floor)
        ours, opponent, ratio, floor = ("-" if value is None else f"{value:.4g}" for value in shown)
        reached = {None: "-", True: "yes", False: "no"}[row.reached]
        table.add_row(row.what, ours, opponent, row.against, ratio, row.unit, floor, reached)
    Console().print(table)
    for row in rows:
        if row.remark:
            sys.stdout.write(f"{row.what}: {row.remark}\n")
