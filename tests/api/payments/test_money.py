"""Money is conserved whatever comes, in whatever order: a machine tries it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from api.database import APP_ROLE, OWNER_ROLE
from api.outbox.outside import load_outside
from api.outbox.tables import OutboxRow
from api.payments.bills import bill_for
from api.payments.booking import BANK, Notice, Outcome, record
from api.payments.following import catch_up, follow
from api.payments.ledger import Unbalanced, book, standing, totals
from api.payments.refunds import RefundRefused, SamePersonRefused, allow, available, paid_back, propose
from api.payments.tables import BillRow, PaymentRow, RefundRow
from api.store.kinds import Audience, CaseKind
from api.store.service import append, verify_chain
from api.store.tables import CaseRow
from api.store.transitions import allowed
from tests.api.public_pages import make_ticket

DUE = 500_000
# A large run: TERTIB_MONEY_LIVES=500 TERTIB_MONEY_STEPS=50 pytest -k money_is_conserved
LIVES, STEPS = int(os.environ.get("TERTIB_MONEY_LIVES", "6")), int(os.environ.get("TERTIB_MONEY_STEPS", "20"))
AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
AMOUNTS = st.sampled_from([1, 100_000, 250_000, DUE - 1, DUE, DUE + 1, 750_000])


class Money(RuleBasedStateMachine):
    """One ticket, its owner, the bank, an officer, a court; each step is a transaction. The model is a list."""

    office: tuple = ()

    def __init__(self) -> None:
        super().__init__()
        database, config, officer, second, third, make = self.office
        self.database, self.officer, self.second, self.third = database, officer, second, third
        self.ticket = make()
        with database.session() as session:
            ticket = session.get_one(CaseRow, self.ticket)
            self.bill = bill_for(session, ticket, load_outside(config).bank).id
            code = session.get_one(BillRow, self.bill).code
        self.code = code
        self.paid: dict[str, int] = {}
        self.taken_back: dict[str, int] = {}
        self.refunded = 0

    def tell(self, kind: str, number: str, amount: int, code: str | None = None) -> Outcome:
        with self.database.session() as session:
            return record(session, Notice(kind, number, code or self.code, amount, AT, "teller"))

    def case(self, session) -> CaseRow:
        return session.get_one(CaseRow, self.ticket)

    @rule(amount=AMOUNTS)
    def pay(self, amount: int) -> None:
        number = uuid4().hex
        self.tell("payment", number, amount)
        self.paid[number] = amount

    @precondition(lambda self: self.paid)
    @rule(data=st.data(), change=st.integers(0, 1))
    def pay_twice(self, data, change: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.paid)))
        outcome = self.tell("payment", number, self.paid[number] + change)
        assert outcome is (Outcome.CONFLICT if change else Outcome.DUPLICATE)

    @precondition(lambda self: set(self.paid) - set(self.taken_back))
    @rule(data=st.data())
    def take_back(self, data) -> None:
        number = data.draw(st.sampled_from(sorted(set(self.paid) - set(self.taken_back))))
        assert self.tell("reversal", number, self.paid[number]) is Outcome.REVERSED
        self.taken_back[number] = self.paid[number]

    @rule(amount=AMOUNTS)
    def taken_back_before_it_came(self, amount: int) -> None:
        number = uuid4().hex
        assert self.tell("reversal", number, amount) is Outcome.REVERSAL_WAITS
        assert self.tell("payment", number, amount) is Outcome.REVERSED_AT_ONCE

    @rule(event=st.sampled_from(["cancelled", "contest_withdrawn", "sent_to_court", "reinstated"]))
    def somebody_decides(self, event: str) -> None:
        with self.database.session() as session:
            if event in allowed(CaseKind.TICKET, self.case(session).state):
                actor = self.third if event == "reinstated" else self.second
                append(session, self.ticket, event, actor=actor.actor, body={}, audience=Audience.PARTY)

    @rule(fine=st.sampled_from([100_000, 499_000, DUE]))
    def a_court_judges(self, fine: int) -> None:
        with self.database.session() as session:
            if "judged" in allowed(CaseKind.TICKET, self.case(session).state):
                append(
                    session,
                    self.ticket,
                    "judged",
                    actor=self.second.actor,
                    body={"fine_rupiah": fine},
                    audience=Audience.PARTY,
                )

    @rule()
    def the_books_follow(self) -> None:
        with self.database.session() as session:
            follow(session)
        with self.database.session() as session:
            assert not catch_up(session, self.case(session)), "following twice changes nothing"

    @rule(amount=AMOUNTS)
    def money_goes_back(self, amount: int) -> None:
        with self.database.session() as session:
            bill = session.get_one(BillRow, self.bill)
            possible = "refund_proposed" in allowed(CaseKind.TICKET, self.case(session).state)
            if not possible:
                return
            more_than_there_is = amount > available(session, bill)
            how = {"to_bank": "BRI", "to_account": "0123456789", "to_name": "Budi", "actor": self.officer.actor}
            if more_than_there_is:
                with pytest.raises(RefundRefused):
                    propose(session, self.case(session), bill, amount_rupiah=amount, **how)
                return
            refund = propose(session, self.case(session), bill, amount_rupiah=amount, **how)
            with pytest.raises(SamePersonRefused):
                allow(session, refund.id, actor=self.officer.actor)
            allow(session, refund.id, actor=self.second.actor)
            effect = session.scalars(select(OutboxRow).where(OutboxRow.key == f"refund:{refund.id}")).one()
            effect.state = "sent"
            session.flush()
            paid_back(session, effect)
            paid_back(session, effect)
            assert session.get_one(RefundRow, refund.id).state == "paid"
        self.refunded += amount

    @invariant()
    def no_rupiah_is_made_or_lost(self) -> None:
        with self.database.session() as session:
            held = standing(session, self.bill)
            there = sum(self.paid.values()) - sum(self.taken_back.values()) - self.refunded
            assert held.deposit + held.refundable + held.fines - held.claims == there
            assert min(held.deposit, held.refundable, held.fines, held.claims) >= 0
            assert sum(totals(session).values()) == 0

    @invariant()
    def paid_means_that_the_money_is_there(self) -> None:
        with self.database.session() as session:
            state, bill = self.case(session).state, session.get_one(BillRow, self.bill)
            if state == "paid":
                assert standing(session, self.bill).applied >= bill.due_rupiah

    def teardown(self) -> None:
        with self.database.session() as session:
            verify_chain(session, self.ticket)
            assert len(session.scalars(select(PaymentRow).where(PaymentRow.code == self.code)).all()) >= len(self.paid)


def test_money_is_conserved(database, settings, officer, make_user):
    numbers = iter(range(1, 100_000, 2))

    def make():
        return make_ticket(database, settings, officer, sequence=next(numbers)).id

    class Here(Money):
        office = (database, settings, officer, make_user("supervisor"), make_user("supervisor"), make)

    run_state_machine_as_test(
        Here,
        settings=trying(
            max_examples=LIVES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_booking_that_makes_money_is_refused_by_code_and_database(database, bill, cluster, database_name):
    with database.session() as session, pytest.raises(Unbalanced):
        book(session, key="k", kind="gift", bill_id=bill.id, entries={"bank": 5, "deposit": -4}, actor=BANK)
    with psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection:
        booking = uuid4()
        connection.execute(
            "INSERT INTO ledger_transactions (id, key, kind, at, actor_id) VALUES (%s, 'k', 'gift', now(), 'me')",
            (booking,),
        )
        connection.execute(
            "INSERT INTO ledger_entries (transaction_id, account, amount_rupiah) VALUES (%s, 'bank', 5)", (booking,)
        )
        with pytest.raises(psycopg.errors.IntegrityError, match="does not balance"):
            connection.commit()
    for statement in ("UPDATE ledger_entries SET amount_rupiah = 1", "DELETE FROM ledger_transactions"):
        with (
            psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection,
            pytest.raises(psycopg.errors.RestrictViolation),
        ):
            connection.execute(statement)
