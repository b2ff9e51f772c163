"""The queue: everything that an officer must answer, the clock that runs out first on top.

The list is in the order of the deadlines. Who asks for the next case gets a random one of those that are due on the
first day: nobody chooses whom he decides about, and thirty-two who ask at once do not meet at the same row.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Interval,
    Uuid,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, aliased

from api.clock import ahead_of_database, now
from api.plain_sql import Plain, ask
from api.problems import BadRequest
from api.review.chance import chance_of, random_place
from api.review.leases import for_role, give_back_expired, lent_to, not_read_by
from api.review.tables import WorkRow
from api.store.kinds import Actor, CaseKind
from api.store.reading import Viewer, readable_by
from api.store.rollups import waiting
from api.store.tables import CaseRow, EventRow

PAGE_SIZE: Final = 50
SKIPPED_FOR: Final = timedelta(minutes=30)
NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
_NO_CASE: Final = UUID(int=0)
Place = tuple[datetime, UUID]
# The present, asked for by the statement that lends: one question less.
_MOMENT: Final = func.statement_timestamp(type_=DateTime(timezone=True)) + bindparam("ahead", type_=Interval())


@dataclass(frozen=True)
class Entry:
    """One line of the queue. `due_at` is None when no deadline could be computed; `held_by` names another officer."""

    case: CaseRow
    due_at: datetime | None
    held_by: str | None
    reading: int = 1

    @property
    def cursor(self) -> str:
        """Where the next page begins after this line."""
        text = f"{(self.due_at or NEVER).isoformat()}|{self.case.id}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Page:
    """Some lines of the queue and, when there are more, the cursor of the next page."""

    entries: tuple[Entry, ...]
    older: str | None


@dataclass(frozen=True)
class Counts:
    """How much waits: violations to decide, contests and complaints to answer, and what of both is overdue."""

    violations: int
    answers: int
    overdue: int


def place_of(cursor: str) -> Place:
    """Where in the queue a cursor points.

    Raises:
        BadRequest: it is none of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor) % 4)).decode()
        at, _, case_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), UUID(case_id)
    except (ValueError, binascii.Error) as error:
        raise BadRequest("This page of the queue does not exist: go back to its beginning.") from error


def _of(viewer: Viewer) -> ColumnElement[bool]:
    """What the one door says already, in words of the work items' own indexes."""
    return true() if viewer.only_agency is None else WorkRow.agency == viewer.only_agency


