"""A hall of counters: a number is taken, called, served or missed, each an event of the file. Never commits."""

from __future__ import annotations

import re
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from api.clock import now
from api.counter.service import checklist_of, missing, open_request
from api.jurisdiction.model import Jurisdiction, Mall
from api.mall.tables import NumberRow
from api.problems import Conflict, Unprocessable
from api.store.kinds import Actor, Audience
from api.store.service import append, lock_case
from api.store.tables import CaseRow, EventRow

__all__ = ["call_next", "checklist_of", "grant", "hand_over", "missing", "take_number"]

_COUNTER: Final = re.compile(r"[A-Za-z0-9 ]{1,12}")
MIN_REASON: Final = 10


class HallUnknown(Unprocessable):
    """The hall's or counter's name cannot be one."""

    code = "hall-unknown"
    title = "Unknown hall or counter"


class NobodyWaits(Conflict):
    """Nobody waits whom this counter could call."""

    code = "nobody-waits"
    title = "Nobody waits"


class RequestRefused(Unprocessable):
    """A refusal without a reason."""

    code = "request-reason-missing"
    title = "A reason is needed"


def hall_named(jurisdiction: Jurisdiction, name: str) -> Mall:
    """A hall of the jurisdiction, by its id.

    Raises:
        HallUnknown: it has none of this name.
    """
    found = jurisdiction.mall_named(name.strip().casefold())
    if found is None:
        known = ", ".join(mall.id for mall in jurisdiction.malls) or "none: `malls:` of the jurisdiction is empty"
        raise HallUnknown(f"There is no such hall here; the halls are {known}.")
    return found


def today(session: Session, jurisdiction: Jurisdiction) -> date:
    """The local day."""
    return jurisdiction.local_day(now(session))


def take_number(
    session: Session, service_id: str, *, hall: str, jurisdiction: Jurisdiction, actor: Actor
) -> tuple[CaseRow, NumberRow]:
    """Open a visitor's file for a service, with today's next number of its agency.

    Raises:
        ServiceUnknown: no such service.
        HallUnknown: no such hall, or the agency has no counter in it.
    """
    where = hall_named(jurisdiction, hall)
    wanted = jurisdiction.service(service_id)
    if wanted is not None and where.letter_of(wanted.agency) is None:
        raise HallUnknown(f"{wanted.agency} has no counter in {where.id}.")
    case = open_request(session, service_id, jurisdiction=jurisdiction, actor=actor, counter=where.id)
    return case, _queued(session, case, where, jurisdiction, actor)


def _queued(session: Session, case: CaseRow, mall: Mall, jurisdiction: Jurisdiction, actor: Actor) -> NumberRow:
    day, letter, hall = today(session, jurisdiction), mall.letter_of(case.agency) or "Z", mall.id
    key = f"mall {hall} {day} {letter}"
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    last = session.scalar(
        select(func.max(NumberRow.number)).where(
            NumberRow.hall == hall, NumberRow.day == day, NumberRow.letter == letter
        )
    )
    row = NumberRow(
        case_id=case.id,
        hall=hall,
        day=day,
        letter=letter,
        number=(last or 0) + 1,
        agency=case.agency,
        state="waiting",
        counter="",
        taken_at=now(session),
    )
    session.add(row)
    session.flush()
    body = {"number": row.shown, "hall": hall}
    append(session, case.id, "queued", actor=actor, body=body, audience=Audience.PARTY)
    return row


def waiting(session: Session, hall: str, agency: str | None, jurisdiction: Jurisdiction) -> list[NumberRow]:
    """Who waits in a hall today, the first comer first; of one agency, or of all."""
    query = select(NumberRow).where(
        NumberRow.hall == hall, NumberRow.day == today(session, jurisdiction), NumberRow.state == "waiting"
    )
    if agency is not None:
        query = query.where(NumberRow.agency == agency)
    return list(session.scalars(query.order_by(NumberRow.taken_at, NumberRow.number)))


def at_counter(session: Session, hall: str, counter: str, jurisdiction: Jurisdiction) -> NumberRow | None:
    """Who was called to a counter last and is still there."""
    query = (
        select(NumberRow)
        .where(
            NumberRow.hall == hall,
            NumberRow.day == today(session, jurisdiction),
            NumberRow.state == "called",
            NumberRow.counter == counter,
        )
        .order_by(NumberRow.called_at.desc())
    )
    return session.scalars(query).first()


