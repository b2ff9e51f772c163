"""Bills: what a ticket's owner may pay, under which code, and what has come in. Never commits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.outbox.outside import BankSystem
from api.payments import qris
from api.payments.codes import new_code
from api.payments.ledger import Standing, standing
from api.payments.tables import BillRow
from api.store.service import lock_case
from api.store.tables import CaseRow
from api.tickets.facts import facts_of

# A ticket in one of these states asks for no money any more.
RELEASED: Final = frozenset({"cancelled", "moved", "withdrawn"})
_TRIES: Final = 20


@dataclass(frozen=True)
class BillView:
    """A bill as a page shows it.

    Attributes:
        code: virtual account, 15 digits.
        due_rupiah: all that is asked.
        standing: what has come in.
        remaining_rupiah: what is still asked.
    """

    code: str
    due_rupiah: int
    standing: Standing
    remaining_rupiah: int

    @property
    def settled(self) -> bool:
        """Whether nothing is asked any more."""
        return self.remaining_rupiah == 0


def bill_for(session: Session, ticket: CaseRow, bank: BankSystem) -> BillRow:
    """The ticket's bill, made when it is first asked for: the deposit is the article's maximum fine (Art. 267)."""
    held = bill_of(session, ticket.id)
    if held is not None:
        return held
    # Locked, so that two pages opened at once make one bill.
    lock_case(session, ticket.id)
    facts, _ = facts_of(session, ticket)
    for _ in range(_TRIES):
        values = {
            "case_id": ticket.id,
            "code": new_code(bank.company_code),
            "due_rupiah": facts.law.maximum_fine_rupiah,
            "made_at": now(session),
        }
        session.execute(insert(BillRow).values(values).on_conflict_do_nothing())
        made = bill_of(session, ticket.id)
        if made is not None:
            return made
    message = "no free virtual account code was found: the bank must give another company code"
    raise RuntimeError(message)


def bill_of(session: Session, case_id: UUID) -> BillRow | None:
    """The bill of a ticket, if it has one."""
    query = select(BillRow).where(BillRow.case_id == case_id)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def bill_with(session: Session, code: str) -> BillRow | None:
    """The bill with this virtual account code."""
    return session.scalars(select(BillRow).where(BillRow.code == code)).one_or_none()


def view(session: Session, bill: BillRow, *, released: bool = False) -> BillView:
    """A bill with what has come in.

    Args:
        session: an open session.
        bill: the bill.
        released: the ticket asks for no money any more.
    """
    held = standing(session, bill.id)
    remaining = 0 if released else max(0, bill.due_rupiah - held.applied)
    return BillView(bill.code, bill.due_rupiah, held, remaining)


def qris_payload(bill: BillView, bank: BankSystem) -> str:
    """The QRIS payload for what remains to be paid.

    Raises:
        QrisError: nothing remains, or a name of the bank's does not fit.
    """
    return qris.payload(
        merchant_id=bank.merchant_id,
        merchant_name=bank.merchant_name,
        merchant_city=bank.merchant_city,
        postal_code=bank.postal_code,
        category=bank.category,
        amount_rupiah=bill.remaining_rupiah,
        bill_number=bill.code,
    )
