"""The books: double entry in whole rupiah, append-only, each booking balanced by the database itself.

Debit is positive. `bank` is what lies at the bank; `deposit` is what owners have put down (Art. 267: the maximum
fine), `refundable` what is theirs to take back, `fines` what a court has awarded to the state, `claims` what the bank
took back after it had been spent, `unmatched` money that came for no bill, `transit` refunds ordered at the bank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.clock import now
from api.payments.tables import LedgerEntryRow, LedgerTransactionRow
from api.store.kinds import Actor

Account = Literal["bank", "deposit", "refundable", "fines", "claims", "unmatched", "transit"]
ACCOUNTS: Final[tuple[Account, ...]] = ("bank", "deposit", "refundable", "fines", "claims", "unmatched", "transit")


class Unbalanced(ValueError):  # noqa: N818 - reads as what happened
    """A booking that makes or loses money: a fault of the program, refused before the database refuses it."""


@dataclass(frozen=True)
class Standing:
    """What a bill's accounts hold, whole rupiah, each in the direction in which it is usually full.

    Attributes:
        deposit: put down for the fine.
        refundable: the owner's to take back.
        fines: awarded to the state.
        claims: owed to us, since the bank took back what was spent already.
    """

    deposit: int = 0
    refundable: int = 0
    fines: int = 0
    claims: int = 0

    @property
    def free(self) -> int:
        """What can still be moved between deposit and refund; negative when more was taken back than is there."""
        return self.deposit + self.refundable - self.claims

    @property
    def applied(self) -> int:
        """What counts towards the bill."""
        return self.deposit + self.fines


def book(
    session: Session, *, key: str, kind: str, bill_id: UUID | None, entries: Mapping[Account, int], actor: Actor
) -> UUID | None:
    """Write one booking.

    Args:
        session: an open transaction.
        key: the same key is never booked twice (the database refuses it).
        kind: payment, reversal, release, verdict, refund, ...
        bill_id: whose; None for money that came for no bill.
        entries: rupiah by account, debit positive; zeros are left out.
        actor: who books.

    Returns:
        The booking's id; None when there was nothing to book.

    Raises:
        Unbalanced: the entries do not add up to zero.
    """
    lines = {account: amount for account, amount in entries.items() if amount}
    if sum(lines.values()):
        message = f"the booking {key!r} does not balance: {lines}"
        raise Unbalanced(message)
    if not lines:
        return None
    booking = LedgerTransactionRow(id=uuid4(), key=key, kind=kind, bill_id=bill_id, at=now(session), actor_id=actor.id)
    session.add(booking)
    session.flush()
    session.add_all(
        LedgerEntryRow(transaction_id=booking.id, account=account, bill_id=bill_id, amount_rupiah=amount)
        for account, amount in lines.items()
    )
    session.flush()
    return booking.id


def standing(session: Session, bill_id: UUID) -> Standing:
    """What a bill's accounts hold now."""
    query = (
        select(LedgerEntryRow.account, func.sum(LedgerEntryRow.amount_rupiah))
        .where(LedgerEntryRow.bill_id == bill_id)
        .group_by(LedgerEntryRow.account)
    )
    sums = {account: int(total) for account, total in session.execute(query)}
    return Standing(
        deposit=-sums.get("deposit", 0),
        refundable=-sums.get("refundable", 0),
        fines=-sums.get("fines", 0),
        claims=sums.get("claims", 0),
    )


def totals(session: Session) -> dict[str, int]:
    """The balance of every account over all bills, debit positive; together they are zero."""
    query = select(LedgerEntryRow.account, func.sum(LedgerEntryRow.amount_rupiah)).group_by(LedgerEntryRow.account)
    return {account: int(total) for account, total in session.execute(query)}