def call_next(
    session: Session, *, hall: str, counter: str, agency: str | None, jurisdiction: Jurisdiction, actor: Actor
) -> NumberRow:
    """Call the next visitor to a counter; two counters never call the same one.

    Raises:
        NobodyWaits: nobody does.
        HallUnknown: no such hall, or the counter's name cannot be one.
    """
    where, name = hall_named(jurisdiction, hall).id, counter.strip()
    if _COUNTER.fullmatch(name) is None:
        raise HallUnknown("A counter's name has 1 to 12 letters or digits, e.g. 3.")
    query = select(NumberRow).where(
        NumberRow.hall == where, NumberRow.day == today(session, jurisdiction), NumberRow.state == "waiting"
    )
    if agency is not None:
        query = query.where(NumberRow.agency == agency)
    ordered = query.order_by(NumberRow.taken_at, NumberRow.number).limit(1).with_for_update(skip_locked=True)
    row = session.scalars(ordered).one_or_none()
    if row is None:
        raise NobodyWaits("Nobody waits for this counter now.")
    row.state, row.counter, row.called_at = "called", name, now(session)
    session.flush()
    body = {"number": row.shown, "counter": name}
    append(session, row.case_id, "called", actor=actor, body=body, audience=Audience.PARTY)
    return row


def missed(session: Session, case_id: UUID, *, actor: Actor) -> None:
    """The visitor did not come; their file stays, and they take a new number."""
    lock_case(session, case_id)
    row = number_of(session, case_id)
    if row is None or row.state != "called":
        raise NobodyWaits("This visitor was not called.")
    row.state = "missed"
    body = {"number": row.shown}
    append(session, case_id, "missed_call", actor=actor, body=body, audience=Audience.PARTY)


def served(session: Session, case_id: UUID) -> None:
    """The visitor leaves the counter."""
    row = number_of(session, case_id)
    if row is not None and row.state in {"called", "waiting"}:
        row.state = "served"
        session.flush()


def number_of(session: Session, case_id: UUID) -> NumberRow | None:
    """The newest number of a file."""
    query = select(NumberRow).where(NumberRow.case_id == case_id).order_by(NumberRow.taken_at.desc())
    return session.scalars(query).first()


def before(session: Session, row: NumberRow) -> int:
    """How many wait before this number, of the same agency."""
    return (
        session.scalar(
            select(func.count()).where(
                NumberRow.hall == row.hall,
                NumberRow.day == row.day,
                NumberRow.agency == row.agency,
                NumberRow.state == "waiting",
                NumberRow.taken_at < row.taken_at,
            )
        )
        or 0
    )


def grant(session: Session, case_id: UUID, *, actor: Actor, remark: str = "") -> EventRow:
    """Grant what was applied for; the agency's clock ends."""
    body = {"text": remark.strip()[:500]}
    return append(session, case_id, "granted", actor=actor, body=body, audience=Audience.PARTY)


def hand_over(session: Session, case_id: UUID, *, to_name: str, actor: Actor) -> EventRow:
    """Hand the document over to somebody, by name."""
    said = " ".join(to_name.split())[:100]
    if len(said) < 2:
        raise RequestRefused("Write down whom it was handed to.")
    served(session, case_id)
    return append(session, case_id, "handed_over", actor=actor, body={"to_name": said}, audience=Audience.PARTY)


def refuse(session: Session, case_id: UUID, *, reason: str, actor: Actor) -> EventRow:
    """Refuse an application, with the reason."""
    said = reason.strip()[:2000]
    if len(said) < MIN_REASON:
        raise RequestRefused("Say why it is refused: the applicant reads it.")
    served(session, case_id)
    return append(session, case_id, "refused", actor=actor, body={"reason": said}, audience=Audience.PARTY)


def services_of(jurisdiction: Jurisdiction, mall: Mall, language: str) -> list[tuple[str, str]]:
    """(id, name) of every service that a hall's counters give, for the form."""
    return [(one.id, one.names.text(language)) for one in jurisdiction.services if mall.letter_of(one.agency)]
