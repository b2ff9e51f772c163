"""The books follow the cases: what a verdict, a cancellation or an upheld contest means for money that is here.

Payments are booked the moment they come; what a person or a court decides about a ticket is followed within seconds, by
looking at the events that matter since the last look. Doing it twice changes nothing.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.payments.bills import bill_of
from api.payments.booking import allocation, asked_of, tell_if_settled
from api.payments.ledger import Account, Standing, book, standing
from api.payments.tables import BillRow, CursorRow, LedgerTransactionRow
from api.store.kinds import SYSTEM, CaseKind
from api.store.service import lock_case
from api.store.tables import CaseRow, EventRow

EVENTS: Final = (
    "upheld",
    "contest_withdrawn",
    "unblocked",
    "denial_refused",
    "cancelled",
    "liability_moved",
    "withdrawn",
    "reinstated",
    "judged",
    "refund_expired",
)
# Ids of events are given before they are committed: a look goes back so far, for those that came late.
OVERLAP: Final = 2000


def follow(session: Session, limit: int = 200) -> int:
    """Follow the decisions since the last look; how many bookings or payments came of it."""
    cursor = session.get(CursorRow, 1, with_for_update=True)
    if cursor is None:
        cursor = CursorRow(id=1, event_id=0)
        session.add(cursor)
    newest = session.scalar(select(func.max(EventRow.id))) or 0
    query = (
        select(EventRow.case_id)
        .join(BillRow, BillRow.case_id == EventRow.case_id)
        .where(EventRow.id > cursor.event_id - OVERLAP, EventRow.id <= newest, EventRow.type.in_(EVENTS))
        .distinct()
        .limit(limit)
    )
    done = sum(catch_up(session, lock_case(session, case_id)) for case_id in session.scalars(query))
    cursor.event_id = newest
    session.flush()
    return done


def catch_up(session: Session, ticket: CaseRow) -> bool:
    """Bring one ticket's books to where its events say they are; whether anything was booked or paid."""
    bill = bill_of(session, ticket.id)
    if bill is None or ticket.kind != CaseKind.TICKET.value:
        return False
    events = session.scalars(
        select(EventRow).where(EventRow.case_id == ticket.id, EventRow.type.in_(EVENTS)).order_by(EventRow.number)
    )
    changed = False
    for event in events:
        if event.type == "judged":
            changed |= _award(session, ticket, bill, event)
        elif event.type == "refund_expired":
            changed |= _expire(session, bill, event)
    held = standing(session, bill.id)
    entries = allocation(held, cash=0, due=asked_of(bill, ticket, held))
    if any(entries.values()):
        count = session.scalar(
            select(func.count()).select_from(LedgerTransactionRow).where(LedgerTransactionRow.bill_id == bill.id)
        )
        key = f"rebalance:{bill.id}:{count}"
        changed |= book(session, key=key, kind="rebalance", bill_id=bill.id, entries=entries, actor=SYSTEM) is not None
    if held.applied + held.free > 0:
        changed |= tell_if_settled(session, ticket, bill, {"because": "followed"})
    return changed


def _booked(session: Session, key: str) -> bool:
    query = select(LedgerTransactionRow.id).where(LedgerTransactionRow.key == key)
    return session.scalar(query) is not None


def _award(session: Session, ticket: CaseRow, bill: BillRow, event: EventRow) -> bool:
    """A court has set the fine: it is taken from the deposit, and the rest is the owner's for a year (Art. 268)."""
    key = f"award:{ticket.id}:{event.number}"
    fine = event.data.get("fine_rupiah")
    if not isinstance(fine, int) or fine <= 0 or _booked(session, key):
        return False
    bill.due_rupiah = fine
    session.flush()
    held = standing(session, bill.id)
    taken = min(max(0, fine - held.fines), max(0, held.free))
    entries = allocation(held, cash=-taken, due=max(0, fine - held.fines - taken))
    entries["bank"] = 0
    entries["fines"] = -taken
    return book(session, key=key, kind="award", bill_id=bill.id, entries=entries, actor=SYSTEM) is not None


def _expire(session: Session, bill: BillRow, event: EventRow) -> bool:
    """What nobody took back within a year goes to the state (Art. 268(2))."""
    key = f"expire:{bill.id}:{event.number}"
    held: Standing = standing(session, bill.id)
    if held.refundable <= 0 or _booked(session, key):
        return False
    entries: dict[Account, int] = {"refundable": held.refundable, "fines": -held.refundable}
    return book(session, key=key, kind="expire", bill_id=bill.id, entries=entries, actor=SYSTEM) is not None
