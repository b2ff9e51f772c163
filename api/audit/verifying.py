"""The audit of the whole store: every case, the log of heads, and heads that somebody kept outside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, func, select
from sqlalchemy.orm import Session

from api.audit.examining import Promises, examine, fits
from api.audit.findings import Finding, Tampering
from api.audit.leaves import hash_of
from api.audit.merkle import Frontier
from api.audit.persons import examine_blocks, examine_persons
from api.audit.publishing import statement
from api.audit.tables import TreeHeadRow, TreeLeafRow
from api.jurisdiction.calendar import WorkCalendar
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.store.tables import BlockRow, CalendarRow, CaseRow, ClockRow, EventRow, SecondPersonRow

_PAGE = 500
_MAX_SUSPECTS = 1000


def steady(session: Session) -> None:
    """Let a fresh session see the store as it is at one moment, whatever the office writes meanwhile."""
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


@dataclass
class Audit:
    """An audit and what it has looked at so far; in an office that works, on a `steady` session.

    Args:
        session: only read.
        since: look only at cases that changed after the last head before this moment; None: at all.
        kept: statements of heads that were kept outside the office (what `tertib audit publish` printed).
        told: called now and then with how many cases have been looked at.
    """

    session: Session
    since: datetime | None = None
    kept: Sequence[Mapping[str, Any]] = ()
    told: Callable[[int], None] = lambda _: None
    cases: int = 0
    events: int = 0
    heads: int = 0
    _known: dict[str, Promises | None] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        """Everything that does not fit, first in the log, then case by case."""
        yield from self._log()
        yield from self._cases()

    def _log(self) -> Iterator[Finding]:
        heads = self.session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number)).all()
        self.heads = len(heads)
        by_number = {head.number: head for head in heads}
        for number in range(1, (heads[-1].number if heads else 0) + 1):
            if number not in by_number:
                yield Finding(Tampering.LOG_ALTERED, f"head {number} was removed from the list of published heads")
        for one in self.kept:
            head = by_number.get(one.get("number", 0))
            if head is None:
                yield Finding(
                    Tampering.LOG_ALTERED, f"head {one.get('number')} was published and is not there any more"
                )
            elif statement(head) != {key: one.get(key) for key in statement(head)}:
                yield Finding(
                    Tampering.LOG_ALTERED,
                    f"head {head.number} is not the one that was published: the log up to leaf {head.size - 1} was "
                    f"rewritten (root {head.root_sha256[:16]}, published {str(one.get('root_sha256'))[:16]})",
                )
        yield from self._roots(heads)

    def _roots(self, heads: Sequence[TreeHeadRow]) -> Iterator[Finding]:
        frontier = Frontier()
        waiting = list(heads)
        first_wrong: TreeHeadRow | None = None
        leaves = self.session.scalars(
            select(TreeLeafRow).order_by(TreeLeafRow.position).execution_options(yield_per=_PAGE)
        )
        for leaf in leaves:
            reached = _reached(waiting, frontier)
            first_wrong = first_wrong or reached
            if leaf.position != frontier.size:
                yield Finding(Tampering.LOG_ALTERED, f"leaf {frontier.size} was removed from the log of heads")
                return
            frontier.add(hash_of(leaf))
        reached = _reached(waiting, frontier)
        first_wrong = first_wrong or reached
        if waiting:
            yield Finding(
                Tampering.LOG_ALTERED,
                f"the log ends with {frontier.size} leaves, head {waiting[0].number} covers {waiting[0].size}",
            )
        elif first_wrong is not None:
            yield Finding(
                Tampering.LOG_ALTERED,
                f"a leaf before number {first_wrong.size} was altered: the root of head {first_wrong.number} is "
                f"another than the published {first_wrong.root_sha256[:16]}",
            )

    def _cases(self) -> Iterator[Finding]:
        suspects: list[tuple[Finding, Row[Any]]] = []
        after: UUID | None = None
        wanted = None if self.since is None else self._changed_since(self.since)
        while page := self._page(after, wanted):
            after = page[-1].id
            ids = [case.id for case in page]
            events = _grouped(self.session, EventRow.__table__, ids, "number")
            clocks = _grouped(self.session, ClockRow.__table__, ids, "started_at")
            leaves = _grouped(self.session, TreeLeafRow.__table__, ids, "position")
            persons = _grouped(self.session, SecondPersonRow.__table__, ids, "number")
            blocks = _grouped(self.session, BlockRow.__table__, ids, "number")
            firsts = _firsts(self.session, [row for rows in persons.values() for row in rows])
            for case in page:
                self.cases += 1
                self.events += len(events[case.id])
                promises = self._promises(case.jurisdiction)
                found = examine(case, events[case.id], leaves[case.id], clocks[case.id], promises)
                if not found:
                    yield from examine_persons(case, events[case.id], persons[case.id], firsts)
                    yield from examine_blocks(case, events[case.id], blocks[case.id])
                for finding in found:
                    row = next((one for one in events[case.id] if one.number == finding.event), None)
                    if finding.what is Tampering.EDITED and row is not None and len(suspects) < _MAX_SUSPECTS:
                        suspects.append((finding, row))
                    else:
                        yield finding
            self.told(self.cases)
        yield from _swapped(suspects)
        if wanted is None:
            yield from self._without_case()

    def _promises(self, jurisdiction_id: str) -> Promises | None:
        if jurisdiction_id not in self._known:
            jurisdiction = next((one for one in jurisdictions_of(self.session) if one.id == jurisdiction_id), None)
            self._known[jurisdiction_id] = None if jurisdiction is None else self._as_followed(jurisdiction)
        return self._known[jurisdiction_id]

    def _as_followed(self, jurisdiction: Jurisdiction) -> Promises:
        """With the holidays that the office has followed last: the file may be newer than the office's last start."""
        query = select(CalendarRow).where(CalendarRow.jurisdiction == jurisdiction.id)
        seen = self.session.scalars(query.order_by(CalendarRow.version.desc()).limit(1)).one_or_none()
        if seen is None:
            return Promises(jurisdiction)
        days = {date.fromisoformat(day): name for day, name in seen.days.items()}
        followed = jurisdiction.model_copy()
        followed.__dict__["calendar"] = WorkCalendar(days, frozenset(jurisdiction.holiday_years), jurisdiction.zone)
        return Promises(followed, seen.seen_at if seen.version > 1 else None)

    def _page(self, after: UUID | None, wanted: set[UUID] | None) -> Sequence[Row[Any]]:
        cases = CaseRow.__table__
        query = select(cases).order_by(cases.c.id).limit(_PAGE)
        if wanted is not None:
            query = query.where(cases.c.id.in_(wanted))
        if after is not None:
            query = query.where(cases.c.id > after)
        return self.session.execute(query).all()

    def _changed_since(self, since: datetime) -> set[UUID]:
        head = self.session.scalars(
            select(TreeHeadRow).where(TreeHeadRow.made_at <= since).order_by(TreeHeadRow.number.desc()).limit(1)
        ).one_or_none()
        event_id, size = (0, 0) if head is None else (head.last_event_id, head.size)
        found = set(self.session.scalars(select(EventRow.case_id).where(EventRow.id > event_id)))
        # Whose newest events were removed shows no event any more, but a leaf.
        return found | set(self.session.scalars(select(TreeLeafRow.case_id).where(TreeLeafRow.position >= size)))

    def _without_case(self) -> Iterator[Finding]:
        for table in (EventRow, TreeLeafRow):
            gone = (
                select(table.case_id, func.count())
                .where(~select(CaseRow.id).where(CaseRow.id == table.case_id).exists())
                .group_by(table.case_id)
            )
            rows = self.session.execute(gone).all()
            for case_id, count in rows:
                what = f"{count} of its events are" if table is EventRow else "its published leaf is"
                yield Finding(
                    Tampering.CASE_REMOVED,
                    f"the case was removed, {what} still there",
                    case=str(case_id),
                    case_id=case_id,
                )
            if rows:
                return


