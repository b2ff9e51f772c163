"""A holiday that is decreed while clocks run: it moves them by an event that says why, and no result."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from api.audit.verifying import Audit
from api.clock import now
from api.database import APP_ROLE, Database
from api.jurisdiction.loading import Jurisdictions
from api.jurisdiction.model import Holiday
from api.store.holidays import follow_calendars
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, clocks_of, events_of, open_case

OFFICER = Actor(id="o", name="Rina", role="officer")
MONDAY = datetime(2026, 8, 10, 2, tzinfo=UTC)


@pytest.fixture
def office(cluster, database_name, jurisdiction, clock):
    """`office("2026-08-12")`: the office after these holidays were decreed."""
    made = []

    def make(*days):
        holidays = [Holiday(day=date.fromisoformat(day), name="Cuti Bersama Baru", kind="joint_leave") for day in days]
        changed = jurisdiction.model_copy(update={"holidays": (*jurisdiction.holidays, *holidays)})
        changed.__dict__.pop("calendar", None)
        made.append(Database(cluster.url(database_name, APP_ROLE), jurisdictions=Jurisdictions([changed]), clock=clock))
        return made[-1]

    clock.offset = MONDAY - datetime.now(UTC)
    yield make
    for one in made:
        one.close()


def opened(database, jurisdiction, citizen):
    with database.session() as session:
        return open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={},
            audience=Audience.PUBLIC,
            agency="dishub",
        )


def follow(database):
    with database.session() as session:
        return follow_calendars(session, now(session))


def clocks(database, case):
    with database.session() as session:
        return {one.name: one for one in clocks_of(session, case.id)}


def local(moment, jurisdiction):
    return moment.astimezone(jurisdiction.zone).date().isoformat()


def test_it_moves_what_runs_in_working_days_and_says_why(office, jurisdiction, citizen):
    before = office()
    assert follow(before) == 0
    case = opened(before, jurisdiction, citizen)
    was = clocks(before, case)
    after = office("2026-08-12")
    assert follow(after) == 3
    assert follow(after) == 0
    found = clocks(after, case)
    assert local(was["verification"].due_at, jurisdiction) == "2026-08-14"
    assert local(found["verification"].due_at, jurisdiction) == "2026-08-15"
    assert local(found["action"].due_at, jurisdiction) == "2026-08-20"
    assert found["first_response"].due_at == was["first_response"].due_at
    assert found["verification"].next_at == found["verification"].due_at
    for told in ("Semula 14-08-2026", "libur baru: 12-08-2026 Cuti Bersama Baru"):
        assert told in found["verification"].explain_id
    with after.session() as session:
        moved = [one for one in events_of(session, case.id) if one.type == "clock_moved"]
        assert {one.data["clock"] for one in moved} == {"verification", "action", "resolution"}
        assert all(one.audience == "public" and one.actor_role == "system" for one in moved)
        assert moved[0].data["added"] == [{"day": "2026-08-12", "name": "Cuti Bersama Baru"}]
        assert list(Audit(session).findings()) == []
    # Taken back again: the deadline returns, by an event of its own.
    taken_back = office()
    assert follow(taken_back) == 3
    assert clocks(taken_back, case)["verification"].due_at == was["verification"].due_at
    assert "tidak lagi libur: 12-08-2026" in clocks(taken_back, case)["verification"].explain_id


def test_no_result_and_nothing_that_is_late_already_moves(office, jurisdiction, citizen, clock):
    before = office()
    follow(before)
    ended, late = opened(before, jurisdiction, citizen), opened(before, jurisdiction, citizen)
    with before.session() as session:
        append(session, ended.id, "answered", actor=OFFICER, body={}, audience=Audience.PUBLIC)
    frozen = clocks(before, ended)["verification"]
    clock.advance(timedelta(days=5))
    after = office("2026-08-12")
    # Of both only the ten days of the resolution still run in time, and the second one's five days of action.
    assert follow(after) == 3
    kept = clocks(after, ended)["verification"]
    assert (kept.due_at, kept.result, kept.stopped_at) == (frozen.due_at, "on_time", frozen.stopped_at)
    assert local(clocks(after, late)["verification"].due_at, jurisdiction) == "2026-08-14"
    assert clocks(after, late)["verification"].overdue_at(MONDAY + timedelta(days=5))
    with after.session() as session:
        assert list(Audit(session).findings()) == []
    # A file that the office has not followed yet is no tampering.
    with office("2026-08-12", "2026-08-18").session() as session:
        assert list(Audit(session).findings()) == []


@pytest.mark.parametrize("name", ["first_response", "verification"])
def test_the_database_lets_no_deadline_in_wall_time_move(office, jurisdiction, citizen, cluster, database_name, name):
    opened(office(), jurisdiction, citizen)
    statement = f"UPDATE clocks SET due_at = due_at + interval '1 hour' WHERE name = '{name}'"  # noqa: S608 - own words
    with psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection:
        if name == "verification":
            connection.execute(statement)
            connection.rollback()
        else:
            with pytest.raises(psycopg.errors.RestrictViolation, match="its deadline stays"):
                connection.execute(statement)


def test_a_deadline_that_was_moved_without_an_event_is_found(office, jurisdiction, citizen, cluster, database_name):
    database = office()
    follow(database)
    case = opened(database, jurisdiction, citizen)
    with psycopg.connect(cluster.url(database_name)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("UPDATE clocks SET due_at = due_at + interval '1 hour' WHERE name <> 'resolution'")
    with database.session() as session:
        found = list(Audit(session).findings())
    assert {one.what.value for one in found} == {"clock_altered"}
    assert {one.case for one in found} == {case.reference}
    assert sorted(one.why.split(":")[0] for one in found) == [
        "clock action",
        "clock first_response",
        "clock verification",
    ]
