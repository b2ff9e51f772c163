"""Contests and complaints, answered in the officers' case view."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from api.complaints.service import Complaint, open_complaint
from api.contests.service import open_contest
from api.store.service import clocks_of, events_of
from api.store.tables import CaseRow
from tests.api.review_office import Office, text_of
from tests.pipeline.evidence.builder import OCCURRED_AT

pytest_plugins = ["tests.api.review_fixtures"]


@pytest.fixture
def complaint(signed_in: Office) -> str:
    with signed_in.database.session() as session:
        jurisdiction = signed_in.database.jurisdictions.first
        case = open_complaint(session, Complaint(category="traffic", text="Lampu mati"), jurisdiction=jurisdiction)
        return str(case.id)


@pytest.fixture
def contest(signed_in: Office) -> str:
    case_id = signed_in.deliver(occurred_at=OCCURRED_AT)
    signed_in.look(case_id)
    assert signed_in.approve(case_id).status_code == 303
    with signed_in.database.session() as session:
        ticket = session.query(CaseRow).filter_by(kind="ticket").one()
        contest = open_contest(session, ticket=ticket, ground="sold", text="Mobil ini sudah saya jual tahun lalu.")
        return str(contest.id)


def test_an_answer_stops_the_clock(signed_in: Office, complaint: str) -> None:
    signed_in.clock.advance(timedelta(hours=2))
    answer = signed_in.send(f"/review/{complaint}/answer", text="Sedang diperbaiki.\r\nTerima kasih.")
    assert answer.status_code == 303, text_of(answer.text)
    with signed_in.database.session() as session:
        first = next(c for c in clocks_of(session, UUID(complaint)) if c.name == "first_response")
        assert first.result == "on_time"
        assert events_of(session, UUID(complaint))[-1].data["text"] == "Sedang diperbaiki.\nTerima kasih."


def test_sent_twice_is_answered_once(signed_in: Office, complaint: str) -> None:
    codes = [signed_in.send(f"/review/{complaint}/answer", text="Sedang diperbaiki.").status_code for _ in range(2)]
    assert codes == [303, 303]
    assert signed_in.events(complaint).count("answered") == 1


def test_an_error_keeps_what_was_typed(signed_in: Office, contest: str, make_user, switch_to) -> None:
    switch_to(make_user("officer", login="kedua"))
    answer = signed_in.send(f"/review/{contest}/answer", text="Surat jualnya cocok <b>.")
    assert answer.status_code == 422
    assert "Surat jualnya cocok &lt;b&gt;." in answer.text


def test_who_validated_the_ticket_does_not_judge_the_contest(signed_in: Office, contest: str) -> None:
    assert "Anda sendiri yang memvalidasi" in text_of(signed_in.page(f"/review/{contest}"))
    answer = signed_in.send(f"/review/{contest}/answer", text="Tetap.", outcome="upheld")
    assert answer.status_code == 409
    assert "answered" not in signed_in.events(contest)
    assert signed_in.send("/review/next").headers["location"] == "/review?done=empty"


@pytest.mark.parametrize("outcome", ["upheld", "cancelled"])
def test_another_officer_judges_it(signed_in: Office, contest: str, make_user, switch_to, outcome: str) -> None:
    switch_to(make_user("supervisor", login="kedua"))
    assert signed_in.send("/review/next").headers["location"] == f"/review/{contest}"
    page = text_of(signed_in.page(f"/review/{contest}"))
    assert "Mobil ini sudah saya jual tahun lalu." in page
    answer = signed_in.send(f"/review/{contest}/answer", text="Kami sudah memeriksa.", outcome=outcome)
    assert answer.status_code == 303, text_of(answer.text)
    with signed_in.database.session() as session:
        ticket = session.query(CaseRow).filter_by(kind="ticket").one()
        assert ticket.state == outcome
        assert [c.result for c in clocks_of(session, UUID(contest)) if c.name == "first_response"] == ["on_time"]
