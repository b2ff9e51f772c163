"""Tables of the money. The ledger only grows, and each of its transactions balances: the database says so."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base


class BillRow(Base):
    """What a ticket's owner may pay, and under which code. One bill a ticket."""

    __tablename__ = "bills"
    __table_args__ = (
        UniqueConstraint("case_id"),
        UniqueConstraint("code"),
        CheckConstraint("due_rupiah > 0", name="due"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    code: Mapped[str]
    due_rupiah: Mapped[int] = mapped_column(BigInteger)
    made_at: Mapped[datetime]


class PaymentRow(Base):
    """A payment or a reversal that the bank told us of. Only grows."""

    __tablename__ = "bank_payments"
    __table_args__ = (
        UniqueConstraint("kind", "payment_id"),
        CheckConstraint("kind in ('payment', 'reversal')", name="kind"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
        Index("ix_bank_payments_paid_at", "paid_at"),
        Index("ix_bank_payments_bill_id", "bill_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    kind: Mapped[str]
    # The bank's number of the payment; a reversal carries the number of the payment that it takes back.
    payment_id: Mapped[str]
    code: Mapped[str]
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    paid_at: Mapped[datetime]
    channel: Mapped[str]
    bill_id: Mapped[UUID | None] = mapped_column(ForeignKey("bills.id"))
    inbox_id: Mapped[UUID | None] = mapped_column(ForeignKey("inbox.id"))
    booked_at: Mapped[datetime]
    outcome: Mapped[str]


class LedgerTransactionRow(Base):
    """One booking. Only grows; its entries add up to zero when the transaction commits."""

    __tablename__ = "ledger_transactions"
    __table_args__ = (UniqueConstraint("key"), Index("ix_ledger_transactions_bill_id", "bill_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    key: Mapped[str]
    kind: Mapped[str]
    bill_id: Mapped[UUID | None] = mapped_column(ForeignKey("bills.id"))
    at: Mapped[datetime]
    actor_id: Mapped[str]


class LedgerEntryRow(Base):
    """One line of a booking: debit positive, credit negative, whole rupiah. Only grows."""

    __tablename__ = "ledger_entries"
    __table_args__ = (
        CheckConstraint("amount_rupiah <> 0", name="amount"),
        Index("ix_ledger_entries_account_bill_id", "account", "bill_id"),
        Index("ix_ledger_entries_transaction_id", "transaction_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    transaction_id: Mapped[UUID] = mapped_column(ForeignKey("ledger_transactions.id"))
    account: Mapped[str]
    bill_id: Mapped[UUID | None] = mapped_column(ForeignKey("bills.id"))
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)


class RefundRow(Base):
    """Money that goes back: asked for by one person, allowed by another."""

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("allowed_by is null or allowed_by <> asked_by", name="four_eyes"),
        CheckConstraint("amount_rupiah > 0", name="amount"),
        CheckConstraint("state in ('asked', 'allowed', 'paid', 'failed', 'refused')", name="state"),
        Index("ix_refunds_bill_id", "bill_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    bill_id: Mapped[UUID] = mapped_column(ForeignKey("bills.id"))
    amount_rupiah: Mapped[int] = mapped_column(BigInteger)
    to_bank: Mapped[str]
    to_account: Mapped[str]
    to_name: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="asked")
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    allowed_by: Mapped[str | None]
    allowed_at: Mapped[datetime | None]


class ReconciliationRow(Base):
    """A day of the bank's file held against the books. Only grows."""

    __tablename__ = "reconciliations"
    __table_args__ = (UniqueConstraint("day", "file_sha256"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    day: Mapped[date]
    file_sha256: Mapped[str]
    at: Mapped[datetime]
    actor_id: Mapped[str]
    lines: Mapped[int]
    sum_rupiah: Mapped[int] = mapped_column(BigInteger)
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)


class CursorRow(Base):
    """How far the books have followed the cases: one row."""

    __tablename__ = "bill_cursor"
    __table_args__ = (CheckConstraint("id = 1", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)
