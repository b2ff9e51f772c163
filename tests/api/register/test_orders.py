"""Blocks and liftings reach the register in the order in which they were decided, whatever fails in between."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select

from api.connections import GUARDS, TURNS
from api.database import OWNER_ROLE
from api.outbox.outside import RegisterSystem
from api.outbox.sending import Delivery
from api.outbox.tables import OutboxRow
from api.outbox.worker import Worker
from api.register.remote import RemoteRegister
from api.store.kinds import SYSTEM, Audience
from api.store.service import append
from api.tickets.blocking import block, lift
from api.tickets.orders import KINDS, has_to_wait, order_blocks
from tests.api.public_pages import ticket  # noqa: F401 - a fixture
from tests.api.register.reference_server import TOKEN, ReferenceRegister


@pytest.fixture
def server() -> Iterator[ReferenceRegister]:
    with ReferenceRegister().serving() as serving:
        yield serving


@pytest.fixture
def send(database, database_name, cluster, server):
    """`send()`: let every job run that waits, whenever it was to be tried again."""
    system = RegisterSystem(url=server.url, token=TOKEN, tries=1, timeout_s=0.3)
    remote = RemoteRegister(system, sleep=lambda _: None)

    def run() -> None:
        with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection:
            connection.execute("SET search_path = tertib_jobs, public")
            connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second'")
        delivery = Delivery(database, dict.fromkeys(KINDS, remote.order), {}, GUARDS, TURNS)
        Worker(database, delivery).run(until_idle=True)

    return run


@pytest.fixture
def silent(database, clock, ticket):  # noqa: F811 - the fixture
    clock.advance(timedelta(minutes=2))
    with database.session() as session:
        for event in ("notice_sent", "fell_silent"):
            append(session, ticket.id, event, actor=SYSTEM, body={}, audience=Audience.PARTY)
    return ticket


def orders(database):
    with database.session() as session:
        query = select(OutboxRow).where(OutboxRow.kind.in_(KINDS))
        found = sorted(session.scalars(query), key=lambda row: row.body["sequence"])
        return [(row.kind.removeprefix("register_"), row.state) for row in found]


def asked(server):
    return [method for method, path, _ in server.asked if path.startswith("/blocks/")]


def test_a_block_is_ordered_in_the_transaction_that_makes_it_and_once(database, silent, server, send):
    with database.open_session() as session:
        block(session, silent.id, reason="silence")
        session.rollback()
    assert orders(database) == []
    with database.session() as session:
        block(session, silent.id, reason="silence")
        assert order_blocks(session) == 0
    send()
    assert (orders(database), list(server.blocks)) == ([("block", "sent")], ["H1234AB"])


def test_a_block_that_a_deadline_made_is_ordered_too(database, silent, server, send):
    with database.session() as session:
        append(session, silent.id, "blocked", actor=SYSTEM, body={}, audience=Audience.PARTY)
        assert order_blocks(session) == 1
        assert order_blocks(session) == 0
    send()
    assert list(server.blocks) == ["H1234AB"]


def test_a_block_that_was_lifted_before_it_left_never_leaves(database, silent, server, send):
    with database.session() as session:
        block(session, silent.id, reason="silence")
        lift(session, silent.id, because="paid")
    send()
    assert orders(database) == [("block", "failed"), ("unblock", "sent")]
    assert (asked(server), server.blocks) == (["DELETE"], {})


def test_a_lifting_waits_for_a_block_that_is_on_its_way_and_is_never_overtaken(database, silent, server, send):
    with database.session() as session:
        block(session, silent.id, reason="silence")
        first = session.scalars(select(OutboxRow).where(OutboxRow.kind == "register_block")).one()
        first.state, key = "sending", first.key
    with database.session() as session:
        lift(session, silent.id, because="paid")
        second = session.scalars(select(OutboxRow).where(OutboxRow.kind == "register_unblock")).one()
        assert has_to_wait(session, second)
    # The block's own job is done with by its dead worker's successor: it is not ordered any more, then the lifting is.
    for _ in range(3):
        send()
    assert orders(database) == [("block", "failed"), ("unblock", "sent")]
    assert server.blocks == {}
    assert key not in server.keys


def test_a_register_that_is_down_gets_the_lifting_last(database, silent, server, send):
    server.next.extend([503, 503])
    with database.session() as session:
        block(session, silent.id, reason="silence")
    send()
    assert orders(database) == [("block", "waiting")]
    with database.session() as session:
        lift(session, silent.id, because="paid")
    for _ in range(3):
        send()
    assert orders(database)[-1] == ("unblock", "sent")
    assert (asked(server)[-1], server.blocks) == ("DELETE", {})


def test_an_old_lifting_sent_again_by_hand_does_not_lift_a_new_block(database, silent, server, send):
    with database.session() as session:
        block(session, silent.id, reason="silence")
    send()
    with database.session() as session:
        lift(session, silent.id, because="decided")
        old = session.scalars(select(OutboxRow).where(OutboxRow.kind == "register_unblock")).one()
        old.state, old.error = "failed", "refused"
        block(session, silent.id, reason="still owed")
        old.state = "waiting"
    for _ in range(3):
        send()
    assert [state for _, state in orders(database)] == ["sent", "failed", "sent"]
    assert list(server.blocks) == ["H1234AB"]


def test_the_register_refuses_an_order_that_comes_after_a_newer_one(silent, server, database, send):
    with database.session() as session:
        block(session, silent.id, reason="silence")
    send()
    server.sequences["H1234AB"] = 9
    with database.session() as session:
        lift(session, silent.id, because="paid")
    send()
    assert (orders(database)[-1], list(server.blocks)) == (("unblock", "failed"), ["H1234AB"])
