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
from api.outbox.service import send_out
from api.payments.bills import RELEASED, bill_with
from api.payments.ledger import Account, Standing, book, standing
from api.payments.tables import BillRow, PaymentRow
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, lock_case
from api.store.tables import CaseRow
from api.store.transitions import allowed

BANK: Final = Actor(id="bank", name="Bank", role="system")
BLOCKED: Final = "blocked"


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


def settle_waiting(session: Session, limit: int = 100) -> int:
    """Mark tickets as paid whose money came while they could not be (contested, and upheld since); how many."""
    query = (
        select(BillRow)
        .join(CaseRow, CaseRow.id == BillRow.case_id)
        .where(CaseRow.state.in_(_payable_states()), BillRow.id.in_(select(PaymentRow.bill_id)))
        .limit(limit)
    )
    count = 0
    for bill in session.scalars(query):
        ticket = lock_case(session, bill.case_id)
        if standing(session, bill.id).applied >= bill.due_rupiah and "paid" in allowed(CaseKind.TICKET, ticket.state):
            mark_paid(session, ticket, bill, {})
            count += 1
    return count


def release(session: Session, ticket: CaseRow, bill: BillRow, *, actor: Actor) -> None:
    """A ticket that was cancelled asks for nothing: what was put down for it is its owner's again."""
    held = standing(session, bill.id)
    entries = _allocation(held, cash=0, due=0)
    book(
        session,
        key=f"release:{ticket.id}:{now(session).isoformat()}",
        kind="release",
        bill_id=bill.id,
        entries=entries,
        actor=actor,
    )


def award(session: Session, ticket: CaseRow, bill: BillRow, *, fine_rupiah: int, actor: Actor) -> Standing:
    """A court has set the fine: it is taken from the deposit, and the rest is the owner's for a year (Art. 268).

    Args:
        session: an open transaction.
        ticket: locked.
        bill: its bill; afterwards it asks for the court's fine.
        fine_rupiah: what the court awarded; may be more than was put down.
        actor: who enters it.

    Raises:
        ValueError: the fine is not positive.
    """
    if fine_rupiah <= 0:
        message = "a court's fine is positive; a ticket that was dismissed is released instead"
        raise ValueError(message)
    held = standing(session, bill.id)
    taken = min(max(0, fine_rupiah - held.fines), max(0, held.free))
    bill.due_rupiah = fine_rupiah
    rest = Standing(deposit=held.deposit, refundable=held.refundable, fines=held.fines, claims=held.claims)
    entries = _allocation(rest, cash=-taken, due=max(0, fine_rupiah - held.fines - taken))
    del entries["bank"]
    entries["fines"] = -taken
    book(
        session,
        key=f"award:{ticket.id}:{now(session).isoformat()}",
        kind="award",
        bill_id=bill.id,
        entries=entries,
        actor=actor,
    )
    session.flush()
    return standing(session, bill.id)


def mark_paid(session: Session, ticket: CaseRow, bill: BillRow, body: dict[str, object]) -> None:
    """The ticket is paid; a block of its vehicle is lifted by the same transaction."""
    blocked = ticket.state == BLOCKED
    held = standing(session, bill.id)
    append(
        session,
        ticket.id,
        "paid",
        actor=BANK,
        body={**body, "paid_rupiah": held.applied, "refundable_rupiah": held.refundable},
        audience=Audience.PARTY,
    )
    if blocked:
        lift_block(session, ticket)


def lift_block(session: Session, ticket: CaseRow) -> None:
    """Tell the register to lift the block of a ticket's vehicle; one order a block."""
    send_out(
        session,
        kind="register_unblock",
        key=f"unblock:{ticket.id}:{ticket.event_count}",
        body={"plate": ticket.subject.get("plate"), "ticket": ticket.reference},
        case_id=ticket.id,
    )


def _payable_states() -> list[str]:
    from api.store.transitions import TRANSITIONS  # noqa: PLC0415 - one table, looked at here alone

    return [state for state, events in TRANSITIONS[CaseKind.TICKET].items() if "paid" in events]


def _told(session: Session, payment_id: str) -> list[PaymentRow]:
    return list(session.scalars(select(PaymentRow).where(PaymentRow.payment_id == payment_id)))


def _agrees(row: PaymentRow, notice: Notice) -> bool:
    return (row.code, row.amount_rupiah, row.paid_at) == (notice.code, notice.amount_rupiah, notice.paid_at)


def _allocation(held: Standing, *, cash: int, due: int) -> dict[Account, int]:
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


def _due(bill: BillRow, ticket: CaseRow, held: Standing) -> int:
    return 0 if ticket.state in RELEASED else max(0, bill.due_rupiah - held.fines)


def _pay(session: Session, notice: Notice, bill: BillRow | None, ticket: CaseRow | None) -> Outcome:
    key, amount = f"payment:{notice.payment_id}", notice.amount_rupiah
    if bill is None or ticket is None:
        entries: dict[Account, int] = {"bank": amount, "unmatched": -amount}
        book(session, key=key, kind="payment", bill_id=None, entries=entries, actor=BANK)
        return Outcome.UNMATCHED
    held = standing(session, bill.id)
    entries = _allocation(held, cash=amount, due=_due(bill, ticket, held))
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
        entries = _allocation(held, cash=-amount, due=_due(bill, ticket, held))
    book(session, key=key, kind="reversal", bill_id=None if bill is None else bill.id, entries=entries, actor=BANK)


def _tell_ticket(session: Session, ticket: CaseRow, bill: BillRow, notice: Notice, outcome: Outcome) -> None:
    possible = allowed(CaseKind.TICKET, ticket.state)
    held = standing(session, bill.id)
    settled = held.applied >= bill.due_rupiah
    body: dict[str, object] = {
        "payment": {
            "id": notice.payment_id,
            "amount_rupiah": notice.amount_rupiah,
            "channel": notice.channel,
            "outcome": outcome.value,
        }
    }
    if settled and "paid" in possible:
        mark_paid(session, ticket, bill, body)
    elif not settled and "payment_reversed" in possible:
        append(session, ticket.id, "payment_reversed", actor=BANK, body=body, audience=Audience.PARTY)
    elif "note" in possible:
        append(session, ticket.id, "note", actor=BANK, body=body, audience=Audience.PARTY)
