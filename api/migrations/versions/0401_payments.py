"""Bills, payments of the bank, the ledger, refunds, reconciliations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0401_payments"
down_revision = "0400_outbox"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "bills",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("due_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bills"),
        sa.UniqueConstraint("case_id", name="uq_bills_case_id"),
        sa.UniqueConstraint("code", name="uq_bills_code"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_bills_case_id"),
        sa.CheckConstraint("due_rupiah > 0", name=op.f("ck_bills_due")),
    )
    op.create_table(
        "bank_payments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("paid_at", TIME, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=True),
        sa.Column("inbox_id", sa.Uuid(), nullable=True),
        sa.Column("booked_at", TIME, nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bank_payments"),
        sa.UniqueConstraint("kind", "payment_id", name="uq_bank_payments_kind_payment_id"),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name="fk_bank_payments_bill_id"),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_bank_payments_inbox_id"),
        sa.CheckConstraint("kind in ('payment', 'reversal')", name=op.f("ck_bank_payments_kind")),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_bank_payments_amount")),
    )
    op.create_index("ix_bank_payments_paid_at", "bank_payments", ["paid_at"])
    op.create_index("ix_bank_payments_bill_id", "bank_payments", ["bill_id"])
    op.create_table(
        "ledger_transactions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=True),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_transactions"),
        sa.UniqueConstraint("key", name="uq_ledger_transactions_key"),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name="fk_ledger_transactions_bill_id"),
    )
    op.create_index("ix_ledger_transactions_bill_id", "ledger_transactions", ["bill_id"])
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("transaction_id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=True),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
        sa.ForeignKeyConstraint(
            ["transaction_id"], ["ledger_transactions.id"], name="fk_ledger_entries_transaction_id"
        ),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name="fk_ledger_entries_bill_id"),
        sa.CheckConstraint("amount_rupiah <> 0", name=op.f("ck_ledger_entries_amount")),
    )
    op.create_index("ix_ledger_entries_account_bill_id", "ledger_entries", ["account", "bill_id"])
    op.create_index("ix_ledger_entries_transaction_id", "ledger_entries", ["transaction_id"])
    op.create_table(
        "refunds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("bill_id", sa.Uuid(), nullable=False),
        sa.Column("amount_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("to_bank", sa.Text(), nullable=False),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", TIME, nullable=False),
        sa.Column("allowed_by", sa.Text(), nullable=True),
        sa.Column("allowed_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_refunds"),
        sa.ForeignKeyConstraint(["bill_id"], ["bills.id"], name="fk_refunds_bill_id"),
        sa.CheckConstraint("allowed_by is null or allowed_by <> asked_by", name=op.f("ck_refunds_four_eyes")),
        sa.CheckConstraint("amount_rupiah > 0", name=op.f("ck_refunds_amount")),
        sa.CheckConstraint("state in ('asked', 'allowed', 'paid', 'failed', 'refused')", name=op.f("ck_refunds_state")),
    )
    op.create_index("ix_refunds_bill_id", "refunds", ["bill_id"])
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("file_sha256", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("sum_rupiah", sa.BigInteger(), nullable=False),
        sa.Column("differences", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reconciliations"),
        sa.UniqueConstraint("day", "file_sha256", name="uq_reconciliations_day_file_sha256"),
    )
    for table in ("bank_payments", "ledger_transactions", "ledger_entries", "reconciliations"):
        op.execute(
            f"CREATE TRIGGER {table}_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM tertib_app")
    for table in ("bills", "refunds"):
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION tertib_refuse_change()"
        )
        op.execute(f"REVOKE DELETE, TRUNCATE ON {table} FROM tertib_app")
    op.execute("REVOKE UPDATE ON bills FROM tertib_app")
    op.execute("GRANT UPDATE (due_rupiah) ON bills TO tertib_app")
    op.execute("REVOKE UPDATE ON refunds FROM tertib_app")
    op.execute("GRANT UPDATE (state, allowed_by, allowed_at) ON refunds TO tertib_app")

    # Money is neither made nor lost: every booking balances when its transaction commits.
    op.execute("""
        CREATE FUNCTION tertib_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            booking uuid := coalesce(to_jsonb(NEW) ->> 'transaction_id', to_jsonb(NEW) ->> 'id')::uuid;
            total numeric;
            lines integer;
        BEGIN
            SELECT sum(amount_rupiah), count(*) INTO total, lines FROM ledger_entries WHERE transaction_id = booking;
            IF lines < 2 OR total <> 0 THEN
                RAISE EXCEPTION 'booking % does not balance: % in % lines', booking, total, lines
                    USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    for table in ("ledger_transactions", "ledger_entries"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {table}_balanced AFTER INSERT ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tertib_balanced()"
        )


def downgrade() -> None:
    # Books are never taken down by a program.
    raise NotImplementedError
