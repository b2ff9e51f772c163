"""Second readings, undo, known answers, the alarm of pace, agreement, and the drill in which reviewers are killed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from api.clock import now
from api.database import APP_ROLE
from api.jurisdiction.loading import Jurisdictions
from api.people.service import User
from api.review import pace, queue, readings
from api.review.agreement import Rate, agreement
from api.review.tables import PaceAlarmRow, ReadingRow
from api.store.reading import Viewer
from api.store.service import events_of
from api.store.tables import CaseRow
from api.tickets.tables import TicketRow
from scripts.commands._bench_drill import drill
from tests.api.conftest import Cluster
from tests.api.review_office import Office, text_of
from tests.pipeline.evidence.builder import sealed_chain

pytest_plugins = ["tests.api.review_fixtures"]
SwitchTo = Callable[[User], None]


@pytest.fixture
def read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lot falls on every decision."""
    monkeypatch.setenv("TERTIB_REHEARSAL_DRAW", "0.0")


@pytest.fixture
def supervisor(make_user: Callable[..., User]) -> User:
    return make_user("supervisor", login="pengawas")


def tickets(office: Office) -> list[CaseRow]:
    with office.database.session() as session:
        return list(session.scalars(select(CaseRow).where(CaseRow.kind == "ticket")))


def taken_by(office: Office, user: User) -> str | None:
    with office.database.session() as session:
        taken = queue.take_next(session, user.viewer, user.actor)
        return None if taken is None else str(taken)