def page(
    session: Session, viewer: Viewer, *, after: str | None = None, size: int = PAGE_SIZE, overdue: bool = False
) -> Page:
    """Lines of the queue that a viewer may read; walks an index from where the last page ended.

    Args:
        session: an open session.
        viewer: who asks.
        after: the cursor of the line before; None for the beginning.
        size: lines a page.
        overdue: only what should have been answered by now.

    Raises:
        BadRequest: the cursor is none of ours.
    """
    moment = now(session)
    query = (
        readable_by(viewer)
        .join(WorkRow, WorkRow.case_id == CaseRow.id)
        .add_columns(WorkRow)
        .where(_of(viewer), WorkRow.rests_until.is_(None))
        .order_by(WorkRow.due_at, WorkRow.case_id)
        .limit(size + 1)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        query = query.where(tuple_(WorkRow.due_at, WorkRow.case_id) > place_of(after))
    if overdue:
        query = query.where(WorkRow.due_at < moment)
    own = viewer.actor.id if viewer.actor else None
    rows = list(session.execute(query))
    entries = tuple(
        Entry(
            case,
            None if work.due_at >= NEVER else work.due_at,
            work.user_name if work.user_id != own and work.until is not None and work.until > moment else None,
            work.reading,
        )
        for case, work in rows[:size]
    )
    return Page(entries, entries[-1].cursor if len(rows) > size else None)


def counts(session: Session, viewer: Viewer) -> Counts:
    """How much waits for a viewer, from counts that are kept up; nothing is counted here but the present hour."""
    moment = now(session)
    held = waiting(session, viewer, moment)
    # Of the hour that runs, part is overdue already: a handful of rows, by their index.
    hour = moment.replace(minute=0, second=0, microsecond=0)
    this_hour = (
        readable_by(viewer)
        .join(WorkRow, WorkRow.case_id == CaseRow.id)
        .with_only_columns(func.count(), maintain_column_froms=True)
        .where(WorkRow.due_at >= hour, WorkRow.due_at < moment, _of(viewer))
    )
    return Counts(
        violations=held.by_kind.get(CaseKind.VIOLATION, 0),
        answers=sum(n for kind, n in held.by_kind.items() if kind is not CaseKind.VIOLATION),
        overdue=held.overdue_before_this_hour + (session.scalar(this_hour) or 0),
    )


def _skipped_by(officer: Actor) -> ColumnElement[bool]:
    return exists().where(
        EventRow.case_id == WorkRow.case_id,
        EventRow.type == "skipped",
        EventRow.actor_id == officer.id,
        EventRow.at > _MOMENT - SKIPPED_FOR,
    )


def _validated_by(officer: Actor) -> ColumnElement[bool]:
    """A contest against a ticket that came of this officer's own approval: somebody else judges it."""
    ticket = aliased(CaseRow)
    return and_(
        WorkRow.kind == CaseKind.CONTEST.value,
        exists().where(
            ticket.id == CaseRow.parent_id,
            EventRow.case_id == ticket.parent_id,
            EventRow.type == "approved",
            EventRow.actor_id == officer.id,
        ),
    )


def _for(officer: Actor) -> ColumnElement[bool]:
    """What somebody of this role may answer at all."""
    if officer.role == "agency":
        return WorkRow.kind == CaseKind.COMPLAINT.value
    return for_role(officer)


def take_next(session: Session, viewer: Viewer, officer: Actor, *, after: CaseRow | None = None) -> UUID | None:
    """The id of the next case for an officer, now on that officer's desk; None when nothing waits.

    A random one of those that are due on the first day on which anything is due. Passed over: cases on other desks,
    those skipped by this officer a moment ago, those read by this officer already, contests of their own tickets.

    Args:
        session: an open transaction.
        viewer: the officer as a reader.
        officer: the officer as an actor.
        after: the case that is on the screen: never this one.
    """
    not_this = None if after is None else after.id
    found = _take(session, viewer, officer, not_this)
    if found is None and give_back_expired(session, now(session)):
        found = _take(session, viewer, officer, not_this)
    return found


def _take(session: Session, viewer: Viewer, officer: Actor, not_this: UUID | None) -> UUID | None:
    values = {
        "ahead": ahead_of_database(session),
        "start": random_place(chance_of(session)),
        "not_this": not_this or _NO_CASE,
    }
    for where in _Where:
        found = ask(session, _lending(viewer, officer, where), values)
        if found:
            case_id: UUID = found[0][0]
            return case_id
    return None


class _Where(Enum):
    """Where the next case is looked for; the first of the three nearly always finds one."""

    BEHIND = "behind a random place of the first day"
    BEFORE = "before that place, on the same day"
    ANY = "whatever comes next: all of that day is on other desks, or not for this officer"


@lru_cache(maxsize=1024)
def _lending(viewer: Viewer, officer: Actor, where: _Where) -> Plain:
    """Choose and lend in one statement; two officers who ask at once do not wait for each other (SKIP LOCKED).

    Kept, since putting it together takes longer than the database takes to answer it.
    """
    start = bindparam("start", type_=Uuid())
    free = and_(WorkRow.user_id.is_(None), WorkRow.rests_until.is_(None), _of(viewer))
    first_day = WorkRow.due_day == select(func.min(WorkRow.due_day)).where(free, _for(officer)).scalar_subquery()
    there = {
        _Where.BEHIND: (first_day, WorkRow.case_id >= start),
        _Where.BEFORE: (first_day, WorkRow.case_id < start),
        _Where.ANY: (),
    }
    chosen = (
        readable_by(viewer)
        .join(WorkRow, WorkRow.case_id == CaseRow.id)
        .with_only_columns(WorkRow.case_id, maintain_column_froms=True)
        .where(
            free,
            _for(officer),
            ~_skipped_by(officer),
            or_(WorkRow.kind != CaseKind.CONTEST.value, ~_validated_by(officer)),
            not_read_by(officer),
            WorkRow.case_id != bindparam("not_this", type_=Uuid()),
            *there[where],
        )
        .order_by(WorkRow.due_day, WorkRow.case_id)
        .limit(1)
        .with_for_update(of=WorkRow, skip_locked=True)
        .scalar_subquery()
    )
    lent = update(WorkRow).where(WorkRow.case_id == chosen).values(lent_to(officer, _MOMENT))
    return Plain.of(lent.returning(WorkRow.case_id))
