"""Deadlines: when they start, what ends them, what they say, and that late stays late."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.clock import now
from api.database import APP_ROLE, Database
from api.jurisdiction.calendar import CalendarNotPublished
from api.jurisdiction.loading import Jurisdictions
from api.jurisdiction.model import Holiday
from api.store.clocks import due_at, on_time
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.service import append, clocks_of, events_of, open_case
from api.store.sweeping import compute_waiting, sweep_due
from api.store.tables import ClockRow

OFFICER = Actor(id="o", name="Rina", role="officer")
DAY = timedelta(days=1)


@pytest.fixture
def opened(database, jurisdiction, citizen):
    def make(kind=CaseKind.COMPLAINT, **subject):
        with database.session() as session:
            return open_case(
                session,
                kind,
                jurisdiction=jurisdiction,
                actor=citizen,
                body={},
                audience=Audience.PUBLIC,
                agency="dishub",
                subject=subject,
            )

    return make


@pytest.fixture
def add(database):
    def do(case, event_type, actor=OFFICER):
        with database.session() as session:
            return append(session, case.id, event_type, actor=actor, body={}, audience=Audience.PUBLIC)

    return do


@pytest.fixture
def clocks(database):
    def do(case):
        with database.session() as session:
            return {clock.name: clock for clock in clocks_of(session, case.id)}

    return do


@pytest.mark.parametrize("kind", [CaseKind.COMPLAINT, CaseKind.CONTEST])
def test_the_first_answer_is_due_in_24_hours(kind, opened, clocks):
    case = opened(kind)
    clock = clocks(case)["first_response"]
    assert clock.started_at == case.opened_at
    assert clock.due_at - clock.started_at == timedelta(hours=24)
    assert (clock.result, clock.policy_id, clock.policy_version) == ("running", "first-response", 2)


def test_an_automatic_acknowledgement_does_not_stop_it(opened, add, clocks, citizen):
    case = opened()
    add(case, "acknowledged", SYSTEM)
    add(case, "message", citizen)
    add(case, "note")
    assert clocks(case)["first_response"].result == "running"
    add(case, "answered", SYSTEM)
    assert clocks(case)["first_response"].result == "running"


def test_a_human_answer_stops_it_and_the_result_stays(opened, add, clocks, clock, cluster, database_name):
    case = opened()
    clock.advance(timedelta(hours=23))
    event = add(case, "answered")
    stopped = clocks(case)["first_response"]
    assert (stopped.result, stopped.stopped_at, stopped.stopped_by) == ("on_time", event.at, event.number)
    clock.advance(10 * DAY)
    add(case, "answered")
    assert clocks(case)["first_response"].stopped_at == event.at
    with (
        psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="its result stays"),
    ):
        connection.execute("UPDATE clocks SET result = 'late' WHERE name = 'first_response'")


def test_late_stays_late(opened, add, clocks, clock):
    case = opened()
    clock.advance(timedelta(hours=24, seconds=1))
    add(case, "answered")
    assert clocks(case)["first_response"].result == "late"


def test_reopening_promises_again(opened, add, database, clock):
    case = opened()
    add(case, "answered")
    clock.advance(DAY)
    event = add(case, "reopened")
    with database.session() as session:
        rounds = [one for one in clocks_of(session, case.id) if one.name == "first_response"]
    assert [(one.round, one.result) for one in rounds] == [(1, "on_time"), (2, "running")]
    assert rounds[1].due_at == event.at + DAY


def test_the_clock_runs_through_weekends_and_holidays(jurisdiction):
    policy = jurisdiction.policies_at(CaseKind.COMPLAINT, datetime(2026, 3, 20, tzinfo=UTC))[0]
    friday = datetime(2026, 3, 20, 10, tzinfo=UTC)
    assert policy.name == "first_response"
    assert due_at(policy, jurisdiction, anchor_at=friday, started_at=friday) == friday + DAY


def test_a_ticket_is_confirmed_in_5_days_and_paid_by_day_15_of_the_offence(opened, clocks, database):
    with database.session() as session:
        occurred = now(session) - 2 * DAY
    case = opened(CaseKind.TICKET, occurred_at=occurred.isoformat())
    found = clocks(case)
    assert found["confirmation"].due_at == case.opened_at + 5 * DAY
    assert found["payment"].due_at == occurred + 15 * DAY


def test_a_late_notice_leaves_seven_days_to_pay(opened, clocks):
    case = opened(CaseKind.TICKET, occurred_at="2026-03-02T01:15:30.123456Z")
    assert clocks(case)["payment"].due_at == case.opened_at + 7 * DAY


def test_contesting_ends_the_owners_deadlines_and_a_judgement_starts_payment_anew(opened, add, clocks, database, clock):
    case = opened(CaseKind.TICKET)
    add(case, "contested", SYSTEM)
    assert {name: one.result for name, one in clocks(case).items()} == {
        "confirmation": "on_time",
        "payment": "on_time",
        "notice": "dropped",
    }
    clock.advance(30 * DAY)
    event = add(case, "upheld")
    with database.session() as session:
        running = [one for one in clocks_of(session, case.id) if one.result == "running"]
    assert [(one.name, one.round) for one in running] == [("payment", 2)]
    assert running[0].due_at == event.at + 15 * DAY


def test_the_review_is_due_in_three_days(opened, add, clocks):
    case = opened(CaseKind.VIOLATION)
    assert clocks(case)["review"].due_at == case.opened_at + 3 * DAY
    add(case, "approved")
    assert clocks(case)["review"].result == "on_time"


def test_a_deadline_says_how_it_was_computed(opened, clocks):
    clock = clocks(opened())["first_response"]
    assert "24 jam sejak" in clock.explain_id
    assert "paling lambat" in clock.explain_id
    assert "24 hours of wall time from" in clock.explain_en
    assert "first-response v2" in clock.explain_en
    assert "WIB" in clock.explain_en


class TestWorkingDays:
    def test_holidays_and_joint_leave_are_not_counted(self, jurisdiction):
        # Friday 13 March 2026; 18 to 24 March are Nyepi, Idul Fitri and joint leave.
        start = datetime(2026, 3, 13, 3, tzinfo=UTC)
        due = jurisdiction.calendar.add_working_days(start, 3)
        assert due.astimezone(jurisdiction.zone).isoformat() == "2026-03-26T00:00:00+07:00"

    def test_a_day_begins_in_local_time(self, jurisdiction):
        # 18:00 UTC on Sunday is 01:00 on Monday in Semarang: Tuesday is the first day that counts.
        due = jurisdiction.calendar.add_working_days(datetime(2026, 8, 9, 18, tzinfo=UTC), 1)
        assert due.astimezone(jurisdiction.zone).date() == date(2026, 8, 12)

    def test_an_unpublished_year_is_refused(self, jurisdiction):
        with pytest.raises(CalendarNotPublished, match="holidays of 2027 are not published"):
            jurisdiction.calendar.add_working_days(datetime(2026, 12, 28, tzinfo=UTC), 10)

    def test_a_case_opens_all_the_same_and_is_computed_once_they_are(
        self, cluster, database_name, jurisdiction, citizen, clock
    ):
        clock.offset = datetime(2026, 12, 28, tzinfo=UTC) - datetime.now(UTC)

        def office(jurisdictions):
            return Database(cluster.url(database_name, APP_ROLE), jurisdictions=jurisdictions, clock=clock)

        before = office(Jurisdictions([jurisdiction]))
        with before.session() as session:
            case = open_case(
                session,
                CaseKind.COMPLAINT,
                jurisdiction=jurisdiction,
                actor=citizen,
                body={},
                audience=Audience.PUBLIC,
                agency="dishub",
            )
            clocks = {one.name: one for one in clocks_of(session, case.id)}
            assert clocks["first_response"].due_at is not None
            assert clocks["resolution"].due_at is None
            assert "cannot be computed yet" in clocks["resolution"].explain_en
            assert compute_waiting(session) == 0
        before.close()
        published = jurisdiction.model_copy(
            update={
                "holiday_years": (*jurisdiction.holiday_years, 2027),
                "holidays": (*jurisdiction.holidays, Holiday(day=date(2027, 1, 1), name="Tahun Baru", kind="national")),
            }
        )
        published.__dict__.pop("calendar", None)
        after = office(Jurisdictions([published]))
        with after.session() as session:
            assert compute_waiting(session) == 2
            clocks = {one.name: one for one in clocks_of(session, case.id)}
            assert clocks["resolution"].due_at.astimezone(jurisdiction.zone).date() == date(2027, 1, 13)
            assert events_of(session, case.id)[-1].type == "clock_computed"
        after.close()


class TestSweeper:
    def test_a_passed_deadline_is_written_down_once(self, opened, database, clock):
        case = opened()
        with database.session() as session:
            assert sweep_due(session, now(session)) == 0
        clock.advance(timedelta(hours=25))
        for expected in (1, 0):
            with database.session() as session:
                assert sweep_due(session, now(session)) == expected
        with database.session() as session:
            last = events_of(session, case.id)[-1]
            assert (last.type, last.actor_role, last.audience, last.data["clock"]) == (
                "clock_overdue",
                "system",
                "public",
                "first_response",
            )
            overdue = {one.name: one for one in clocks_of(session, case.id)}["first_response"]
            assert (overdue.result, overdue.overdue_event) == ("running", last.number)

    def test_a_missed_deadline_climbs_its_ladder(self, opened, database, clock):
        case = opened()
        heard = []
        for hours in (29, 18, 2, 72, 1000):
            clock.advance(timedelta(hours=hours))
            with database.session() as session:
                while sweep_due(session, now(session)):
                    pass
                told = [one for one in events_of(session, case.id) if one.data.get("clock") == "first_response"]
            heard.append([one.data.get("to", "everybody") for one in told])
        missed, first, second = ["everybody", "supervisor"], ["head_of_agency"], ["inspectorate"]
        assert heard == [missed, missed, missed + first, missed + first + second, missed + first + second]
        assert [(one.type, one.audience, one.data.get("rung")) for one in told] == [
            ("clock_overdue", "public", None),
            ("escalated", "internal", 1),
            ("escalated", "internal", 2),
            ("escalated", "internal", 3),
        ]

    def test_an_answer_ends_the_climb(self, opened, add, database, clock):
        case = opened()
        clock.advance(timedelta(hours=25))
        with database.session() as session:
            assert sweep_due(session, now(session)) == 1
        add(case, "answered")
        clock.advance(timedelta(hours=30))
        with database.session() as session:
            sweep_due(session, now(session))
            assert "escalated" not in [event.type for event in events_of(session, case.id)]

    def test_what_is_late_and_told_costs_the_sweeper_nothing(self, opened, database, clock):
        for _ in range(3):
            opened()
        clock.advance(timedelta(days=300))
        with database.session() as session:
            while sweep_due(session, now(session)):
                pass
            waiting = select(ClockRow).where(ClockRow.stopped_at.is_(None), ClockRow.next_at.is_not(None))
            assert session.scalars(waiting).all() == []

    def test_several_sweepers_write_each_once(self, opened, database, clock):
        cases = [opened() for _ in range(6)]
        clock.advance(timedelta(hours=25))
        counts = []

        def sweep():
            with database.session() as session:
                counts.append(sweep_due(session, now(session)))

        threads = [threading.Thread(target=sweep) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with database.session() as session:
            sweep_due(session, now(session))
            for case in cases:
                assert [event.type for event in events_of(session, case.id)].count("clock_overdue") == 1


def test_the_office_sweeps_beside_its_requests(settings, database, opened, clock):
    case = opened()
    clock.advance(timedelta(hours=25))
    app = create_app(settings.model_copy(update={"sweep_seconds": 0.05}), database=database)
    seen: list[str] = []
    with TestClient(app):
        for _ in range(200):
            with database.session() as session:
                seen = [event.type for event in events_of(session, case.id)]
            if "clock_overdue" in seen:
                break
            time.sleep(0.05)
    assert seen.count("clock_overdue") == 1


def test_percentages_count_what_is_overdue_and_open(opened, add, database, clock):
    answered, late, _ = opened(), opened(), opened()
    add(answered, "answered")
    clock.advance(timedelta(hours=25))
    add(late, "answered")
    opened()
    with database.session() as session:
        counted = on_time(session, "first_response", now(session))
        assert (counted.on_time, counted.late, counted.overdue_open, counted.running) == (1, 1, 1, 1)
        assert counted.share == pytest.approx(1 / 3)
        assert on_time(session, "first_response", now(session), agency="dinkes").share is None
