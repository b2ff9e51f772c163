"""What a payment does: told apart, booked, and told to the ticket, all in one transaction. Never commits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.clock import now
from api.payments.bills import RELEASED, bill_with
from api.payments.ledger import Account, Standing, book, standing
from api.payments.tables import BillRow, PaymentRow
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, lock_case
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets.blocking import lift

BANK: Final = Actor(id="bank", name="Bank", role="system")


class Outcome(StrEnum):
    """What a message of the bank turned out to be."""

    SETTLED = "settled"
    OVERPAID = "overpaid"
    UNDERPAID = "underpaid"
    PAID_AGAIN = "paid_again"
    RELEASED = "released"
    UNMATCHED = "unmatched"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REVERSED = "reversed"
    REVERSED_AT_ONCE = "reversed_at_once"
    REVERSAL_WAITS = "reversal_waits"


@dataclass(frozen=True)
class Notice:
    """A payment, or that one is taken back, as the bank tells it.

    Attributes:
        kind: payment or reversal.
        payment_id: the bank's number of the payment; a reversal names the payment that it takes back.
        code: virtual account code.
        amount_rupiah: whole rupiah, positive.
        paid_at: when, by the bank's clock.
        channel: teller, atm, mobile, qris, ...
    """

    kind: Literal["payment", "reversal"]
    payment_id: str
    code: str
    amount_rupiah: int
    paid_at: datetime
    channel: str


def record(session: Session, notice: Notice, *, inbox_id: UUID | None = None) -> Outcome:
    """Book what the bank tells. The same payment told twice is booked once; a reversal may come before its payment.

    Args:
        session: an open transaction.
        notice: what the bank tells; verified.
        inbox_id: the message that told it.
    """
    # Payment and reversal of one number, one after the other, whichever worker has them.
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"payment {notice.payment_id}"}
    )
    told = {row.kind: row for row in _told(session, notice.payment_id)}
    same = told.get(notice.kind)
    if same is not None:
        return Outcome.DUPLICATE if _agrees(same, notice) else Outcome.CONFLICT
    other = told.get("payment" if notice.kind == "reversal" else "reversal")
    if other is not None and (other.code, other.amount_rupiah) != (notice.code, notice.amount_rupiah):
        return Outcome.CONFLICT
    bill = bill_with(session, notice.code)
    # The case is locked before its money is counted: payments of one bill come one after the other.
    ticket = None if bill is None else lock_case(session, bill.case_id)
    if notice.kind == "payment":
        outcome = _pay(session, notice, bill, ticket)
        if other is not None:
            _take_back(session, notice, bill, ticket)
            outcome = Outcome.REVERSED_AT_ONCE
    elif other is None:
        outcome = Outcome.REVERSAL_WAITS
    else:
        _take_back(session, notice, bill, ticket)
        outcome = Outcome.REVERSED
    session.add(
        PaymentRow(
            kind=notice.kind,
            payment_id=notice.payment_id,
            code=notice.code,
            amount_rupiah=notice.amount_rupiah,
            paid_at=notice.paid_at,
            channel=notice.channel,
            bill_id=None if bill is None else bill.id,
            inbox_id=inbox_id,
            booked_at=now(session),
            outcome=outcome.value,
        )
    )
    session.flush()
    if ticket is not None and bill is not None and outcome is not Outcome.REVERSAL_WAITS:
        _tell_ticket(session, ticket, bill, notice, outcome)
    return outcome


def tell_if_settled(session: Session, ticket: CaseRow, bill: BillRow, body: dict[str, object]) -> bool:
    """Append `paid` when the money is there and the ticket's state takes it; whether it did.

    A vehicle that is blocked for this ticket is let go by the same transaction: the block's end, the payment and the
    order to the register are all there, or none of them.
    """
    held = standing(session, bill.id)
    if held.applied < bill.due_rupiah:
        return False
    lift(session, ticket.id, because="paid")
    if "paid" not in allowed(CaseKind.TICKET, ticket.state):
        return False
    append(
        session,
        ticket.id,
        "paid",
        actor=BANK,
        body={**body, "paid_rupiah": held.applied, "refundable_rupiah": held.refundable},
        audience=Audience.PARTY,
    )
    return True


def _told(session: Session, payment_id: str) -> list[PaymentRow]:
    return list(session.scalars(select(PaymentRow).where(PaymentRow.payment_id == payment_id)))


def _agrees(row: PaymentRow, notice: Notice) -> bool:
    return (row.code, row.amount_rupiah, row.paid_at) == (notice.code, notice.amount_rupiah, notice.paid_at)


def allocation(held: Standing, *, cash: int, due: int) -> dict[Account, int]:
    """Entries that put what a bill holds, and what comes or goes, where it belongs.

    Args:
        held: what the accounts hold.
        cash: what comes in from the bank (negative: goes back).
        due: what the deposit may hold at most.
    """
    free = held.free + cash
    deposit = max(0, min(free, due))
    refundable = max(0, free - deposit)
    claims = max(0, -free)
    return {
        "bank": cash,
        "deposit": held.deposit - deposit,
        "refundable": held.refundable - refundable,
        "claims": claims - held.claims,
    }


def asked_of(bill: BillRow, ticket: CaseRow, held: Standing) -> int:
    """What a bill's deposit may hold at most now, rupiah."""
    return 0 if ticket.state in RELEASED else max(0, bill.due_rupiah - held.fines)


