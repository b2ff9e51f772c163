"""The court's word and the rest of the deposit: what was paid too much can be fetched for a year. Never commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from api.problems import Unprocessable
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.service import append, events_of, lock_case
from api.store.states import next_state
from api.store.tables import CaseRow, EventRow


class NothingToRefund(Unprocessable):
    """The deposit was not more than the fine, or was given back already."""

    code = "nothing-to-refund"
    title = "Nothing to refund"


class FineRefused(Unprocessable):
    """A fine that the law does not know."""

    code = "fine-refused"
    title = "The fine cannot be"


def judge(
    session: Session, ticket_id: UUID, *, fine_rupiah: int, deposit_rupiah: int, decision: str, actor: Actor
) -> EventRow:
    """Enter the court's judgement. Nothing to pay and nothing left over: the case is closed; else the fine is due.

    Args:
        session: an open transaction; never committed here.
        ticket_id: a ticket that is paid (the deposit) or before the court.
        fine_rupiah: what the court found, 0 or more.
        deposit_rupiah: what was paid before, 0 for nothing.
        decision: the court's number and day.
        actor: who enters it.

    Raises:
        FineRefused: a negative fine or deposit.
        IllegalTransition: neither paid nor before the court.
    """
    if fine_rupiah < 0 or deposit_rupiah < 0:
        raise FineRefused("A fine and a deposit are whole rupiah, 0 or more: check what was typed.")
    excess = max(0, deposit_rupiah - fine_rupiah)
    body = {
        "fine_rupiah": fine_rupiah,
        "deposit_rupiah": deposit_rupiah,
        "excess_rupiah": excess,
        "decision": decision[:200],
    }
    event = append(session, ticket_id, "judged", actor=actor, body=body, audience=Audience.PARTY)
    state = lock_case(session, ticket_id).state
    if (state == "settled" and excess == 0) or (state == "judged" and fine_rupiah == 0):
        append(session, ticket_id, "closed", actor=SYSTEM, body={}, audience=Audience.PARTY)
    elif state == "judged":
        due = {"fine_rupiah": fine_rupiah}
        append(session, ticket_id, "fine_due", actor=SYSTEM, body=due, audience=Audience.PARTY)
    return event


def refundable_rupiah(session: Session, ticket: CaseRow) -> int:
    """What can still be given back of a ticket's deposit, by its own events."""
    excess = refunded = 0
    for event in events_of(session, ticket.id):
        if event.type == "judged":
            excess = int(event.data.get("excess_rupiah", 0))
        elif event.type == "refunded":
            refunded += int(event.data.get("amount_rupiah", 0))
    return max(0, excess - refunded)


def claim_refund(session: Session, ticket_id: UUID, *, actor: Actor, account: str) -> EventRow:
    """The party asks for the rest of the deposit, within the year.

    Raises:
        NothingToRefund: nothing is left over.
        IllegalTransition: the year is over, or no court has judged.
    """
    held = lock_case(session, ticket_id)
    next_state(CaseKind(held.kind), held.state, "refund_claimed")
    left = refundable_rupiah(session, held)
    if left == 0:
        raise NothingToRefund("Nothing is left of this deposit: the fine was as high, or it was given back already.")
    body = {"amount_rupiah": left, "account": account[:100]}
    return append(session, ticket_id, "refund_claimed", actor=actor, body=body, audience=Audience.PARTY)


def approve_refund(session: Session, ticket_id: UUID, *, actor: Actor, propose: bool) -> EventRow:
    """Propose (`propose`) or approve a refund: two persons.

    Raises:
        NothingToRefund: nothing is left over.
        SecondPersonNeeded: nobody else has proposed it.
    """
    held = lock_case(session, ticket_id)
    left = refundable_rupiah(session, held)
    if left == 0:
        raise NothingToRefund("Nothing is left of this deposit: the fine was as high, or it was given back already.")
    event_type = "refund_proposed" if propose else "refund_approved"
    body = {"amount_rupiah": left}
    return append(session, ticket_id, event_type, actor=actor, body=body, audience=Audience.INTERNAL)
