"""Money that goes back to an owner: proposed by one person, allowed by another, ordered at the bank by the outbox."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.clock import now
from api.outbox.service import send_out
from api.outbox.tables import OutboxRow
from api.payments.ledger import book, standing
from api.payments.tables import BillRow, RefundRow
from api.problems import Conflict, NotFound, Unprocessable
from api.store.kinds import SYSTEM, Actor, Audience
from api.store.service import append, lock_case
from api.store.tables import CaseRow
from api.tickets.facts import facts_of

KIND = "bank_refund"
MAX_TEXT = 60


class RefundRefused(Unprocessable):
    """More is asked back than is there, or the account is no account."""

    code = "refund-refused"
    title = "This cannot be refunded"


class RefundNotFound(NotFound):
    """No such refund."""

    code = "refund-not-found"
    title = "No such refund"

    def __init__(self) -> None:
        super().__init__("There is no such refund.")


class RefundDecided(Conflict):
    """Somebody has decided about this refund before."""

    code = "refund-decided"
    title = "This refund has been decided"


class SamePersonRefused(Conflict):
    """Who proposes a refund does not allow it."""

    code = "same-person"
    title = "Somebody else must allow this"

    def __init__(self) -> None:
        super().__init__("You proposed this refund yourself: somebody else must allow it.")


def available(session: Session, bill: BillRow) -> int:
    """What can be asked back, rupiah: refundable and not asked for yet."""
    asked = session.scalar(
        select(func.coalesce(func.sum(RefundRow.amount_rupiah), 0)).where(
            RefundRow.bill_id == bill.id, RefundRow.state == "asked"
        )
    )
    return max(0, standing(session, bill.id).refundable - int(asked or 0))


def propose(
    session: Session,
    ticket: CaseRow,
    bill: BillRow,
    *,
    amount_rupiah: int,
    to_bank: str,
    to_account: str,
    to_name: str,
    actor: Actor,
) -> RefundRow:
    """Propose to pay money back.

    Raises:
        RefundRefused: more than is there, or bank, account or name do not fit.
        IllegalTransition: the ticket is in no state for it (it must be paid, settled, cancelled or moved).
    """
    held = lock_case(session, ticket.id)
    if not to_account.isascii() or not to_account.isdigit() or not 5 <= len(to_account) <= 20:
        raise RefundRefused("An account number has 5 to 20 digits.")
    if not all(0 < len(text) <= MAX_TEXT and text.isprintable() for text in (to_bank, to_name)):
        raise RefundRefused(f"Bank and name have 1 to {MAX_TEXT} printable characters.")
    free = available(session, bill)
    if not 0 < amount_rupiah <= free:
        raise RefundRefused(f"Rp{free} can be paid back at most, not Rp{amount_rupiah}.", available_rupiah=free)
    row = RefundRow(
        bill_id=bill.id,
        amount_rupiah=amount_rupiah,
        to_bank=to_bank,
        to_account=to_account,
        to_name=to_name,
        asked_by=actor.id,
        asked_at=now(session),
    )
    session.add(row)
    session.flush()
    body = {"refund": str(row.id), "amount_rupiah": amount_rupiah}
    append(session, held.id, "refund_proposed", actor=actor, body=body, audience=Audience.PARTY)
    return row


def allow(session: Session, refund_id: UUID, *, actor: Actor) -> RefundRow:
    """Allow a refund that somebody else proposed, and order it at the bank.

    Raises:
        RefundNotFound: there is none with this id.
        RefundDecided: it was decided before.
        SamePersonRefused: the same person proposed it.
        RefundRefused: the money is not there any more.
    """
    row = session.scalars(
        select(RefundRow).where(RefundRow.id == refund_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise RefundNotFound
    if row.state != "asked":
        raise RefundDecided(f"This refund is {row.state} already.")
    if row.asked_by == actor.id:
        raise SamePersonRefused
    bill = session.get_one(BillRow, row.bill_id)
    ticket = lock_case(session, bill.case_id)
    if standing(session, bill.id).refundable < row.amount_rupiah:
        raise RefundRefused("The money is not there any more: the bank took a payment back.")
    row.state, row.allowed_by, row.allowed_at = "allowed", actor.id, now(session)
    amount = row.amount_rupiah
    book(
        session,
        key=f"refund:{row.id}",
        kind="refund",
        bill_id=bill.id,
        entries={"refundable": amount, "transit": -amount},
        actor=actor,
    )
    body = {"refund": str(row.id), "amount_rupiah": amount}
    append(session, ticket.id, "refund_approved", actor=actor, body=body, audience=Audience.PARTY)
    facts, _ = facts_of(session, ticket)
    send_out(
        session,
        kind=KIND,
        key=f"refund:{row.id}",
        body={
            "refund": str(row.id),
            "amount_rupiah": amount,
            "to_bank": row.to_bank,
            "to_account": row.to_account,
            "to_name": row.to_name,
            "remark": f"{ticket.reference} {facts.plate_display}",
        },
        case_id=ticket.id,
    )
    return row


def paid_back(session: Session, effect: OutboxRow) -> None:
    """The bank has taken the order (or refused it, which leaves it visible in the outbox, to be sent again)."""
    if effect.state != "sent":
        return
    row = session.get_one(RefundRow, UUID(str(effect.body["refund"])), with_for_update=True)
    if row.state == "paid":
        return
    bill = session.get_one(BillRow, row.bill_id)
    ticket = lock_case(session, bill.case_id)
    row.state = "paid"
    amount = row.amount_rupiah
    book(
        session,
        key=f"refunded:{row.id}",
        kind="refunded",
        bill_id=bill.id,
        entries={"transit": amount, "bank": -amount},
        actor=SYSTEM,
    )
    body = {"refund": str(row.id), "amount_rupiah": amount}
    append(session, ticket.id, "refunded", actor=SYSTEM, body=body, audience=Audience.PARTY)