def _reached(waiting: list[TreeHeadRow], frontier: Frontier) -> TreeHeadRow | None:
    """Take off the heads whose size the tree has reached; the first whose root is another."""
    wrong = None
    while waiting and waiting[0].size <= frontier.size:
        head = waiting.pop(0)
        if wrong is None and (head.size != frontier.size or head.root_sha256 != frontier.root().hex()):
            wrong = head
    return wrong


def _grouped(session: Session, table: Any, ids: Sequence[UUID], order: str) -> dict[UUID, list[Any]]:  # noqa: ANN401 - a mapped table
    found: dict[UUID, list[Any]] = defaultdict(list)
    held: Table = table
    for row in session.execute(select(held).where(held.c.case_id.in_(ids)).order_by(held.c[order])):
        found[row.case_id].append(row)
    return found


def _firsts(session: Session, rows: Sequence[Any]) -> dict[tuple[UUID, int], Any]:
    """The events that rows of two persons name as the first ones, by case and number."""
    ids = {row.first_case_id for row in rows}
    if not ids:
        return {}
    query = select(EventRow.case_id, EventRow.number, EventRow.type, EventRow.actor_id)
    return {(row.case_id, row.number): row for row in session.execute(query.where(EventRow.case_id.in_(ids)))}


def _swapped(suspects: Sequence[tuple[Finding, Row[Any]]]) -> Iterator[Finding]:
    """An event that fits under another of the suspected cases was moved there; all others were edited."""
    names = {finding.case_id: finding.case for finding, _ in suspects}
    for finding, row in suspects:
        owner = next(
            (one for one in names if one is not None and one != finding.case_id and fits(row, one, row.number)), None
        )
        if owner is None:
            yield finding
        else:
            why = f"by its hash it belongs to case {names[owner]}: the two were swapped"
            yield replace(finding, what=Tampering.SWAPPED, why=why)
