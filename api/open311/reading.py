"""Requests as everybody may read them: their public fields, never who wrote nor what was written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from api.jurisdiction.loading import jurisdictions_of
from api.store.kinds import Audience, CaseKind
from api.store.tables import CaseRow, ClockRow, EventRow

_CLOSED: Final = frozenset({"closed", "refused"})
STATES: Final = ("open", "closed")


def listed() -> Select[CaseRow]:
    """The complaints that anybody may list: filed by Open311 (whose requests are public), and not confidential.

    Every other complaint belongs to whoever knows its number (`api.store.reading.case_for`).
    """
    return select(CaseRow).where(
        CaseRow.kind == CaseKind.COMPLAINT.value,
        CaseRow.confidential.is_(False),
        CaseRow.subject["listed"].astext == "true",
    )


def in_state(status: str) -> ColumnElement[bool]:
    """The condition for `open` or `closed`."""
    over = CaseRow.state.in_(_CLOSED)
    return over if status == "closed" else ~over


def shown(session: Session, cases: Sequence[CaseRow], language: str) -> list[dict[str, Any]]:
    """What the standard's GET tells of each request.

    `expected_datetime` is the next promise that runs (the first answer within 24 hours, then the resolution);
    `status_notes` the newest answer of a person. A request is closed when the agency closed or refused it: an answer
    may be a promise of work.
    """
    ids = [case.id for case in cases]
    events = _by_case(
        session.scalars(
            select(EventRow)
            .where(EventRow.case_id.in_(ids), EventRow.audience == Audience.PUBLIC.value)
            .order_by(EventRow.number)
        )
    )
    clocks = session.scalars(
        select(ClockRow).where(ClockRow.case_id.in_(ids), ClockRow.stopped_at.is_(None), ClockRow.due_at.is_not(None))
    )
    due: dict[UUID, datetime] = {}
    for clock in clocks:
        if clock.due_at is not None:
            due[clock.case_id] = min(clock.due_at, due.get(clock.case_id, clock.due_at))
    return [_request(session, case, events.get(case.id, []), due.get(case.id), language) for case in cases]


def _by_case(events: Iterable[EventRow]) -> dict[UUID, list[EventRow]]:
    found: dict[UUID, list[EventRow]] = {}
    for event in events:
        found.setdefault(event.case_id, []).append(event)
    return found


def _request(
    session: Session, case: CaseRow, events: list[EventRow], due: datetime | None, language: str
) -> dict[str, Any]:
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    category = jurisdiction.complaint_category(str(case.subject.get("category")))
    agency = jurisdiction.agency_named(case.agency)
    answers = [event.data for event in events if event.type in {"answered", "refused"}]
    notes = str(answers[-1].get("text") or answers[-1].get("reason") or "") if answers else ""
    closed = case.state in _CLOSED
    return {
        "service_request_id": case.reference,
        "status": STATES[closed],
        "status_notes": notes or None,
        "service_name": category.names.text(language) if category else None,
        "service_code": category.id if category else None,
        # What was written may name others: who wrote it reads it on the request's own page.
        "description": None,
        "agency_responsible": agency.names.text(language) if agency else case.agency,
        "service_notice": None,
        "requested_datetime": w3(case.opened_at),
        "updated_datetime": w3(events[-1].at if events else case.opened_at),
        "expected_datetime": None if due is None or closed else w3(due),
        "address": case.subject.get("place"),
        "address_id": None,
        "zipcode": None,
        "lat": case.subject.get("latitude"),
        "long": case.subject.get("longitude"),
        "media_url": None,
    }


def w3(moment: datetime) -> str:
    """A moment as the standard writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
