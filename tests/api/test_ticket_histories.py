"""Random lives of a ticket and its contest: nobody is blocked while a contest is open, whoever acts in which order."""

from __future__ import annotations

import contextlib
import os
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from api.audit.verifying import Audit
from api.clock import now
from api.contests.service import open_contest, reopen_contest, withdraw_contest
from api.problems import OfficeError
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.lives import BLOCKED
from api.store.service import append, clocks_of, events_of, open_case, verify_chain
from api.store.states import state_after
from api.store.sweeping import sweep_due
from api.store.tables import BlockRow, CaseRow, SecondPersonRow
from api.store.transitions import TRANSITIONS
from api.tickets.blocking import block, lift, propose_lifting
from api.tickets.confirmation import Choice, confirm
from api.tickets.court import judge
from tests.api.test_histories import MORE, offices  # noqa: F401 - a fixture

PEOPLE = tuple(Actor(id=name, name=name, role=role) for name, role in (("a", "officer"), ("b", "supervisor")))
OWNER = Actor(id="party", name="Pemilik", role="owner")
EVERYBODY = (*PEOPLE, OWNER, SYSTEM)
RAW = sorted(
    {event for events in TRANSITIONS[CaseKind.TICKET].values() for event in events}
    - {"opened", "clock_overdue", "clock_computed", "clock_moved", "escalated"}
)


