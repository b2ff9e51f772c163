"""A vehicle is blocked for a ticket, and the block is lifted; never during its contest. Never commits."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.kinds import SYSTEM, Actor, Audience
from api.store.lives import BLOCKED
from api.store.service import append, lock_case
from api.store.tables import BlockRow, CaseRow, EventRow
from api.tickets.orders import order_block, order_lifting

Because = Literal["paid", "contested", "confirmed", "decided"]


def block(session: Session, ticket_id: UUID, *, actor: Actor = SYSTEM, reason: str) -> EventRow:
    """Block the vehicle of a ticket; the sweeper does so by the policy, a person may.

    The order to the register goes with it: both are there, or neither.

    Raises:
        IllegalTransition: the ticket is contested, denied, paid, over, or its letter has not left.
        BlockRefused: a contest of it is open.
    """
    event = append(session, ticket_id, "blocked", actor=actor, body={"reason": reason}, audience=Audience.PARTY)
    order_block(session, session.get_one(BlockRow, (ticket_id, event.number)))
    return event


def lift(session: Session, ticket_id: UUID, *, because: Because, actor: Actor = SYSTEM) -> bool:
    """Lift a ticket's block, in the same transaction as what lifts it; the payment's clock begins anew.

    The order to the register goes with it: both are there, or neither.

    Args:
        session: an open transaction; never committed here.
        ticket_id: the ticket.
        because: it was paid, contested or confirmed (then the office's own hand lifts it), or somebody decided so.
        actor: who lifts; a member of staff needs a colleague's proposal (`propose_lifting`) first.

    Returns:
        Whether there was a block to lift.

    Raises:
        SecondPersonNeeded: a person of the office lifts it alone.
    """
    ticket = lock_case(session, ticket_id)
    if ticket.state not in BLOCKED:
        return False
    event = append(session, ticket_id, "unblocked", actor=actor, body={"because": because}, audience=Audience.PARTY)
    order_lifting(session, ticket, event.number)
    if ticket.state == "judged" and because != "paid":
        append(session, ticket_id, "fine_due", actor=SYSTEM, body={"because": "unblocked"}, audience=Audience.PARTY)
    return True


def propose_lifting(session: Session, ticket_id: UUID, *, actor: Actor, reason: str) -> EventRow:
    """Propose that a block be lifted; somebody else must do it.

    Raises:
        IllegalTransition: there is no block.
        RoleRefused: the proposer is no member of staff.
    """
    body = {"reason": reason}
    return append(session, ticket_id, "unblock_proposed", actor=actor, body=body, audience=Audience.INTERNAL)


def blocks_on(session: Session, plate: str) -> list[BlockRow]:
    """The blocks that stand on a plate now."""
    query = select(BlockRow).where(BlockRow.plate == plate, BlockRow.lifted_at.is_(None)).order_by(BlockRow.blocked_at)
    return list(session.scalars(query))


def was_silence(session: Session, ticket: CaseRow) -> bool:
    """Whether the owner has said nothing at all yet: only then does speaking lift a block."""
    spoken = select(EventRow.number).where(
        EventRow.case_id == ticket.id, EventRow.type.in_(("confirmed", "denied", "contested"))
    )
    return session.scalar(spoken.limit(1)) is None
