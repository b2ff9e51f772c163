"""The supervisors' pages: what left, what came, what failed and is sent or handled again; and the inbox behind them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.clock import now as clock_now
from api.outbox.inbox import MAX_TRIES, Inbox, Message, Spool, Taken, received
from api.outbox.service import send_out
from api.outbox.tables import HandActionRow, InboxRow, OutboxRow
from tests.api.conftest import form_token

PAGE = {"accept": "text/html"}


@pytest.fixture
def supervisor(make_user, sign_in):
    return sign_in(make_user("supervisor"))


def take(inbox: Inbox, message: Message) -> Taken:
    """What a door does; in a thread of its own, since the test's may have a loop already."""
    with ThreadPoolExecutor(1) as own:
        return own.submit(asyncio.run, inbox.receive(message)).result()


def failing(database, kind: str = "email"):
    with database.session() as session:
        row = send_out(session, kind=kind, key="k", body={"to": "<script>x"})
        row.state, row.error = "failed", "the mail server knows no such address: <b>"
        return row.id


def test_what_failed_is_shown_and_sent_again(supervisor, database):
    entry = failing(database)
    page = supervisor.get("/audit/outbox?state=failed", headers=PAGE)
    assert "knows no such address: &lt;b&gt;" in page.text
    token = form_token(supervisor, "/audit/outbox?state=failed")
    answer = supervisor.post(f"/audit/outbox/{entry}/again", data={"csrf_token": token}, headers=PAGE)
    assert answer.status_code == 303
    with database.session() as session:
        assert session.get_one(OutboxRow, entry).state == "waiting"
    again = supervisor.post(f"/audit/outbox/{entry}/again", data={"csrf_token": token}, headers=PAGE)
    assert again.status_code == 409


def test_officers_and_strangers_do_not_read_it_and_auditors_do_not_send(client, database, officer, sign_in, make_user):
    entry = failing(database)
    assert client.get("/audit/outbox").status_code == 401
    sign_in(officer)
    assert client.get("/audit/outbox", headers=PAGE).status_code == 403
    client.cookies.clear()
    sign_in(make_user("auditor"))
    page = client.get("/audit/inbox", headers=PAGE)
    assert page.status_code == 200
    token = form_token(client, "/review")
    assert client.post(f"/audit/outbox/{entry}/again", data={"csrf_token": token}, headers=PAGE).status_code == 403


def test_a_message_is_handled_once_and_a_fault_of_ours_loses_none(supervisor, database, tmp_path):
    handled: list[bytes] = []
    broken = [True]

    def handler(session, row):
        if broken:
            raise ValueError("a fault of ours")
        handled.append(row.raw)
        return "done"

    spool = Spool(tmp_path / "spool")
    inbox = Inbox(database, spool, {"test": handler}, patience_s=30)
    supervisor.app.state.inbox = inbox
    message = received("test", "m1", b"\xffraw", {"x": "y"})
    assert take(inbox, message).state == "failed"
    with database.session() as session:
        row = session.scalars(select(InboxRow)).one()
        assert (row.raw, row.headers, row.error) == (b"\xffraw", {"x": "y"}, "ValueError: a fault of ours")
    assert "a fault of ours" in supervisor.get("/audit/inbox", headers=PAGE).text
    broken.clear()
    token = form_token(supervisor, "/audit/inbox?state=failed")
    answer = supervisor.post(f"/audit/inbox/{row.id}/again", data={"csrf_token": token}, headers=PAGE)
    assert answer.status_code == 303
    assert take(inbox, message).repeated
    assert handled == [b"\xffraw"]
    assert list(spool.waiting()) == []


def test_what_was_kept_before_a_power_cut_is_handled_after_it(database, tmp_path):
    spool = Spool(tmp_path / "spool")
    for number in range(3):
        spool.keep(received("test", f"m{number % 2}", b"raw", {}))
    got: list[str] = []

    def handler(session, row):
        got.append(row.message_id)
        return ""

    Inbox(database, Spool(tmp_path / "spool"), {"test": handler}).drain()
    assert sorted(got) == ["m0", "m1"]


def test_a_message_is_read_as_it_came_for_a_purpose_that_is_written_down(supervisor, database):
    with database.session() as session:
        row = InboxRow(
            source="mail", message_id="m", raw=b"<b>rahasia</b>", state="done", received_at=clock_now(session)
        )
        session.add(row)
        session.flush()
        path = f"/audit/inbox/{row.id}"
    assert "rahasia" not in supervisor.get("/audit/inbox", headers=PAGE).text + supervisor.get(path, headers=PAGE).text
    token = form_token(supervisor, path)
    short = supervisor.post(path, data={"csrf_token": token, "purpose": "x"}, headers=PAGE)
    assert (short.status_code, "rahasia" in short.text) == (422, False)
    shown = supervisor.post(path, data={"csrf_token": token, "purpose": "Aduan A-1"}, headers=PAGE)
    assert "&lt;b&gt;rahasia" in shown.text
    with database.session() as session:
        assert [(one.what, one.purpose) for one in session.scalars(select(HandActionRow))] == [("viewed", "Aduan A-1")]


def test_what_failed_is_handled_again_by_itself_later_and_not_for_ever(database, tmp_path, clock):
    broken, handled = [True], []

    def handler(session, row):
        if broken:
            raise ValueError("not yet")
        handled.append(row.message_id)
        return "done"

    inbox = Inbox(database, Spool(tmp_path / "spool"), {"test": handler}, patience_s=30)
    assert take(inbox, received("test", "m1", b"raw", {})).state == "failed"
    assert inbox.try_again() == 0, "not before its time"
    clock.advance(timedelta(seconds=5))
    assert inbox.try_again() == 0
    with database.session() as session:
        assert session.scalars(select(InboxRow)).one().attempts == 2
    broken.clear()
    clock.advance(timedelta(seconds=30))
    assert (inbox.try_again(), handled) == (1, ["m1"])
    broken.append(True)
    assert take(inbox, received("test", "m2", b"raw", {})).state == "failed"
    for _ in range(MAX_TRIES + 2):
        clock.advance(timedelta(hours=2))
        inbox.try_again()
    with database.session() as session:
        last = session.scalars(select(InboxRow).where(InboxRow.message_id == "m2")).one()
        assert (last.state, last.attempts, last.next_at) == ("failed", MAX_TRIES, None)
