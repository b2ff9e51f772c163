"""Somebody else answers for an offence: the named driver, in a new case of their own, linked. Never commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.problems import Unprocessable
from api.store.errors import IllegalTransition
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, lock_case, open_case
from api.store.states import next_state
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets.facts import facts_of
from api.tickets.tables import TicketRow

MIN_NAME = 2


class DriverUnnamed(Unprocessable):
    """Nobody was named whom a new case could be opened for."""

    code = "driver-unnamed"
    title = "Nobody was named"


def named_driver(session: Session, ticket: CaseRow) -> str | None:
    """The driver that the owner named when confirming; None when none was."""
    said = [event for event in events_of(session, ticket.id) if event.type in {"confirmed", "denied"}]
    driver = said[-1].data.get("driver") if said else None
    return driver if isinstance(driver, str) and driver.strip() else None


def move_liability(
    session: Session, ticket_id: UUID, *, officer: Actor, driver: str | None = None, address: str | None = None
) -> CaseRow:
    """Let the named driver answer for an offence: the owner's ticket is `moved`, the driver gets one of their own.

    The new ticket holds the same facts and evidence, its own reference and its own clocks; neither party can read the
    other's case.

    Args:
        session: an open transaction; never committed here.
        ticket_id: the owner's ticket.
        officer: who decides so; named on the driver's ticket.
        driver: whom; None: whom the owner named when confirming.
        address: where the driver's letter goes; kept for the office alone.

    Returns:
        The driver's ticket.

    Raises:
        DriverUnnamed: nobody was named.
        IllegalTransition: the ticket is paid, over, blocked or not confirmed yet.
        RoleRefused: the role does not decide.
    """
    held = lock_case(session, ticket_id)
    next_state(CaseKind(held.kind), held.state, "liability_moved")
    name = (driver or named_driver(session, held) or "").strip()
    if len(name) < MIN_NAME:
        raise DriverUnnamed("The owner named no driver: ask for a name, or decide on the ticket itself.")
    facts, _ = facts_of(session, held)
    named = facts.officer.model_copy(update={"id": officer.id, "name": officer.name, "role": officer.role})
    row = session.get_one(TicketRow, held.id)
    new = open_case(
        session,
        CaseKind.TICKET,
        jurisdiction=jurisdictions_of(session)[held.jurisdiction],
        actor=officer,
        body=facts.model_copy(update={"officer": named}).model_dump(mode="json"),
        audience=Audience.PARTY,
        agency=held.agency,
        parent_id=held.parent_id,
        subject=dict(held.subject),
    )
    # The old one makes room first: one living ticket a violation.
    row.superseded_at = now(session)
    session.flush()
    session.add(TicketRow(case_id=new.id, violation_id=row.violation_id, moved_from=held.id))
    session.flush()
    addressee = {"driver": {"name": name, "address": address}, "moved_from": held.reference}
    append(session, new.id, "linked", actor=officer, body=addressee, audience=Audience.INTERNAL)
    append(
        session, held.id, "liability_moved", actor=officer, body={"ticket": new.reference}, audience=Audience.INTERNAL
    )
    return new


def reinstate(session: Session, ticket_id: UUID, *, officer: Actor, reason: str) -> CaseRow:
    """Let a ticket stand again that was cancelled, or whose liability moved to somebody who turned out not to drive.

    Raises:
        IllegalTransition: it is neither, or another ticket of the violation still lives.
        SecondPersonNeeded: by whoever validated, cancelled or moved it.
    """
    held = lock_case(session, ticket_id)
    next_state(CaseKind(held.kind), held.state, "reinstated")
    row = session.get_one(TicketRow, held.id)
    for other in session.query(TicketRow).filter(
        TicketRow.violation_id == row.violation_id, TicketRow.superseded_at.is_(None), TicketRow.case_id != row.case_id
    ):
        successor = lock_case(session, other.case_id)
        if successor.state != "cancelled":
            raise IllegalTransition(held.kind, held.state, "reinstated", allowed(CaseKind.TICKET, held.state))
        other.superseded_at = now(session)
    session.flush()
    row.superseded_at = None
    append(session, held.id, "reinstated", actor=officer, body={"reason": reason}, audience=Audience.PARTY)
    return held
