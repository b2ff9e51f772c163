"""The outbox: in the transaction or not at all, at least once, one key once, told when it fails, taken up again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import select

from api.database import OWNER_ROLE
from api.outbox.sending import Delivery, Effect, SendingFailed, SendingRefused
from api.outbox.service import NotFailed, send_again, send_out
from api.outbox.tables import OutboxRow
from api.outbox.worker import Worker


class Post:
    """The other end: keeps what it got, and fails as often as told."""

    def __init__(self, *failures: Exception) -> None:
        self.got: list[Effect] = []
        self.failures = list(failures)

    def __call__(self, effect: Effect) -> str:
        self.got.append(effect)
        if self.failures:
            raise self.failures.pop(0)
        return f"taken {effect.key}"


@pytest.fixture
def work(database) -> Callable[[Post], None]:
    def do(post: Post) -> None:
        Worker(database, Delivery(database, {"test": post}, {})).run(until_idle=True)

    return do


def rows(database) -> dict[str, OutboxRow]:
    with database.session() as session:
        return {row.key: row for row in session.scalars(select(OutboxRow))}


def test_what_is_committed_is_sent_once_and_what_is_rolled_back_never(database, work):
    with database.session() as session:
        send_out(session, kind="test", key="a", body={"n": 1})
        send_out(session, kind="test", key="a", body={"n": 2})
    with database.open_session() as session:
        send_out(session, kind="test", key="never", body={})
        session.rollback()
    post = Post()
    work(post)
    work(post)
    assert [(effect.key, effect.body) for effect in post.got] == [("a", {"n": 1})]
    row = rows(database)["a"]
    assert (row.state, row.answer, row.attempts) == ("sent", "taken a", 1)


def test_a_refusal_stays_visible_and_can_be_sent_again_by_hand(database, work):
    with database.session() as session:
        row = send_out(session, kind="test", key="a", body={})
        with pytest.raises(NotFailed):
            send_again(session, row.id)
    post = Post(SendingRefused("no such address"))
    work(post)
    held = rows(database)["a"]
    assert (held.state, held.error) == ("failed", "no such address")
    with database.session() as session:
        send_again(session, held.id)
    work(post)
    assert rows(database)["a"].state == "sent"
    assert [effect.key for effect in post.got] == ["a", "a"], "the other end tells them apart by nothing but the key"


def test_a_failure_waits_for_its_next_try(database, database_name, cluster, work):
    with database.session() as session:
        send_out(session, kind="test", key="a", body={})
    post = Post(SendingFailed("the line is down"))
    work(post)
    assert rows(database)["a"].state == "waiting"
    work(post)
    assert len(post.got) == 1, "not before its time"
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection:
        connection.execute("SET search_path = tertib_jobs, public")
        connection.execute("UPDATE procrastinate_jobs SET scheduled_at = now() - interval '1 second'")
    work(post)
    held = rows(database)["a"]
    assert (held.state, held.attempts, held.error) == ("sent", 2, None)


def test_nothing_that_sends_it_is_a_failure_that_says_so(database, work):
    with database.session() as session:
        send_out(session, kind="telegraph", key="a", body={})
    work(Post())
    assert "telegraph" in (rows(database)["a"].error or "")


def test_the_job_of_a_worker_that_died_is_taken_up(database, database_name, cluster):
    """The worker died after it began to send: its job is `doing`, its sign of life is old."""
    with database.session() as session:
        row = send_out(session, kind="test", key="a", body={})
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection:
        connection.execute("UPDATE outbox SET state = 'sending', attempts = 1 WHERE id = %s", (row.id,))
        dead = connection.execute(
            "INSERT INTO tertib_jobs.procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
            " RETURNING id"
        ).fetchone()
        assert dead is not None
        connection.execute("SET search_path = tertib_jobs, public")
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", dead)
    post = Post()
    worker = Worker(database, Delivery(database, {"test": post}, {}), stalled_after_s=5)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until = time.monotonic() + 20
    while rows(database)["a"].state != "sent" and time.monotonic() < until:
        time.sleep(0.05)
    worker.stop()
    thread.join(10)
    assert [effect.attempt for effect in post.got] == [2]


def test_what_was_to_be_sent_cannot_be_changed(database, database_name, cluster):
    with database.session() as session:
        send_out(session, kind="test", key="a", body={"amount": 1})
    for statement in ("UPDATE outbox SET body = '{}'", "UPDATE outbox SET key = 'b'", "DELETE FROM outbox"):
        with (
            psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection,
            pytest.raises(psycopg.errors.RestrictViolation),
        ):
            connection.execute(statement)
