"""Agreement: how often officers, cameras and rules are right, as far as a second pair of eyes can tell."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import sqrt
from typing import Final, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.people.tables import UserRow
from api.store.reading import Viewer
from api.store.rollups import lines_of

Sort = Literal["officer", "camera", "rule"]
SORTS: Final[tuple[Sort, ...]] = ("officer", "camera", "rule")
READING_ROLES: Final = frozenset({"supervisor", "auditor", "admin"})
# Of a normal distribution: 95 % lie within.
_Z: Final = 1.959964


@dataclass(frozen=True)
class Rate:
    """A share with its uncertainty.

    Attributes:
        of: how many were looked at.
        hits: how many of them.
    """

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """0..1; None when nothing was looked at."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of Wilson (1927), which holds for few cases and for shares near 0 and 1."""
        if not self.of:
            return None
        n, p = self.of, self.hits / self.of
        middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Line:
    """What is told of one officer, camera or rule.

    Attributes:
        key: id of the officer or camera, or code of the offence.
        approvals: approved of all first readings.
        agreed: second readings that said the same as the first.
        overturned: decisions that a supervisor turned round.
        known: known answers that were found (officers only).
    """

    key: str
    approvals: Rate
    agreed: Rate
    overturned: int
    known: Rate


def agreement(session: Session, viewer: Viewer, sort: Sort, *, since: datetime) -> list[Line]:
    """Lines of one sort, those with the most decisions first; nothing for other roles.

    Args:
        session: an open session.
        viewer: a supervisor (of the own agency's cases), an auditor or an admin.
        sort: officers, cameras or rules.
        since: whole months (UTC) from this moment's month on.
    """
    if viewer.actor is None or viewer.actor.role not in READING_ROLES:
        return []
    held = lines_of("read", viewer)
    month = func.date_trunc("month", since, "UTC")
    query = (
        select(held.c.key, func.sum(held.c.n)).where(held.c.kind == sort, held.c.bucket >= month).group_by(held.c.key)
    )
    counted: dict[str, dict[str, int]] = {}
    for name, n in session.execute(query):
        key, _, outcome = name.rpartition("|")
        counted.setdefault(key, {})[outcome] = int(n)
    lines = [_line(key, outcomes) for key, outcomes in counted.items()]
    return sorted(lines, key=lambda line: (-line.approvals.of, -line.known.of, line.key))


def _line(key: str, outcomes: dict[str, int]) -> Line:
    approved, rejected = outcomes.get("approved", 0), outcomes.get("rejected", 0)
    return Line(
        key=key,
        approvals=Rate(approved, approved + rejected),
        agreed=Rate(outcomes.get("agreed", 0), outcomes.get("second", 0)),
        overturned=outcomes.get("overturned", 0),
        known=Rate(outcomes.get("known_right", 0), outcomes.get("known", 0)),
    )


def officers_named(session: Session, lines: list[Line]) -> dict[str, str]:
    """Names of officers by id."""
    wanted = {line.key for line in lines}
    return {str(row.id): row.name for row in session.scalars(select(UserRow)) if str(row.id) in wanted}
