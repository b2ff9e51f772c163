"""Counts that are kept up while the store works: a page never counts over cases, events or clocks.

The database's triggers add a line to `count_changes` for every case that moves, every clock that starts or ends and
everything that enters or leaves the queue; `fold` adds these lines up in `counts` now and then. A sum over both is
exact at any time, and no two transactions wait for the same count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Select,
    Subquery,
    Table,
    Text,
    and_,
    false,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from api.base import Base
from api.store.clocks import OnTime
from api.store.kinds import CaseKind
from api.store.reading import Viewer

_FOLDED_AT_ONCE: Final = 20_000
# Cases that not everybody who reads an agency's cases may read are counted apart (migration 0203).
_CONFIDENTIAL: Final = "/confidential"


def _counted(name: str) -> Table:
    # `bucket`: the month (UTC) in which a case or clock began, or the hour in which a deadline falls.
    return Table(
        name,
        Base.metadata,
        *(Column(one, Text, nullable=False, primary_key=name == "counts") for one in ("what", "agency", "kind", "key")),
        Column("bucket", DateTime(timezone=True), nullable=False, primary_key=name == "counts"),
        Column("n", BigInteger, nullable=False),
    )


COUNTS: Final = _counted("counts")
CHANGES: Final = _counted("count_changes")


@dataclass(frozen=True)
class Waiting:
    """What is in the queue, by kind; and how much of it was due before the hour that runs."""

    by_kind: dict[CaseKind, int]
    overdue_before_this_hour: int


@dataclass(frozen=True)
class StateCount:
    """How many cases of a kind are in a state, of those opened in a month (its first moment, UTC)."""

    agency: str
    kind: CaseKind
    state: str
    month: datetime
    n: int


def fold(session: Session, *, most: int = _FOLDED_AT_ONCE) -> int:
    """Add the latest changes up; one process at a time, the others do nothing.

    Returns:
        How many changes were folded in.
    """
    folded: int = session.execute(select(func.tertib_fold_counts(most))).scalar_one()
    return folded


def _readable(table: Table, what: str, viewer: Viewer) -> ColumnElement[bool]:
    """The lines whose cases the one door opens for this viewer (`api.store.reading`)."""
    if viewer.actor is None:
        return false()
    both = table.c.what.in_((what, what + _CONFIDENTIAL))
    if viewer.only_agency is not None:
        return and_(both, table.c.agency == viewer.only_agency)
    if viewer.actor.role == "auditor":
        return both
    if viewer.agency is None:
        return table.c.what == what
    return or_(table.c.what == what, and_(both, table.c.agency == viewer.agency))


def lines_of(what: str, viewer: Viewer) -> Subquery:
    """Folded and fresh lines of one sort that a viewer may read."""

    def lines(table: Table) -> Select[Any]:
        return select(table).where(_readable(table, what, viewer))

    return union_all(lines(COUNTS), lines(CHANGES)).subquery()


def waiting(session: Session, viewer: Viewer, moment: datetime) -> Waiting:
    """What waits for a viewer's answer."""
    held = lines_of("waiting", viewer)
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    late = func.coalesce(func.sum(held.c.n).filter(held.c.bucket < hour), 0)
    query = select(held.c.kind, func.sum(held.c.n), late).group_by(held.c.kind)
    rows = session.execute(query).all()
    return Waiting({CaseKind(kind): int(n) for kind, n, _ in rows if n}, sum(int(late) for *_, late in rows))


def cases_by_state(session: Session, viewer: Viewer) -> list[StateCount]:
    """How many cases there are, by agency, kind, state and month."""
    held = lines_of("case", viewer)
    by = (held.c.agency, held.c.kind, held.c.key, held.c.bucket)
    query = select(*by, func.sum(held.c.n)).group_by(*by).having(func.sum(held.c.n) != 0).order_by(*by)
    return [
        StateCount(agency, CaseKind(kind), state, month, int(n))
        for agency, kind, state, month, n in session.execute(query)
    ]


def kept(session: Session, viewer: Viewer, name: str, moment: datetime) -> dict[str, OnTime]:
    """How often a clock was kept, by agency; what is overdue and still open counts as not kept.

    A deadline of the hour that runs counts as overdue when the hour has passed.

    Args:
        session: an open session.
        viewer: whose agencies.
        name: name of the clock (`first_response`).
        moment: the present.
    """
    ended, running = lines_of("ended", viewer), lines_of("running", viewer)
    hour = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found: dict[str, dict[str, int]] = {}
    query = select(ended.c.agency, ended.c.key, func.sum(ended.c.n)).where(
        ended.c.key.in_([f"{name}:on_time", f"{name}:late"])
    )
    for agency, key, n in session.execute(query.group_by(ended.c.agency, ended.c.key)):
        found.setdefault(agency, {})[key.rpartition(":")[2]] = int(n)
    late = running.c.bucket < hour
    open_ones = (
        select(running.c.agency, late.label("late"), func.sum(running.c.n))
        .where(running.c.key == name)
        .group_by(running.c.agency, late)
    )
    for agency, is_late, n in session.execute(open_ones):
        found.setdefault(agency, {})["overdue_open" if is_late else "running"] = int(n)
    names = ("on_time", "late", "overdue_open", "running")
    return {agency: OnTime(*(counted.get(one, 0) for one in names)) for agency, counted in sorted(found.items())}
