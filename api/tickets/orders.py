"""Orders to the vehicle register: a block and its lifting, one after the other for each plate. Never commits.

A lifting must never be overtaken by an older block: the owner has paid and would stay blocked. Three things keep that:
orders of one plate carry a sequence and wait for each other; a block that was lifted before it was sent is not sent at
all; and the register is told the sequence, so that it can refuse what comes late over another line.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Integer, Text, cast, exists, func, literal, select, text
from sqlalchemy.orm import Session

from api.clock import now
from api.outbox.service import send_out
from api.outbox.tables import OutboxRow
from api.store.tables import BlockRow, CaseRow

BLOCK: Final = "register_block"
UNBLOCK: Final = "register_unblock"
KINDS: Final = (BLOCK, UNBLOCK)
# Blocks are ordered in the transaction that makes them; whatever was made otherwise is found within this time.
LOOK_BACK: Final = timedelta(days=2)
LIFTED: Final = "the block was lifted before the register heard of it"


def order_block(session: Session, block: BlockRow) -> OutboxRow:
    """Order a block at the register; the same block twice is one order."""
    ticket = session.get_one(CaseRow, block.case_id)
    return _order(session, BLOCK, ticket, block.number)


def order_lifting(session: Session, ticket: CaseRow, number: int) -> OutboxRow:
    """Order that a block be lifted, and take back orders of the ticket's blocks that have not been tried yet.

    Args:
        session: an open transaction that holds the ticket's lock.
        ticket: whose block was lifted.
        number: of the event that lifted it.
    """
    waiting = select(OutboxRow).where(
        OutboxRow.case_id == ticket.id, OutboxRow.kind == BLOCK, OutboxRow.state == "waiting"
    )
    for order in session.scalars(waiting.order_by(OutboxRow.id).with_for_update()).all():
        order.state, order.error = "failed", f"not sent: {LIFTED}"
    return _order(session, UNBLOCK, ticket, number)


def order_blocks(session: Session, *, limit: int = 500) -> int:
    """Order every block that stands and was not ordered yet; how many were.

    Whoever lets a deadline block vehicles calls this in the same transaction.
    """
    key = literal(f"{BLOCK}:", Text) + cast(BlockRow.case_id, Text) + ":" + cast(BlockRow.number, Text)
    query = (
        select(BlockRow)
        .where(
            BlockRow.blocked_at >= now(session) - LOOK_BACK,
            BlockRow.lifted_at.is_(None),
            ~exists().where(OutboxRow.key == key),
        )
        .order_by(BlockRow.plate, BlockRow.blocked_at)
        .limit(limit)
    )
    blocks = session.scalars(query).all()
    for block in blocks:
        order_block(session, block)
    return len(blocks)


def may_be_ordered(session: Session, order: OutboxRow) -> str:
    """Why an order must not leave any more; empty when it may."""
    if order.kind == BLOCK:
        number = int(order.key.rpartition(":")[2])
        block = session.get(BlockRow, (order.case_id, number), populate_existing=True)
        return LIFTED if block is None or block.lifted_at is not None else ""
    later = select(OutboxRow.id).where(
        OutboxRow.case_id == order.case_id,
        OutboxRow.kind == BLOCK,
        OutboxRow.state != "failed",
        _sequence() > _sequence_of(order),
    )
    return "" if session.scalar(later.limit(1)) is None else "the vehicle was blocked again for this ticket since"


def has_to_wait(session: Session, order: OutboxRow) -> bool:
    """Whether an earlier order for the same plate is not over yet."""
    earlier = select(OutboxRow.id).where(
        OutboxRow.kind.in_(KINDS),
        _plate() == str(order.body.get("plate")),
        OutboxRow.state.in_(("waiting", "sending")),
        _sequence() < _sequence_of(order),
        OutboxRow.id != order.id,
    )
    return session.scalar(earlier.limit(1)) is not None


def _order(session: Session, kind: str, ticket: CaseRow, number: int) -> OutboxRow:
    plate = str(ticket.subject.get("plate") or "")
    # Two tickets of one vehicle take their numbers one after the other.
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"register {plate}"})
    last = session.scalar(select(func.max(_sequence())).where(OutboxRow.kind.in_(KINDS), _plate() == plate))
    return send_out(
        session,
        kind=kind,
        key=f"{kind}:{ticket.id}:{number}",
        body={"plate": plate, "ticket": ticket.reference, "sequence": (last or 0) + 1},
        case_id=ticket.id,
    )


def _plate() -> ColumnElement[str]:
    plate: ColumnElement[str] = OutboxRow.body["plate"].astext
    return plate


def _sequence() -> ColumnElement[int]:
    return cast(OutboxRow.body["sequence"].astext, Integer)


def _sequence_of(order: OutboxRow) -> int:
    return int(order.body.get("sequence") or 0)