def _pay(session: Session, notice: Notice, bill: BillRow | None, ticket: CaseRow | None) -> Outcome:
    key, amount = f"payment:{notice.payment_id}", notice.amount_rupiah
    if bill is None or ticket is None:
        entries: dict[Account, int] = {"bank": amount, "unmatched": -amount}
        book(session, key=key, kind="payment", bill_id=None, entries=entries, actor=BANK)
        return Outcome.UNMATCHED
    held = standing(session, bill.id)
    entries = allocation(held, cash=amount, due=asked_of(bill, ticket, held))
    book(session, key=key, kind="payment", bill_id=bill.id, entries=entries, actor=BANK)
    after = standing(session, bill.id)
    if ticket.state in RELEASED:
        return Outcome.RELEASED
    if held.applied >= bill.due_rupiah:
        return Outcome.PAID_AGAIN
    if after.applied < bill.due_rupiah:
        return Outcome.UNDERPAID
    return Outcome.OVERPAID if after.refundable > held.refundable else Outcome.SETTLED


def _take_back(session: Session, notice: Notice, bill: BillRow | None, ticket: CaseRow | None) -> None:
    key, amount = f"reversal:{notice.payment_id}", notice.amount_rupiah
    if bill is None or ticket is None:
        entries: dict[Account, int] = {"bank": -amount, "unmatched": amount}
    else:
        held = standing(session, bill.id)
        entries = allocation(held, cash=-amount, due=asked_of(bill, ticket, held))
    book(session, key=key, kind="reversal", bill_id=None if bill is None else bill.id, entries=entries, actor=BANK)


def _tell_ticket(session: Session, ticket: CaseRow, bill: BillRow, notice: Notice, outcome: Outcome) -> None:
    body: dict[str, object] = {
        "payment": {
            "id": notice.payment_id,
            "amount_rupiah": notice.amount_rupiah,
            "channel": notice.channel,
            "outcome": outcome.value,
        }
    }
    if tell_if_settled(session, ticket, bill, body):
        return
    possible = allowed(CaseKind.TICKET, ticket.state)
    settled = standing(session, bill.id).applied >= bill.due_rupiah
    event = "payment_reversed" if not settled and "payment_reversed" in possible else "payment_received"
    append(session, ticket.id, event if event in possible else "note", actor=BANK, body=body, audience=Audience.PARTY)
