"""A ticket and what happens to it, for tests that live it through."""

from __future__ import annotations

from datetime import timedelta

from api.audit.verifying import Audit
from api.clock import now
from api.contests.service import open_contest
from api.store.kinds import SYSTEM, Actor, Audience
from api.store.service import append, clocks_of, events_of, open_case
from api.store.sweeping import sweep_due
from api.store.tables import CaseRow
from api.tickets.blocking import blocks_on
from tests.api.public_pages import make_ticket

RINA = Actor(id="rina", name="Rina", role="officer")
DEWI = Actor(id="dewi", name="Dewi", role="supervisor")
JOKO = Actor(id="joko", name="Joko", role="supervisor")
STORY = "Mobil ini ada di bengkel pada hari itu, lihat kuitansi."


class Life:
    """One ticket and what happens to it, each step a transaction of its own."""

    def __init__(self, database, clock, settings, officer):
        self.database, self.clock = database, clock
        self.officer = officer.actor
        self.id = make_ticket(database, settings, officer).id

    def do(self, event_type, actor=SYSTEM, audience=Audience.PARTY, **body):
        with self.database.session() as session:
            append(session, self.id, event_type, actor=actor, body=body, audience=audience)

    def call(self, function, **arguments):
        with self.database.session() as session:
            return function(session, self.id, **arguments)

    def ticket(self, session):
        return session.get_one(CaseRow, self.id)

    @property
    def state(self):
        with self.database.session() as session:
            return self.ticket(session).state

    @property
    def steps(self):
        with self.database.session() as session:
            return [event.type for event in events_of(session, self.id)]

    def clocks(self):
        with self.database.session() as session:
            return {one.name: one for one in clocks_of(session, self.id)}

    def contest(self, ground="sold"):
        with self.database.session() as session:
            return open_contest(session, ticket=self.ticket(session), ground=ground, text=STORY)

    def wait(self, **time):
        self.clock.advance(timedelta(**time))
        swept = 1
        while swept:
            with self.database.session() as session:
                swept = sweep_due(session, now(session))

    def notify(self):
        self.clock.advance(timedelta(minutes=2))
        self.do("notice_sent", channel="post")

    def blocks(self):
        with self.database.session() as session:
            return [one.case_id for one in blocks_on(session, "H1234AB")]


def sound(database):
    with database.session() as session:
        assert list(Audit(session).findings()) == []


def case_row(session, case):
    return session.get_one(CaseRow, case.id)


def case_of(database, case):
    with database.session() as session:
        return case_row(session, case)


def child(session, life, kind):
    ticket = life.ticket(session)
    return open_case(
        session,
        kind,
        jurisdiction=life.database.jurisdictions["jateng"],
        actor=SYSTEM,
        body={},
        audience=Audience.PARTY,
        agency=ticket.agency,
        parent_id=ticket.id,
    )


def decide(database, life, contest, outcome, judge=JOKO):
    with database.session() as session:
        append(session, life.id, outcome, actor=judge, body={}, audience=Audience.PARTY)
        append(session, contest.id, "answered", actor=judge, body={"text": "x"}, audience=Audience.PARTY)


def decide_alone(database, contest):
    with database.session() as session:
        append(session, contest.id, "answered", actor=JOKO, body={}, audience=Audience.PARTY)