class Lives(RuleBasedStateMachine):
    """A violation, its ticket and the ticket's contests; each act may be refused, none may break a promise."""

    def __init__(self, offices) -> None:  # noqa: F811 - the fixture's value
        super().__init__()
        self.offices, self.office = offices, offices.usual
        offices.clock.offset = timedelta()

    @initialize(officer=st.sampled_from(PEOPLE), posted=st.sampled_from([True, True, False]))
    def open(self, officer, posted):
        with self.office.session() as session:
            jurisdiction = self.office.jurisdictions["jateng"]
            common = {"jurisdiction": jurisdiction, "body": {}, "agency": "ditlantas-jateng"}
            violation = open_case(session, CaseKind.VIOLATION, actor=SYSTEM, audience=Audience.INTERNAL, **common)
            append(session, violation.id, "approved", actor=officer, body={}, audience=Audience.INTERNAL)
            self.ticket = open_case(
                session,
                CaseKind.TICKET,
                actor=officer,
                audience=Audience.PARTY,
                parent_id=violation.id,
                subject={"plate": "H1234AB"},
                **common,
            ).id

        if posted:
            self.offices.clock.advance(timedelta(minutes=2))
            self.post("notice_sent")

    def act(self, function) -> None:
        """In a transaction of its own; a refusal in a sentence is an answer, everything else is a fault."""
        with contextlib.suppress(OfficeError), self.office.session() as session:
            function(session, session.get_one(CaseRow, self.ticket))

    def contest(self, session):
        query = select(CaseRow).where(CaseRow.parent_id == self.ticket, CaseRow.kind == "contest")
        return session.scalars(query.order_by(CaseRow.opened_at.desc()).limit(1)).one_or_none()

    @rule(step=st.sampled_from(["notice_sent", "notice_returned"]))
    def post(self, step):
        self.act(lambda s, t: append(s, t.id, step, actor=SYSTEM, body={}, audience=Audience.PARTY))

    @rule(choice=st.sampled_from(Choice))
    def owner_speaks(self, choice):
        self.act(lambda s, t: confirm(s, ticket=t, choice=choice, driver="Agus"))

    @rule()
    def owner_contests(self):
        self.act(lambda s, t: open_contest(s, ticket=t, ground="sold", text="Sudah saya jual tahun lalu."))

    @rule(actor=st.sampled_from(EVERYBODY))
    def contest_is_withdrawn(self, actor):
        def do(session, _ticket):
            if (contest := self.contest(session)) is not None:
                withdraw_contest(session, contest=contest, actor=actor)

        self.act(do)

    @rule(actor=st.sampled_from(EVERYBODY))
    def contest_is_reopened(self, actor):
        def do(session, _ticket):
            if (contest := self.contest(session)) is not None:
                reopen_contest(session, contest=contest, actor=actor, reason="bukti baru")

        self.act(do)

    @rule(actor=st.sampled_from(EVERYBODY), outcome=st.sampled_from(["upheld", "cancelled"]))
    def contest_is_judged(self, actor, outcome):
        def do(session, ticket):
            if (contest := self.contest(session)) is not None:
                append(session, ticket.id, outcome, actor=actor, body={}, audience=Audience.PARTY)
                append(session, contest.id, "answered", actor=actor, body={}, audience=Audience.PARTY)

        self.act(do)

    @rule()
    def bank_pays(self):
        def do(session, ticket):
            lift(session, ticket.id, because="paid")
            append(session, ticket.id, "paid", actor=SYSTEM, body={}, audience=Audience.PARTY)

        self.act(do)

    @rule(actor=st.sampled_from(EVERYBODY))
    def somebody_blocks(self, actor):
        self.act(lambda s, t: block(s, t.id, actor=actor, reason="x"))

    @rule(actor=st.sampled_from(PEOPLE))
    def somebody_proposes_to_lift(self, actor):
        self.act(lambda s, t: propose_lifting(s, t.id, actor=actor, reason="x"))

    @rule(actor=st.sampled_from(PEOPLE))
    def somebody_lifts(self, actor):
        self.act(lambda s, t: lift(s, t.id, because="decided", actor=actor))

    @rule()
    def court_judges(self):
        self.act(lambda s, t: judge(s, t.id, fine_rupiah=1, deposit_rupiah=2, decision="1", actor=PEOPLE[0]))

    @rule(step=st.sampled_from(RAW), actor=st.sampled_from(EVERYBODY))
    def anybody_says_anything(self, step, actor):
        self.act(lambda s, t: append(s, t.id, step, actor=actor, body={}, audience=Audience.PARTY))

    @rule(data=st.data(), actor=st.sampled_from(EVERYBODY))
    def anybody_takes_a_step(self, data, actor):
        with self.office.session() as session:
            state = session.get_one(CaseRow, self.ticket).state
        steps = [one for one, target in TRANSITIONS[CaseKind.TICKET][state].items() if target != state]
        # What ends it all is rare enough by itself.
        likely = [one for one in steps if one not in {"paid", "cancelled", "withdrawn", "closed"}] or steps
        if likely:
            self.anybody_says_anything(data.draw(st.sampled_from(sorted(likely))), actor)

    @rule(step=st.sampled_from(["blocked", "contested", "paid", "upheld"]))
    def a_worker_is_killed_before_the_commit(self, step):
        session = self.office.open_session()
        try:
            append(session, self.ticket, step, actor=PEOPLE[1], body={}, audience=Audience.PARTY)
        except OfficeError:
            session.close()
            return
        backend = session.scalar(text("SELECT pg_backend_pid()"))
        with psycopg.connect(self.offices.superuser, autocommit=True) as superuser:
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,))
        with pytest.raises(DBAPIError):
            session.commit()
        with contextlib.suppress(DBAPIError):
            session.close()

    @rule(hours=st.sampled_from([1, 30, 72, 200, 400, 9000]))
    def tick_and_sweep(self, hours):
        self.offices.clock.advance(timedelta(hours=hours))
        swept = 1
        while swept:
            with self.office.session() as session:
                swept = sweep_due(session, now(session))

    @invariant()
    def no_block_stands_while_a_contest_is_open(self):
        if not hasattr(self, "ticket"):
            return
        with self.office.session() as session:
            ticket = session.get_one(CaseRow, self.ticket)
            standing = session.scalars(
                select(BlockRow).where(BlockRow.case_id == self.ticket, BlockRow.lifted_at.is_(None))
            ).all()
            assert (ticket.state in BLOCKED) == (len(standing) == 1)
            contests = session.scalars(select(CaseRow).where(CaseRow.parent_id == self.ticket)).all()
            if any(one.kind == "contest" and one.state == "open" for one in contests):
                assert ticket.state not in BLOCKED

    @invariant()
    def states_and_persons_are_what_the_events_say(self):
        if not hasattr(self, "ticket"):
            return
        with self.office.session() as session:
            ticket = session.get_one(CaseRow, self.ticket)
            assert ticket.state == state_after(CaseKind.TICKET, [one.type for one in events_of(session, ticket.id)])
            verify_chain(session, ticket.id)
            for both in session.scalars(select(SecondPersonRow).where(SecondPersonRow.case_id == ticket.id)):
                assert both.first_person != both.second_person
            if ticket.state in {"withdrawn", "moved", "closed"}:
                assert [one.name for one in clocks_of(session, ticket.id) if one.result == "running"] == []

    def teardown(self):
        if hasattr(self, "ticket"):
            with self.office.session() as session:
                assert list(Audit(session).findings()) == []


@pytest.mark.slow
def test_no_order_of_acts_blocks_a_vehicle_while_its_contest_is_open(offices):  # noqa: F811 - the fixture
    run_state_machine_as_test(
        lambda: Lives(offices),
        settings=settings(
            max_examples=int(os.environ.get(MORE, "10")),
            derandomize=MORE not in os.environ,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
