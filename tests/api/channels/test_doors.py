"""The doors: a forger is refused and counted, nonsense breaks nothing, and whatever hangs keeps nobody waiting."""

from __future__ import annotations

import threading

import anyio.to_thread
import psycopg
import pytest
from sqlalchemy import func, select

from api.channels.refusals import REFUSALS, refused_by_source
from api.connections import inbox_of
from api.database import OWNER_ROLE
from api.notices.whatsapp import signed
from api.outbox.inbox import PATIENCE_S, Spool
from api.outbox.tables import InboxRow, OutboxRow
from tests.api.channels.outside_world import COMMENT, STORY, complaints, post, text


@pytest.mark.parametrize("path", ["/v1/whatsapp/webhook", "/v1/meta/webhook", "/v1/relays/lapor"])
def test_a_wrong_signature_is_refused_counted_and_stores_nothing(office, database, path):
    with database.session() as session:
        REFUSALS.write(session)
        before = sum(refused_by_source(session).values())
    for wrong in ("", "sha256=00", signed("another", b"{}")):
        assert post(office, path, text(STORY), wrong, "x-hub-signature-256").status_code == 401
    if "relays" not in path:
        asked = {"hub.mode": "subscribe", "hub.verify_token": "wrong", "hub.challenge": "1"}
        assert office.get(path, params=asked).status_code == 403
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(InboxRow)) == 0
        REFUSALS.write(session)
        assert sum(refused_by_source(session).values()) - before >= 3
    assert complaints(database) == []


def _left_waiting(superuser: str, database_name: str) -> int:
    """End every connection that waits for a lock, as a server does that dies; how many still do."""
    waiting = "FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(superuser, autocommit=True) as server:
        server.execute(f"SELECT pg_terminate_backend(pid) {waiting}", (database_name,))
        (count,) = server.execute(f"SELECT count(*) {waiting}", (database_name,)).fetchone()
        return count


@pytest.mark.parametrize("path", ["/v1/whatsapp/webhook", "/v1/meta/webhook"])
def test_a_database_that_hangs_keeps_nobody_waiting_and_loses_nothing(
    office, database, database_name, cluster, path, settings
):
    document = text(STORY) if "whatsapp" in path else COMMENT
    spool = Spool(settings.home / "inbox")
    inbox = office.app.state.inbox
    inbox._patience_s = PATIENCE_S
    with psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as holder:
        holder.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
        # Answered while the lock is held: the answer asked the database for nothing.
        answer = post(office, path, document)
        assert (answer.status_code, answer.json()) == (200, {"state": "pending"})
        # The request's own try ends in failure: whatever comes now comes from the disk.
        while _left_waiting(cluster.superuser, database_name):
            pass
        inbox._handling.shutdown(wait=True)
    assert complaints(database) == []
    assert len(list(spool.waiting())) == 1
    after = inbox_of(database, settings)  # as a process that starts anew
    assert (after.drain(), after.drain()) == (1, 0)
    assert len(complaints(database)) == 1
    assert list(spool.waiting()) == []


def test_pages_that_wait_for_the_database_keep_no_sender_waiting(office, database):
    """Every thread that pages share is taken; a sender needs none of them."""
    let_go, answers = threading.Event(), []

    async def take_all() -> int:
        return int(anyio.to_thread.current_default_thread_limiter().total_tokens)

    for _ in range(office.portal.call(take_all)):
        office.portal.start_task_soon(anyio.to_thread.run_sync, let_go.wait)
    asking = threading.Thread(target=lambda: answers.append(post(office, "/v1/whatsapp/webhook", text(STORY)).json()))
    asking.start()
    asking.join(20)
    answered = list(answers)
    let_go.set()
    asking.join()
    assert answered == [{"state": "done"}]
    assert len(complaints(database)) == 1


NONSENSE = [None, [], 5, {"entry": 5}, {"entry": [5, {"changes": [None, {"value": {"messages": [{"from": {}}]}}]}]}]


def test_nonsense_that_is_signed_breaks_nothing(office, database):
    for document in NONSENSE:
        for path, header in (
            ("/v1/whatsapp/webhook", "x-hub-signature-256"),
            ("/v1/meta/webhook", "x-hub-signature-256"),
            ("/v1/relays/lapor", "x-tertib-signature"),
        ):
            assert post(office, path, document, header=header).json() == {"state": "done"}
    assert complaints(database) == []
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(OutboxRow)) == 0
