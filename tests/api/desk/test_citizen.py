"""Whoever wrote a complaint takes it back or opens it again, without an account and without JavaScript."""

from __future__ import annotations

import pytest

from api.complaints import handling
from api.store.kinds import Actor
from api.store.service import clocks_of, events_of
from api.store.tables import CaseRow
from tests.api.public_pages import follow, get, send

ANSWER = "Kami melihat lampunya kemarin; kabelnya diganti hari ini."
STILL = "Lampunya mati lagi sejak tadi pagi."


@pytest.fixture
def written(client, database):
    """(path, id) of a complaint that this browser has sent."""
    form = get(client, "/complaints/new").form("/complaints/new")
    answer = send(client, form, category="traffic", text="Lampu lalu lintas mati sejak kemarin.")
    path = answer.headers["location"].partition("?")[0]
    with database.session() as session:
        case = session.query(CaseRow).filter_by(reference=path.rpartition("/")[2]).one()
        return path, case.id


def state(database, case_id):
    with database.session() as session:
        return session.get_one(CaseRow, case_id).state


def test_it_is_opened_again_with_a_new_clock_and_words_that_only_the_office_reads(client, database, written):
    path, case_id = written
    with database.session() as session:
        handling.answer(session, case_id, text=ANSWER, actor=Actor("a", "Petugas", "agency"))
    form = get(client, path).form(f"{path}/reopen")
    short = send(client, form, still="mati")
    assert (short.status_code, state(database, case_id)) == (422, "answered")
    assert ">mati</textarea>" in short.text
    page = follow(client, send(client, form, still=STILL))
    assert "dibuka lagi" in page.text
    with database.session() as session:
        rounds = [row for row in clocks_of(session, case_id) if row.name == "first_response"]
        assert [row.stopped_at is None for row in rounds] == [False, True]
        said = [event for event in events_of(session, case_id) if event.data.get("text") == STILL]
        assert [event.audience for event in said] == ["party"]
    client.cookies.clear()
    assert STILL not in client.get(path).text


def test_it_is_taken_back_by_whoever_wrote_it_and_by_nobody_else(client, database, written):
    path, case_id = written
    form = get(client, path).form(f"{path}/withdraw")
    own = dict(client.cookies)
    client.cookies.clear()
    stranger = get(client, path)
    assert not any(form.action.startswith(path) for form in stranger.forms)
    token = get(client, "/complaints/new").forms[0].fields["csrf_token"]
    refused = client.post(f"{path}/withdraw", data={"csrf_token": token})
    assert (refused.status_code, state(database, case_id)) == (404, "open")
    client.cookies.clear()
    client.cookies.update(own)
    assert "ditarik" in follow(client, send(client, form)).text.casefold() or state(database, case_id) == "closed"
    assert state(database, case_id) == "closed"
    assert follow(client, send(client, form)).status == 200, "sent twice, taken back once"
