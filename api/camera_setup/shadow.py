"""Shadow mode: what two versions of a scene would have offered on the same footage, without a case of any of it.

`tertib observe SCENE.yaml --jsonl` judges footage without an office; two of its outputs are laid side by side here.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

MAX_BYTES: Final = 4_000_000
MAX_LINES: Final = 20_000
SAME_WITHIN: Final = timedelta(seconds=1.5)
MOST_TOLD: Final = 100


class ShadowUnreadableError(ValueError):
    """The text is no output of `tertib observe --jsonl`; the number of the line says where."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass(frozen=True)
class Offered:
    """A candidate: what a camera would have sent."""

    offence: str
    at: datetime
    plate: str | None


@dataclass(frozen=True)
class Line:
    """What two versions offered of one offence."""

    offence: str
    both: int
    only_before: int
    only_after: int


@dataclass(frozen=True)
class Compared:
    """Two versions, side by side; `differ` holds (whose, candidate), in order of time, whose: "before" or "after"."""

    lines: tuple[Line, ...]
    differ: tuple[tuple[str, Offered], ...]
    left_out: int


def offered(text: str) -> tuple[Offered, ...]:
    """The candidates of one run, in order of time.

    Raises:
        ShadowUnreadableError: a line is no JSON object of a candidate.
    """
    found = []
    for number, line in enumerate(text.splitlines()[: MAX_LINES + 1], 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            if number > MAX_LINES:
                raise ShadowUnreadableError(number)
            if told["kind"] != "offence":
                continue
            at = datetime.fromisoformat(str(told["time"]))
            plate = told["plate"]["text"]
            found.append(Offered(str(told["offence"])[:40], at, None if plate is None else str(plate)[:20]))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ShadowUnreadableError(number) from error
        if at.tzinfo is None:
            raise ShadowUnreadableError(number)
    return tuple(sorted(found, key=lambda one: one.at))


def _same(one: Offered, other: Offered) -> bool:
    plates = one.plate is None or other.plate is None or one.plate == other.plate
    return one.offence == other.offence and plates and abs(one.at - other.at) <= SAME_WITHIN


def compare(before: tuple[Offered, ...], after: tuple[Offered, ...]) -> Compared:
    """Pair the candidates of two runs: the same offence within a second and a half, and no two different plates."""
    free = list(after)
    both: Counter[str] = Counter()
    alone: list[tuple[str, Offered]] = []
    for one in before:
        near = sorted((abs(other.at - one.at), place) for place, other in enumerate(free) if _same(one, other))
        if near:
            del free[near[0][1]]
            both[one.offence] += 1
        else:
            alone.append(("before", one))
    alone += [("after", one) for one in free]
    alone.sort(key=lambda pair: pair[1].at)
    sides = Counter((whose, one.offence) for whose, one in alone)
    names = sorted(both.keys() | {one.offence for _, one in alone})
    lines = tuple(Line(name, both[name], sides["before", name], sides["after", name]) for name in names)
    return Compared(lines, tuple(alone[:MOST_TOLD]), max(0, len(alone) - MOST_TOLD))