@pytest.mark.usefixtures("read_twice")
def test_a_sampled_approval_is_read_blind_by_somebody_else_before_its_ticket(
    signed_in: Office, officer: User, supervisor: User, switch_to: SwitchTo
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    answer = signed_in.approve(case_id)
    assert "done=approved_pending" in answer.headers["location"]
    assert signed_in.events(case_id) == ["opened"]
    assert tickets(signed_in) == []
    assert "petugas lain membacanya" in text_of(signed_in.page(f"/review/{case_id}"))
    assert taken_by(signed_in, officer) is None, "nobody reads a case twice"
    assert signed_in.approve(case_id).status_code == 303, "sent twice, it happens once"
    assert signed_in.events(case_id) == ["opened"]

    switch_to(supervisor)
    seen = text_of(signed_in.page(f"/review/{case_id}"))
    assert "Test officer" not in seen
    assert "disetujui" not in seen
    signed_in.look(case_id)
    assert "done=approved&" in signed_in.approve(case_id).headers["location"]
    assert signed_in.events(case_id) == ["opened", "second_read", "approved", "ticket_opened"]
    assert len(tickets(signed_in)) == 1
    with signed_in.database.session() as session:
        told = events_of(session, UUID(case_id))[2].data["readings"]
        assert [(one["number"], one["decision"]) for one in told] == [(1, "approved"), (2, "approved")]
        assert told[0]["user"]["id"] == officer.actor.id


@pytest.mark.usefixtures("read_twice")
def test_two_who_differ_leave_it_to_a_supervisor(
    signed_in: Office, make_user: Callable[..., User], supervisor: User, switch_to: SwitchTo
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    signed_in.approve(case_id)
    second, third = make_user("officer"), make_user("officer")
    switch_to(second)
    signed_in.look(case_id)
    assert "done=rejected_pending" in signed_in.reject(case_id).headers["location"]
    assert taken_by(signed_in, third) is None
    switch_to(third)
    assert "pengawas yang memutuskan" in text_of(signed_in.page(f"/review/{case_id}"))
    assert signed_in.approve(case_id).status_code == 409
    assert taken_by(signed_in, supervisor) == case_id
    switch_to(supervisor)
    signed_in.look(case_id)
    assert signed_in.reject(case_id, "wrong_vehicle").status_code == 303
    assert signed_in.events(case_id) == ["opened", "second_read", "rejected"]
    assert tickets(signed_in) == []
    with signed_in.database.session() as session:
        line = agreement(session, supervisor.viewer, "camera", since=now(session))[0]
    assert (line.approvals, line.agreed, line.overturned) == (Rate(1, 1), Rate(0, 1), 1)


def test_a_decision_is_undone_within_its_window_and_the_case_is_decided_anew(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    told = signed_in.page(signed_in.approve(case_id).headers["location"])
    assert f'action="/review/{case_id}/undo"' in told
    answer = signed_in.send(f"/review/{case_id}/undo")
    assert answer.status_code == 303, text_of(answer.text)
    assert signed_in.events(case_id) == ["opened", "approved", "ticket_opened", "undone"]
    assert [ticket.state for ticket in tickets(signed_in)] == ["withdrawn"]
    signed_in.look(case_id)
    assert signed_in.reject(case_id).status_code == 303
    signed_in.clock.advance(timedelta(minutes=2))
    assert signed_in.send(f"/review/{case_id}/undo").status_code == 409
    assert signed_in.events(case_id)[-1] == "rejected"
    assert "/undo" not in signed_in.page(f"/review?done=rejected&of={signed_in.case(case_id).reference}")


@pytest.mark.usefixtures("read_twice")
def test_a_pending_decision_is_undone_until_somebody_reads_it(
    signed_in: Office, make_user: Callable[..., User]
) -> None:
    first, second = (signed_in.deliver_bytes(package.data) for package in sealed_chain(2))
    for case_id in (first, second):
        signed_in.look(case_id)
        signed_in.approve(case_id)
    assert signed_in.send(f"/review/{second}/undo").status_code == 303
    assert signed_in.events(second) == ["opened", "note"]
    colleague = make_user("officer")
    assert taken_by(signed_in, colleague) == first
    assert signed_in.send(f"/review/{first}/undo").status_code == 409


def test_nobody_undoes_what_somebody_else_decided(
    signed_in: Office, make_user: Callable[..., User], switch_to: SwitchTo
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    signed_in.approve(case_id)
    switch_to(make_user("officer"))
    assert signed_in.send(f"/review/{case_id}/undo").status_code == 409
    assert signed_in.events(case_id)[-1] == "ticket_opened"


def test_a_known_answer_looks_like_any_case_and_never_becomes_a_ticket(
    signed_in: Office, make_user: Callable[..., User], supervisor: User, switch_to: SwitchTo
) -> None:
    case_id = signed_in.deliver()
    before = text_of(signed_in.page(f"/review/{case_id}"))
    switch_to(supervisor)
    fields = {"reference": signed_in.case(case_id).reference, "expected": "rejected"}
    assert signed_in.send("/review/known", **fields).status_code == 200
    assert signed_in.send("/review/known", **fields).status_code == 409
    signed_in.clock.advance(timedelta(minutes=16))
    assert taken_by(signed_in, supervisor) is None, "who placed it does not decide it"
    officers = [make_user("officer") for _ in range(3)]
    for number, user in enumerate(officers):
        switch_to(user)
        page = text_of(signed_in.page(f"/review/{case_id}"))
        assert [word for word in page.split() if not word[0].isdigit()][:60] == [
            word for word in before.split() if not word[0].isdigit()
        ][:60]
        signed_in.look(case_id)
        answer = signed_in.approve(case_id) if number == 0 else signed_in.reject(case_id)
        assert "_pending" in answer.headers["location"]
    assert signed_in.events(case_id) == ["opened", "rejected"]
    assert tickets(signed_in) == []
    with signed_in.database.session() as session:
        lines = {line.key: line for line in agreement(session, supervisor.viewer, "officer", since=now(session))}
        assert [lines[user.actor.id].known for user in officers] == [Rate(0, 1), Rate(1, 1), Rate(1, 1)]
        assert agreement(session, supervisor.viewer, "camera", since=now(session)) == []
    with signed_in.database.open_session() as session:
        session.add(TicketRow(case_id=UUID(case_id), violation_id=UUID(case_id)))
        with pytest.raises(DatabaseError, match="whose answer was known"):
            session.flush()


def test_whoever_decides_too_fast_is_told_and_so_is_the_supervisor(
    signed_in: Office, officer: User, supervisor: User, jurisdictions: Jurisdictions
) -> None:
    case_id = UUID(signed_in.deliver())
    policy = jurisdictions.first.review_policy(signed_in.case(str(case_id)).opened_at)
    assert policy is not None
    with signed_in.database.session() as session:
        moment = now(session)
        for number in range(1, policy.pace_quick_in_a_row + 1):
            reading = ReadingRow(
                case_id=case_id,
                number=number,
                user_id=officer.actor.id,
                user_name=officer.name,
                decision="approved",
                camera_id="c",
                offence="bus_lane",
                taken_at=moment,
                at=moment + timedelta(seconds=3.2),
                dwell_s=3.1,
                seen={},
                withdrawn_at=moment if number < policy.pace_quick_in_a_row else None,
            )
            session.add(reading)
            session.flush()
            raised = pace.watch(session, reading, officer.actor, policy)
            assert bool(raised) == (number == policy.pace_quick_in_a_row)
        assert pace.watch(session, reading, officer.actor, policy) == [], "once an hour is enough"
        assert len(pace.alarms(session, supervisor.viewer, moment)) == 1
        assert pace.alarms(session, officer.viewer, moment) == []
        assert session.scalars(select(PaceAlarmRow)).one().sort == "quick"
    assert signed_in.events(str(case_id)) == ["opened", "note"]
    assert "Lihat buktinya dengan tenang" in text_of(signed_in.page("/review"))


def test_agreement_is_shown_to_supervisors_with_its_uncertainty(
    signed_in: Office, supervisor: User, switch_to: SwitchTo
) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    signed_in.approve(case_id)
    for path in ("/review/agreement", "/review/agreement.csv"):
        assert signed_in.client.get(path).status_code == 403
    switch_to(supervisor)
    assert "100 % (21 % \u2013 100 %; 1/1)" in text_of(signed_in.page("/review/agreement")).replace("\xa0", " ")
    rows = list(csv.DictReader(io.StringIO(signed_in.client.get("/review/agreement.csv").text)))
    assert {(row["sort"], row["approvals_hits"], row["approvals_of"]) for row in rows} == {
        (sort, "1", "1") for sort in ("officer", "camera", "rule")
    }


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (98, 100, 0.9300, 0.9945)]
)
def test_intervals_are_wilsons(hits: int, of: int, low: float, high: float) -> None:
    assert Rate(hits, of).interval == pytest.approx((low, high), abs=1e-4)
    assert Rate(0, 0).interval is None


def test_a_search_by_plate_wants_a_purpose_and_is_written_down(signed_in: Office, officer: User) -> None:
    case_id = signed_in.deliver()
    refused = signed_in.send("/review/search", plate="H 1234 AB")
    assert refused.status_code == 422
    assert 'value="H 1234 AB"' in refused.text
    found = signed_in.send("/review/search", plate="h1234ab", purpose="contest")
    assert signed_in.case(case_id).reference in found.text
    with signed_in.database.session() as session:
        told = session.execute(text("SELECT user_id, query, purpose, found FROM searches WHERE what = 'plate'")).all()
    assert [tuple(row) for row in told] == [(officer.actor.id, "H1234AB", "contest", 1)]


def test_readings_are_not_changed_afterwards(signed_in: Office) -> None:
    case_id = signed_in.deliver()
    signed_in.look(case_id)
    signed_in.reject(case_id)
    for statement in ("UPDATE readings SET decision = 'approved'", "DELETE FROM readings", "DELETE FROM pace_alarms"):
        with pytest.raises(DatabaseError, match="permission denied"), signed_in.database.session() as session:
            session.execute(text(statement))
    with signed_in.database.session() as session:
        assert [one.decision for one in readings.standing(session, UUID(case_id))] == ["rejected"]


def test_nobody_decides_twice_when_reviewers_are_killed(
    cluster: Cluster, database_name: str, jurisdictions: Jurisdictions
) -> None:
    """Small here; `tertib bench store --drill 10000` is the long one."""
    found = drill(cluster.url(database_name, APP_ROLE), jurisdictions, cases=60, reviewers=6, killed=3)
    assert (found.decided_once, found.decided_twice, found.lost, found.broken_chains) == (60, 0, 0, 0)


def test_agreement_is_for_those_who_oversee(signed_in: Office, officer: User) -> None:
    with signed_in.database.session() as session:
        assert agreement(session, officer.viewer, "officer", since=now(session)) == []
        assert agreement(session, Viewer.anonymous(), "officer", since=now(session)) == []
