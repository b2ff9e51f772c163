"""Random histories of a case, with ticks, kills, sweeps and decreed holidays: what must hold holds after every step."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from api.audit.publishing import publish
from api.audit.verifying import Audit
from api.clock import CLOCK_KEY, DatabaseClock, now
from api.database import APP_ROLE, OWNER_ROLE, Database
from api.jurisdiction.loading import JURISDICTIONS_KEY, Jurisdictions
from api.jurisdiction.model import Holiday
from api.store.errors import BlockRefused, FinalAlready, IllegalTransition, NotFinalYet, RoleRefused, SecondPersonNeeded
from api.store.holidays import follow_calendars
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.service import append, clocks_of, events_of, open_case, verify_chain
from api.store.states import state_after
from api.store.sweeping import sweep_due
from api.store.tables import CaseRow
from api.store.transitions import TRANSITIONS, allowed
from tests.api.conftest import TEMPLATE

MORE = "TERTIB_HISTORIES"
ACTORS = (
    Actor(id="o", name="Rina", role="officer"),
    Actor(id="a", name="Dinas", role="agency"),
    Actor(id="citizen", name="Warga", role="citizen"),
    SYSTEM,
)
# The sweeper's own events are appended by the sweeper, which also writes in the clocks what it has told.
BY_HAND = sorted(
    {event for table in TRANSITIONS.values() for events in table.values() for event in events}
    - {"opened", "clock_overdue", "clock_computed", "clock_moved", "escalated"}
)


REFUSED = (BlockRefused, FinalAlready, NotFinalYet, RoleRefused, SecondPersonNeeded)


@dataclass(frozen=True)
class Offices:
    """One database, seen by an office with the published holidays and by one with some more; and its superuser."""

    usual: Database
    decreed: Database
    superuser: str
    clock: DatabaseClock


@pytest.fixture(scope="module")
def offices(cluster, jurisdictions) -> Iterator[Offices]:
    name = "t_histories"
    clock = DatabaseClock()
    jateng = jurisdictions["jateng"]
    days = sorted({date.today() + timedelta(days=n) for n in (1, 2, 3, 6, 9)} - {one.day for one in jateng.holidays})  # noqa: DTZ011 - any days near the present
    more = tuple(Holiday(day=day, name="Cuti Bersama Baru", kind="joint_leave") for day in days)
    changed = jateng.model_copy(update={"holidays": (*jateng.holidays, *more)})
    changed.__dict__.pop("calendar", None)
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(TEMPLATE)
            )
        )
        url = cluster.url(name, APP_ROLE)
        usual = Database(url, jurisdictions=jurisdictions, clock=clock)
        decreed = Database(url, jurisdictions=Jurisdictions([changed]), clock=clock)
        yield Offices(usual, decreed, cluster.url(name), clock)
        usual.close()
        decreed.close()
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class Histories(RuleBasedStateMachine):
    """One case of some kind; the model is the list of event types that were committed."""

    def __init__(self, offices: Offices) -> None:
        super().__init__()
        self.offices = offices
        self.office = offices.usual
        offices.clock.offset = timedelta()
        self.frozen: dict[tuple[str, int], tuple[object, ...]] = {}
        self.promised: dict[tuple[str, int], object] = {}

    @initialize(kind=st.sampled_from(CaseKind))
    def open(self, kind):
        self.kind = kind
        with self.office.session() as session:
            follow_calendars(session, now(session))
            row = open_case(
                session,
                kind,
                jurisdiction=self.office.jurisdictions["jateng"],
                actor=ACTORS[2],
                body={},
                audience=Audience.PUBLIC,
                agency="dishub",
            )
            self.case_id = row.id
        self.history = ["opened"]
        self.look()

    def look(self) -> None:
        """Take the events of the office's own hand into the model."""
        with self.office.session() as session:
            stored = [event.type for event in events_of(session, self.case_id)]
        assert stored[: len(self.history)] == self.history, "what was written stays"
        assert set(stored[len(self.history) :]) <= {"clock_overdue", "clock_computed", "clock_moved", "escalated"}
        self.history = stored

    @rule(event_type=st.sampled_from(BY_HAND), actor=st.sampled_from(ACTORS))
    def act(self, event_type, actor):
        legal = event_type in allowed(self.kind, state_after(self.kind, self.history))
        try:
            with self.office.session() as session:
                append(session, self.case_id, event_type, actor=actor, body={}, audience=Audience.PUBLIC)
            assert legal
            self.history.append(event_type)
        except IllegalTransition:
            assert not legal
        except REFUSED:
            # It may stand here, but not from this person or not now: nothing was written.
            assert legal

    @rule(data=st.data(), actor=st.sampled_from(ACTORS))
    def act_legally(self, data, actor):
        legal = set(allowed(self.kind, state_after(self.kind, self.history))) & set(BY_HAND)
        self.act(data.draw(st.sampled_from(sorted(legal))), actor)

    @rule(data=st.data(), actor=st.sampled_from(ACTORS))
    def be_killed_before_the_commit(self, data, actor):
        legal = set(allowed(self.kind, state_after(self.kind, self.history))) & set(BY_HAND)
        event_type = data.draw(st.sampled_from(sorted(legal)))
        session = self.office.open_session()
        try:
            append(session, self.case_id, event_type, actor=actor, body={}, audience=Audience.PUBLIC)
        except REFUSED:
            session.close()
            return
        backend = session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(self.offices.superuser, autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        with pytest.raises(DBAPIError):
            session.commit()
        with contextlib.suppress(DBAPIError):
            session.close()

    @rule(hours=st.sampled_from([1, 5, 23, 24, 72, 200]))
    def tick(self, hours):
        self.offices.clock.advance(timedelta(hours=hours))

    @rule()
    def sweep(self):
        swept = 1
        while swept:
            with self.office.session() as session:
                swept = sweep_due(session, now(session))
        self.look()
        with self.office.session() as session:
            moment = now(session)
            for clock in clocks_of(session, self.case_id):
                assert (clock.overdue_event is not None) >= clock.overdue_at(moment - timedelta(minutes=10))

    @rule()
    def decree_or_take_back(self):
        self.office = self.offices.decreed if self.office is self.offices.usual else self.offices.usual
        with self.office.session() as session:
            follow_calendars(session, now(session))
        self.look()

    @rule()
    def publish(self):
        with self.office.session() as session:
            publish(session, now(session))

    @invariant()
    def the_state_is_what_the_events_say(self):
        with self.office.session() as session:
            row = session.get(CaseRow, self.case_id)
            stored = [event.type for event in events_of(session, self.case_id)]
            assert stored == self.history
            assert row.state == state_after(self.kind, stored)
            assert verify_chain(session, self.case_id) == row.head_sha256

    @invariant()
    def promises_are_kept_as_they_were_made(self):
        with self.office.session() as session:
            for clock in clocks_of(session, self.case_id):
                key = (clock.name, clock.round)
                if clock.name == "first_response":
                    assert clock.due_at == clock.started_at + timedelta(hours=24), "it never pauses and never moves"
                if clock.counted_in != "working_days":
                    assert self.promised.setdefault(key, clock.due_at) == clock.due_at
                if clock.stopped_at is not None:
                    ended = (clock.result, clock.due_at, clock.stopped_at, clock.stopped_by)
                    assert self.frozen.setdefault(key, ended) == ended, "no result changes after it froze"
                    late = clock.due_at is not None and clock.stopped_at > clock.due_at
                    assert clock.result == "late" if late else clock.result in {"on_time", "dropped"}
                else:
                    assert key not in self.frozen

    def teardown(self):
        if not hasattr(self, "case_id"):
            return
        with self.offices.usual.session() as session:
            # Holidays as they were published, for the next history.
            follow_calendars(session, now(session))
            assert list(Audit(session).findings()) == []


@pytest.mark.slow
def test_random_histories_keep_every_promise(offices):
    run_state_machine_as_test(
        lambda: Histories(offices),
        settings=settings(
            max_examples=int(os.environ.get(MORE, "12")),
            # The same histories in every run; whoever asks for more gets new ones.
            derandomize=MORE not in os.environ,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_64_writers_on_one_case_make_one_chain(offices):
    with offices.usual.session() as session:
        case = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=offices.usual.jurisdictions["jateng"],
            actor=ACTORS[2],
            body={},
            audience=Audience.PUBLIC,
            agency="dishub",
        )
    # A connection each, and no limit to the wait: the machine may be slow, the chain must not fork.
    engine = create_engine(offices.usual.engine.url, poolclass=NullPool)
    info = {CLOCK_KEY: offices.clock, JURISDICTIONS_KEY: offices.usual.jurisdictions}
    start, failures = threading.Barrier(64), []

    def write(number: int) -> None:
        try:
            start.wait()
            for _ in range(2):
                with Session(engine, info=info) as session, session.begin():
                    body = {"writer": number}
                    append(session, case.id, "message", actor=ACTORS[2], body=body, audience=Audience.PUBLIC)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    assert failures == []
    with offices.usual.session() as session:
        events = events_of(session, case.id)
        assert [event.number for event in events] == list(range(1, 130))
        assert sorted(event.data["writer"] for event in events[1:]) == sorted([*range(64), *range(64)])
        assert [later.previous_sha256 for later in events[1:]] == [earlier.sha256 for earlier in events[:-1]]
        verify_chain(session, case.id)
