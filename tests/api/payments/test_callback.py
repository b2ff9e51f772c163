"""The bank's callbacks: wrong key, replay, twice, too little, too much, taken back, out of order: each told apart."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from api.audit.verifying import Audit
from api.clock import now
from api.database import OWNER_ROLE
from api.outbox.tables import InboxRow, OutboxRow
from api.payments import booking
from api.payments.codes import new_code
from api.payments.ledger import standing, totals
from api.payments.tables import PaymentRow
from api.store.kinds import SYSTEM, Audience
from api.store.service import append, events_of, verify_chain
from api.store.sweeping import sweep_due
from api.store.tables import BlockRow, CaseRow
from api.tickets.blocking import blocks_on
from tests.api.payments.bank import notice

DUE = 500_000


@pytest.fixture
def books(database, bill):
    """`books()`: deposit, refundable, the ticket's state, and that no rupiah was made or lost."""

    def look():
        with database.session() as session:
            assert sum(totals(session).values()) == 0
            held = standing(session, bill.id)
            verify_chain(session, bill.case_id)
            return held.deposit, held.refundable, session.get_one(CaseRow, bill.case_id).state

    return look


def test_the_exact_sum_settles_the_ticket(bank, bill, books, database):
    answer = bank.tell(notice(bill.code, DUE, "p1"))
    assert (answer.status_code, answer.json()) == (200, {"outcome": "settled", "repeated": False})
    assert books() == (DUE, 0, "paid")
    with database.session() as session:
        paid = events_of(session, bill.case_id)[-1]
        assert (paid.type, paid.audience, paid.actor_name) == ("paid", "party", "Bank")
        assert paid.data["payment"]["id"] == "p1"


def test_a_wrong_key_or_a_changed_byte_is_refused_and_nothing_is_kept(bank, bill, books, database):
    body = json.dumps(notice(bill.code, DUE, "p1")).encode()
    headers = bank.headers(body)
    for changed in (
        {**headers, "x-signature": "0" * 64},
        {**headers, "x-signature": "\u00e4"},
        {**headers, "x-external-id": "other"},
        {**headers, "x-timestamp": headers["x-timestamp"].replace("+00:00", "Z")},
    ):
        answer = bank.post(body, {k: v.encode() for k, v in changed.items()})
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:tertib:problem:callback-signature")
    assert bank.post(body.replace(b"500000", b"500001"), headers).status_code == 401
    assert bank.post(body, {k: v for k, v in headers.items() if k != "x-timestamp"}).status_code == 400
    assert books() == (0, 0, "issued")
    with database.session() as session:
        assert session.scalars(select(InboxRow)).all() == []


def test_a_recording_of_an_old_message_is_refused(bank, bill, books):
    body = json.dumps(notice(bill.code, DUE, "p1")).encode()
    for age in (timedelta(minutes=6), timedelta(minutes=-6)):
        answer = bank.post(body, bank.headers(body, age=age))
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:tertib:problem:callback-stale")
    assert books() == (0, 0, "issued")


def test_the_same_message_and_the_same_payment_are_booked_once(bank, bill, books):
    bank.tell(notice(bill.code, DUE, "p1"))
    headers, body = bank.sent[0]
    assert bank.post(body, headers).json() == {"outcome": "settled", "repeated": True}
    assert bank.tell(notice(bill.code, DUE, "p1")).json() == {"outcome": "duplicate", "repeated": False}
    assert books() == (DUE, 0, "paid")


def test_another_amount_under_the_same_number_is_a_conflict_and_is_not_booked(bank, bill, books):
    bank.tell(notice(bill.code, DUE, "p1"))
    answer = bank.tell(notice(bill.code, DUE + 1, "p1"))
    assert (answer.status_code, answer.json()["outcome"]) == (409, "conflict")
    assert bank.outcome(notice(bill.code, DUE - 1, "p1", kind="reversal")) == "conflict"
    assert books() == (DUE, 0, "paid")


def test_a_message_id_is_not_used_for_two_messages(bank, bill, books):
    bank.tell(notice(bill.code, 100, "p1"), external_id="one")
    answer = bank.tell(notice(bill.code, 100, "p2"), external_id="one")
    assert (answer.status_code, answer.json()["outcome"]) == (409, "reused_id")
    assert books() == (100, 0, "issued")


def test_too_little_is_kept_and_the_rest_settles(bank, bill, books):
    assert bank.outcome(notice(bill.code, 200_000, "p1")) == "underpaid"
    assert books() == (200_000, 0, "issued")
    assert bank.outcome(notice(bill.code, 300_000, "p2")) == "settled"
    assert books() == (DUE, 0, "paid")


def test_too_much_is_the_owners_to_take_back(bank, bill, books):
    assert bank.outcome(notice(bill.code, DUE + 25_000, "p1")) == "overpaid"
    assert books() == (DUE, 25_000, "paid")
    assert bank.outcome(notice(bill.code, DUE, "p2")) == "paid_again"
    assert books() == (DUE, 25_000 + DUE, "paid")


def test_money_for_no_bill_is_kept_apart(bank, bill, books, database):
    assert bank.outcome(notice(new_code("88810"), DUE, "p1")) == "unmatched"
    assert books() == (0, 0, "issued")
    with database.session() as session:
        assert totals(session) == {"bank": DUE, "unmatched": -DUE}


