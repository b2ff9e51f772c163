"""Publishing a head: cases that changed since the last one become leaves, and the root over all leaves is fixed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from api.audit.leaves import clocks_sha256, hash_of, identity_sha256
from api.audit.merkle import Frontier
from api.audit.tables import TreeHeadRow, TreeLeafRow
from api.store.hashing import canonical_json, iso_utc
from api.store.tables import CaseRow, ClockRow, EventRow

# Any number that no other program is likely to use: one publication at a time.
_PUBLICATION_LOCK = 7_415_022
_PAGE = 500
# A transaction may commit an event with a lower id than one that was seen already, but never so late.
_LONGEST_TRANSACTION = timedelta(hours=1)


def latest_head(session: Session) -> TreeHeadRow | None:
    """The head that was published last."""
    return session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number.desc()).limit(1)).one_or_none()


def publish(session: Session, moment: datetime, *, day: date | None = None, everything: bool = False) -> TreeHeadRow:
    """Publish a head over all cases as they are now.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.
        day: the local day that it closes; None on demand.
        everything: look at every case, not only at those with new events.

    Returns:
        The new head. Costs in proportion to the events since the last one.
    """
    session.execute(select(func.pg_advisory_xact_lock(_PUBLICATION_LOCK)))
    last = latest_head(session)
    frontier = Frontier() if last is None else Frontier(last.size, [bytes.fromhex(peak) for peak in last.peaks])
    seen_up_to = 0 if last is None or everything else _surely_seen(session, last)
    last_event_id = session.scalar(select(func.coalesce(func.max(EventRow.id), 0))) or 0
    for leaf in _changed(session, seen_up_to):
        leaf.position = frontier.size
        frontier.add(hash_of(leaf))
        session.add(leaf)
    session.flush()
    head = TreeHeadRow(
        number=1 if last is None else last.number + 1,
        made_at=moment,
        day=day,
        size=frontier.size,
        root_sha256=frontier.root().hex(),
        peaks=[peak.hex() for peak in frontier.peaks],
        last_event_id=last_event_id,
    )
    session.add(head)
    session.flush()
    return head


def publish_daily(session: Session, moment: datetime, zone: ZoneInfo) -> TreeHeadRow | None:
    """Publish yesterday's head once, when local midnight has passed; None when that is done or nothing happened yet.

    Args:
        session: an open transaction; the caller commits.
        moment: the present.
        zone: local time of the office.
    """
    today = moment.astimezone(zone).date()
    day = today - timedelta(days=1)
    done = select(TreeHeadRow.number).where(TreeHeadRow.day >= day).limit(1)
    if session.scalar(done) is not None:
        return None
    midnight = datetime.combine(today, time(), tzinfo=zone)
    if session.scalar(select(CaseRow.id).where(CaseRow.opened_at < midnight).limit(1)) is None:
        return None
    # Another office process may be at it: whoever comes second finds the day done.
    session.execute(select(func.pg_advisory_xact_lock(_PUBLICATION_LOCK)))
    return None if session.scalar(done) is not None else publish(session, moment, day=day)


def statement(head: TreeHeadRow) -> dict[str, Any]:
    """What is published of a head; its canonical JSON is what a time stamp covers."""
    return {
        "day": None if head.day is None else head.day.isoformat(),
        "made_at": iso_utc(head.made_at),
        "number": head.number,
        "root_sha256": head.root_sha256,
        "size": head.size,
    }


def statement_bytes(head: TreeHeadRow) -> bytes:
    """The exact bytes of the statement."""
    return canonical_json(statement(head)).encode()


def _surely_seen(session: Session, last: TreeHeadRow) -> int:
    query = (
        select(TreeHeadRow.last_event_id)
        .where(TreeHeadRow.made_at < last.made_at - _LONGEST_TRANSACTION)
        .order_by(TreeHeadRow.number.desc())
        .limit(1)
    )
    return session.scalar(query) or 0


def _changed(session: Session, after_event_id: int) -> Iterator[TreeLeafRow]:
    """A leaf, without its position, for each case that has events which no leaf covers yet."""
    after: UUID | None = None
    while True:
        page = list(session.scalars(_page(after_event_id, after)))
        if not page:
            return
        after = page[-1].id
        clocks: dict[UUID, list[ClockRow]] = defaultdict(list)
        for clock in session.scalars(select(ClockRow).where(ClockRow.case_id.in_([case.id for case in page]))):
            clocks[clock.case_id].append(clock)
        for case in page:
            yield TreeLeafRow(
                case_id=case.id,
                event_count=case.event_count,
                head_sha256=case.head_sha256 or "",
                identity_sha256=identity_sha256(case),
                clocks_sha256=clocks_sha256(clocks[case.id], case.event_count),
            )


def _page(after_event_id: int, after: UUID | None) -> Select[CaseRow]:
    covered = (
        select(func.coalesce(func.max(TreeLeafRow.event_count), 0))
        .where(TreeLeafRow.case_id == CaseRow.id)
        .correlate(CaseRow)
        .scalar_subquery()
    )
    query = select(CaseRow).where(CaseRow.event_count > covered).order_by(CaseRow.id).limit(_PAGE)
    if after_event_id:
        query = query.where(CaseRow.id.in_(select(EventRow.case_id).where(EventRow.id > after_event_id)))
    if after is not None:
        query = query.where(CaseRow.id > after)
    return query.execution_options(populate_existing=True)