def test_a_payment_that_is_taken_back(bank, bill, books):
    bank.tell(notice(bill.code, 200_000, "p1"))
    assert bank.outcome(notice(bill.code, 200_000, "p1", kind="reversal")) == "reversed"
    assert books() == (0, 0, "issued")
    assert bank.outcome(notice(bill.code, 200_000, "p1", kind="reversal")) == "duplicate"
    assert books() == (0, 0, "issued")


def test_a_reversal_that_comes_before_its_payment(bank, bill, books):
    assert bank.outcome(notice(bill.code, DUE, "p1", kind="reversal")) == "reversal_waits"
    assert books() == (0, 0, "issued")
    assert bank.outcome(notice(bill.code, DUE, "p1")) == "reversed_at_once"
    assert books() == (0, 0, "issued")


@pytest.mark.parametrize(
    "change",
    [
        {"amount_rupiah": 0},
        {"amount_rupiah": -5},
        {"amount_rupiah": 500000.0},
        {"amount_rupiah": "500000"},
        {"kind": "gift"},
        {"virtual_account": "8881O"},
        {"paid_at": "2026-11-24T03:00:00"},
        {"payment_id": ""},
    ],
)
def test_content_that_was_not_agreed_is_told_with_its_field(bank, bill, books, change):
    answer = bank.tell(notice(bill.code, DUE, "p1") | change)
    assert answer.status_code == 422
    assert next(iter(change)) in answer.json()["detail"]
    assert books() == (0, 0, "issued")


def test_all_at_once_is_booked_once(bank, bill, books):
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(bank.outcome(notice(bill.code, DUE, f"p{n % 2}"))))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # Who had no time is told so, and is told the end when asking again.
    answers = [one for one in answers if one != "pending"]
    assert set(answers) <= {"settled", "paid_again", "duplicate"}
    client_app = bank.client.app
    client_app.state.inbox.drain()
    assert books() == (DUE, DUE, "paid")


def test_a_slow_database_does_not_keep_the_bank_waiting(bank, bill, books, cluster, database_name):
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as somebody:
        somebody.execute("LOCK TABLE bank_payments IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        answer = bank.tell(notice(bill.code, DUE, "p1"))
        assert (answer.status_code, answer.json()["outcome"]) == (202, "pending")
        assert time.monotonic() - started < 5
    until = time.monotonic() + 20
    while books()[2] != "paid" and time.monotonic() < until:
        bank.client.app.state.inbox.drain()
        time.sleep(0.05)
    assert books() == (DUE, 0, "paid")


@pytest.fixture
def blocked(database, clock, bill):
    """The bill of a ticket whose owner was told, said nothing, and whose vehicle the sweeper blocked."""
    clock.advance(timedelta(minutes=2))
    with database.session() as session:
        append(session, bill.case_id, "notice_sent", actor=SYSTEM, body={"channel": "post"}, audience=Audience.PARTY)
    clock.advance(timedelta(days=6))
    with database.session() as session:
        assert sweep_due(session, now(session)) > 0
    return bill


@pytest.fixture
def blocking(database, blocked):
    """`blocking()`: whether a block stands on the plate, and the plates that the register is asked to let go."""

    def look():
        with database.session() as session:
            orders = session.scalars(select(OutboxRow).where(OutboxRow.kind == "register_unblock")).all()
            stands = [row.case_id for row in blocks_on(session, "H1234AB")] == [blocked.case_id]
            return stands, [order.body["plate"] for order in orders]

    return look


def test_money_that_comes_for_a_blocked_vehicle_lifts_the_block_in_the_same_transaction(
    bank, blocked, blocking, books, database
):
    assert (books(), blocking()) == ((0, 0, "blocked"), (True, []))
    assert bank.outcome(notice(blocked.code, DUE, "p1")) == "settled"
    assert (books(), blocking()) == ((DUE, 0, "paid"), (False, ["H1234AB"]))
    with database.session() as session:
        *_, lifted, paid = events_of(session, blocked.case_id)
        assert [(one.type, one.actor_role) for one in (lifted, paid)] == [("unblocked", "system"), ("paid", "system")]
        assert lifted.data["because"] == "paid"
        row = session.scalars(select(BlockRow)).one()
        assert (row.lifted_by, row.lifted_at) == (lifted.number, lifted.at)
        assert list(Audit(session).findings()) == []


def test_half_the_money_lifts_no_block_and_the_rest_does(bank, blocked, blocking, books):
    assert bank.outcome(notice(blocked.code, 200_000, "p1")) == "underpaid"
    assert (books(), blocking()) == ((200_000, 0, "blocked"), (True, []))
    assert bank.outcome(notice(blocked.code, 300_000, "p2")) == "settled"
    assert (books(), blocking()) == ((DUE, 0, "paid"), (False, ["H1234AB"]))


def test_what_breaks_between_the_lifting_and_the_payment_leaves_all_as_it_was_and_comes_later(
    bank, blocked, blocking, books, database, monkeypatch
):
    def breaks(session, case_id, event_type, **how):
        if event_type == "paid":
            raise OperationalError(event_type, {}, Exception("the server closed the connection"))
        return append(session, case_id, event_type, **how)

    with monkeypatch.context() as patch:
        patch.setattr(booking, "append", breaks)
        assert bank.outcome(notice(blocked.code, DUE, "p1")) == "pending"
        assert (books(), blocking()) == ((0, 0, "blocked"), (True, []))
        with database.session() as session:
            assert session.scalars(select(PaymentRow)).all() == []
            assert events_of(session, blocked.case_id)[-1].type == "blocked"
    bank.client.app.state.inbox.drain()
    assert (books(), blocking()) == ((DUE, 0, "paid"), (False, ["H1234AB"]))
