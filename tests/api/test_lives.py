"""The whole life of a ticket: silence, block, contest, court, refund, another driver, undoing, and second persons."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select

from api.audit.verifying import Audit
from api.clock import now
from api.contests.service import open_contest, reopen_contest, withdraw_contest
from api.database import APP_ROLE
from api.store.errors import (
    BlockRefused,
    FinalAlready,
    IllegalTransition,
    NotFinalYet,
    RoleRefused,
    SecondPersonNeeded,
)
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.reading import Viewer, case_for
from api.store.service import append, clocks_of, events_of, lock_case, open_case, verify_chain
from api.store.sweeping import sweep_due
from api.store.tables import BlockRow, CaseRow, SecondPersonRow
from api.tickets.blocking import block, blocks_on, lift, propose_lifting
from api.tickets.confirmation import Choice, confirm
from api.tickets.court import NothingToRefund, approve_refund, claim_refund, judge
from api.tickets.liability import DriverUnnamed, move_liability, reinstate
from api.tickets.service import issue_ticket, ticket_of
from api.tickets.undoing import undo_decision
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


@pytest.fixture
def life(database, clock, settings, officer):
    return Life(database, clock, settings, officer)


def sound(database):
    with database.session() as session:
        assert list(Audit(session).findings()) == []


class TestTheOwnersDays:
    def test_they_begin_when_the_letter_leaves(self, life, database):
        life.wait(days=2)
        life.do("notice_sent")
        found = life.clocks()
        with database.session() as session:
            rounds = [one for one in clocks_of(session, life.id) if one.name == "confirmation"]
        assert [one.result for one in rounds] == ["dropped", "running"]
        assert rounds[1].due_at == rounds[1].started_at + timedelta(days=5)
        assert found["notice"].result == "on_time"
        # A reminder gives no further days.
        life.wait(days=1)
        life.do("notice_sent")
        assert life.clocks()["confirmation"].round == 2
        sound(database)

    def test_silence_blocks_and_is_told(self, life, database):
        life.notify()
        life.wait(days=5, minutes=1)
        assert life.state == "blocked"
        assert life.steps[-3:] == ["clock_overdue", "fell_silent", "blocked"]
        assert life.blocks() == [life.id]
        found = life.clocks()
        assert (found["confirmation"].result, found["payment"].result) == ("late", "dropped")
        sound(database)

    @pytest.mark.parametrize("first", [(), ("notice_sent", "notice_returned")])
    def test_who_was_not_reached_is_never_blocked(self, life, first):
        life.clock.advance(timedelta(minutes=2))
        for step in first:
            life.do(step)
        life.wait(days=60)
        assert life.state == "issued"
        assert life.blocks() == []

    def test_who_denies_is_never_blocked_by_a_clock(self, life, database):
        life.notify()
        with database.session() as session:
            confirm(session, ticket=life.ticket(session), choice=Choice.NEVER_MINE, driver=None)
        life.wait(days=90)
        assert life.state == "denied"
        assert life.clocks()["denial"].overdue_event is not None

    def test_who_confirms_and_does_not_pay_is_blocked_after_the_payments_days(self, life, database):
        life.notify()
        with database.session() as session:
            confirm(session, ticket=life.ticket(session), choice=Choice.MINE_I_DROVE, driver=None)
        life.wait(days=6)
        assert life.state == "confirmed"
        life.wait(days=2)
        assert life.state == "blocked"

    def test_speaking_up_lifts_a_block_for_silence_and_only_that(self, life, database):
        life.notify()
        life.wait(days=6)
        with database.session() as session:
            confirm(session, ticket=life.ticket(session), choice=Choice.MINE_I_DROVE, driver=None)
        assert (life.state, life.blocks()) == ("confirmed", [])
        life.wait(days=8)
        assert life.state == "blocked"
        with pytest.raises(IllegalTransition), database.session() as session:
            confirm(session, ticket=life.ticket(session), choice=Choice.MINE_I_DROVE, driver=None)

    def test_a_payment_lifts_it_in_the_same_transaction(self, life, database):
        life.notify()
        life.wait(days=6)
        with pytest.raises(IllegalTransition):
            life.do("paid")
        with database.session() as session:
            assert lift(session, life.id, because="paid")
            append(session, life.id, "paid", actor=SYSTEM, body={}, audience=Audience.PARTY)
        assert (life.state, life.blocks()) == ("paid", [])
        with database.session() as session:
            row = session.scalars(select(BlockRow)).one()
            assert row.lifted_at is not None
        life.do("payment_reversed")
        life.wait(days=30)
        assert life.state == "blocked"
        sound(database)


class TestNoBlockDuringAContest:
    # Every state a ticket can be contested from, by the way that leads there.
    WAYS = (
        (),
        ("notice_sent",),
        ("notice_sent", "confirmed"),
        ("notice_sent", "denied"),
        ("notice_sent", "fell_silent"),
    )

    @pytest.mark.parametrize("way", WAYS)
    def test_no_clock_no_officer_and_no_program_blocks(self, life, database, way):
        life.clock.advance(timedelta(minutes=2))
        for step in way:
            life.do(step)
        contest = life.contest()
        life.wait(days=120)
        assert (life.state, life.blocks()) == ("contested", [])
        with pytest.raises(IllegalTransition):
            life.call(block, actor=DEWI, reason="x")
        assert case_of(database, contest).state == "open"

    def test_contesting_lifts_the_block_first(self, life):
        life.notify()
        life.wait(days=6)
        life.contest()
        assert life.steps[-2:] == ["unblocked", "contested"]
        life.wait(days=60)
        assert life.blocks() == []

    def test_a_judged_contest_that_is_reopened_lifts_the_block_that_followed(self, life, database):
        life.notify()
        contest = life.contest()
        decide(database, life, contest, "upheld")
        life.wait(days=16)
        assert life.state == "blocked"
        with pytest.raises(BlockRefused), database.session() as session:
            append(session, contest.id, "reopened", actor=SYSTEM, body={}, audience=Audience.PARTY)
        with database.session() as session:
            reopen_contest(session, contest=case_row(session, contest), actor=DEWI, reason="bukti baru")
        life.wait(days=60)
        assert (life.state, life.blocks()) == ("contested", [])

    def test_after_a_no_there_is_no_second_contest(self, life, database):
        life.notify()
        decide(database, life, life.contest(), "upheld")
        life.wait(days=16)
        with pytest.raises(IllegalTransition):
            life.contest()
        assert life.state == "blocked"

    def test_a_withdrawn_contest_leaves_it_owed(self, life, database):
        life.notify()
        contest = life.contest()
        with pytest.raises(RoleRefused), database.session() as session:
            withdraw_contest(session, contest=case_row(session, contest), actor=DEWI)
        owner = Actor(id=f"party:{life.id}", name="Pemilik", role="owner")
        with database.session() as session:
            withdraw_contest(session, contest=case_row(session, contest), actor=owner)
        assert life.state == "due"
        assert life.clocks()["payment"].due_at is not None
        with database.session() as session:
            first = clocks_of(session, contest.id)[0]
            assert (first.name, first.result) == ("first_response", "dropped")

    def test_the_database_itself_refuses_both_orders(self, life, database, cluster, database_name, monkeypatch):
        monkeypatch.setattr("api.store.service.check", lambda *_, **__: None)
        life.notify()
        life.do("confirmed")
        with database.session() as session:
            contest = child(session, life, CaseKind.CONTEST)
        with pytest.raises(Exception, match="no vehicle is blocked while its contest is open"):
            life.do("blocked")
        decide_alone(database, contest)
        life.do("blocked")
        with (
            pytest.raises(Exception, match="lift the block before its contest opens"),
            database.session() as session,
        ):
            child(session, life, CaseKind.CONTEST)
        with pytest.raises(Exception, match="lift the block before its contest opens"), database.session() as session:
            append(session, contest.id, "reopened", actor=SYSTEM, body={}, audience=Audience.PARTY)
        with (
            psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("UPDATE blocks SET lifted_at = now()")


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


class TestTwoPersons:
    def test_who_validated_decides_no_contest_nor_voids(self, life, database):
        life.notify()
        contest = life.contest()
        for event_type in ("upheld", "cancelled"):
            with pytest.raises(SecondPersonNeeded, match="another person"):
                life.do(event_type, life.officer)
        with pytest.raises(SecondPersonNeeded), database.session() as session:
            append(session, contest.id, "answered", actor=life.officer, body={}, audience=Audience.PARTY)

    def test_the_database_refuses_it_by_a_constraint(self, life, database, monkeypatch):
        monkeypatch.setattr("api.store.service.check", lambda *_, **__: None)
        life.notify()
        contest = life.contest()
        for case_id, event_type in ((life.id, "upheld"), (life.id, "cancelled"), (contest.id, "answered")):
            with (
                pytest.raises(Exception, match="ck_second_persons_two_persons"),
                database.session() as session,
            ):
                append(session, case_id, event_type, actor=life.officer, body={}, audience=Audience.PARTY)
        for actor in (SYSTEM, Actor(id="citizen", name="Warga", role="citizen")):
            with pytest.raises(Exception, match="upheld of a ticket is for officer supervisor"):
                life.do("upheld", actor)

    def test_a_block_is_lifted_by_two(self, life, database, monkeypatch):
        life.notify()
        life.wait(days=6)
        with pytest.raises(SecondPersonNeeded, match="propose it first"):
            life.call(lift, because="decided", actor=DEWI)
        life.call(propose_lifting, actor=DEWI, reason="plat dipalsukan")
        with pytest.raises(SecondPersonNeeded, match="somebody else"):
            life.call(lift, because="decided", actor=DEWI)
        with monkeypatch.context() as patch:
            patch.setattr("api.store.service.check", lambda *_, **__: None)
            with pytest.raises(Exception, match="ck_second_persons_two_persons"):
                life.call(lift, because="decided", actor=DEWI)
        assert life.call(lift, because="decided", actor=JOKO)
        with database.session() as session:
            row = session.scalars(select(SecondPersonRow).where(SecondPersonRow.case_id == life.id)).one()
            assert (row.first_person, row.second_person) == ("dewi", "joko")
        # A proposal of an earlier block is none for the next.
        life.wait(days=30)
        assert life.state == "blocked"
        with pytest.raises(SecondPersonNeeded):
            life.call(lift, because="decided", actor=JOKO)

    def test_a_ticket_is_reinstated_by_a_third(self, life, database):
        life.do("cancelled", DEWI)
        for actor in (DEWI, life.officer):
            with pytest.raises(SecondPersonNeeded):
                life.call(reinstate, officer=actor, reason="salah batal")
        life.call(reinstate, officer=JOKO, reason="salah batal")
        assert life.state == "due"
        sound(database)

    def test_a_corrected_plate_is_validated_by_somebody_else(self, database, jurisdiction):
        with database.session() as session:
            case = open_case(
                session,
                CaseKind.VIOLATION,
                jurisdiction=jurisdiction,
                actor=SYSTEM,
                body={},
                audience=Audience.INTERNAL,
                agency="ditlantas-jateng",
            )
            append(session, case.id, "plate_corrected", actor=RINA, body={}, audience=Audience.INTERNAL)
        with pytest.raises(SecondPersonNeeded), database.session() as session:
            append(session, case.id, "approved", actor=RINA, body={}, audience=Audience.INTERNAL)
        with database.session() as session:
            append(session, case.id, "approved", actor=DEWI, body={}, audience=Audience.INTERNAL)


class TestUndoing:
    def test_within_the_window_the_ticket_is_taken_back(self, life, database):
        with database.session() as session:
            violation = session.get_one(CaseRow, life.ticket(session).parent_id)
        with pytest.raises(FinalAlready, match="only whoever decided"), database.session() as session:
            undo_decision(session, violation.id, actor=DEWI)
        with database.session() as session:
            undo_decision(session, violation.id, actor=life.officer)
        assert life.state == "withdrawn"
        with database.session() as session:
            again = case_row(session, violation)
            assert (again.state, ticket_of(session, again)) == ("awaiting_review", None)
            review = {one.round: one.result for one in clocks_of(session, violation.id) if one.name == "review"}
            assert review == {1: "on_time", 2: "running"}
            append(session, violation.id, "approved", actor=life.officer, body={}, audience=Audience.INTERNAL)
            new = issue_ticket(session, violation_case=again, officer=life.officer)
            assert new.id != life.id
            verify_chain(session, new.id)
        assert all(one.result != "running" for one in life.clocks().values())
        sound(database)

    def test_nothing_leaves_before_it_is_over_and_nothing_is_undone_after(self, life, database, monkeypatch):
        for step in ("notice_sent", "letter_sent", "message_sent"):
            with pytest.raises(NotFinalYet):
                life.do(step)
        life.do("notice_made")
        with database.session() as session:
            violation_id = life.ticket(session).parent_id
        with monkeypatch.context() as patch:
            patch.setattr("api.store.service.check", lambda *_, **__: None)
            with pytest.raises(Exception, match="nothing leaves before it is final"):
                life.do("notice_sent")
            with pytest.raises(Exception, match="only when its decision was undone"):
                life.do("withdrawn", life.officer)
        life.notify()
        with pytest.raises(FinalAlready, match="is over"), database.session() as session:
            undo_decision(session, violation_id, actor=life.officer)
        with monkeypatch.context() as patch:
            patch.setattr("api.store.service.check", lambda *_, **__: None)
            with pytest.raises(Exception, match="the decision is final"), database.session() as session:
                append(session, violation_id, "undone", actor=life.officer, body={}, audience=Audience.INTERNAL)

    def test_what_the_owner_has_answered_is_not_undone(self, life, database):
        life.do("confirmed")
        with database.session() as session:
            violation_id = life.ticket(session).parent_id
        with pytest.raises(IllegalTransition), database.session() as session:
            undo_decision(session, violation_id, actor=life.officer)


class TestAnotherDriver:
    def test_the_named_driver_gets_a_case_of_their_own(self, life, database):
        life.notify()
        with database.session() as session:
            confirm(session, ticket=life.ticket(session), choice=Choice.MINE_OTHER_DROVE, driver="Agus Salim")
        new = life.call(move_liability, officer=DEWI)
        assert life.state == "moved"
        with database.session() as session:
            assert ticket_of(session, session.get_one(CaseRow, new.parent_id)).id == new.id
            told = next(event for event in events_of(session, new.id) if event.type == "linked")
            assert (told.data["driver"]["name"], told.audience) == ("Agus Salim", "internal")
            # Neither reads the other's case.
            for own, others in ((life.id, new), (new.id, life.ticket(session))):
                with pytest.raises(Exception, match="No case with this reference"):
                    case_for(session, Viewer.party(own), others.reference)
            running = {one.name for one in clocks_of(session, new.id) if one.result == "running"}
        assert running == {"notice", "confirmation", "payment"}
        assert all(one.result != "running" for one in life.clocks().values())
        sound(database)

    def test_a_driver_who_did_not_drive_gives_it_back(self, life, database):
        life.notify()
        life.do("confirmed", choice="mine_other_drove", driver="Agus Salim")
        new = life.call(move_liability, officer=DEWI)
        with pytest.raises(IllegalTransition):
            life.call(reinstate, officer=JOKO, reason="bukan Agus")
        with database.session() as session:
            append(session, new.id, "cancelled", actor=JOKO, body={}, audience=Audience.PARTY)
        life.call(reinstate, officer=JOKO, reason="bukan Agus")
        assert life.state == "due"
        with database.session() as session:
            assert ticket_of(session, session.get_one(CaseRow, new.parent_id)).id == life.id

    def test_nobody_named(self, life):
        life.do("confirmed", choice="mine_i_drove")
        with pytest.raises(DriverUnnamed):
            life.call(move_liability, officer=DEWI)


class TestCourtAndRefund:
    def judged(self, life, fine, deposit=500_000):
        life.notify()
        life.do("paid")
        life.call(judge, fine_rupiah=fine, deposit_rupiah=deposit, decision="12/Pid.C/2026", actor=DEWI)

    def test_the_rest_is_fetched_within_a_year_by_two(self, life):
        self.judged(life, 150_000)
        assert life.state == "settled"
        life.wait(days=300)
        owner = Actor(id=f"party:{life.id}", name="Pemilik", role="owner")
        assert life.call(claim_refund, actor=owner, account="BRI 123").data["amount_rupiah"] == 350_000
        life.call(approve_refund, actor=DEWI, propose=True)
        with pytest.raises(SecondPersonNeeded):
            life.call(approve_refund, actor=DEWI, propose=False)
        life.call(approve_refund, actor=JOKO, propose=False)
        life.do("refunded", amount_rupiah=350_000)
        with pytest.raises(NothingToRefund):
            life.call(claim_refund, actor=owner, account="BRI 123")
        assert life.clocks()["refund"].result == "on_time"

    def test_after_a_year_it_is_the_states(self, life, database):
        self.judged(life, 150_000)
        life.wait(days=367)
        assert life.state == "closed"
        assert life.steps[-2:] == ["clock_overdue", "refund_expired"]
        sound(database)

    def test_nothing_left_closes_it_at_once(self, life):
        self.judged(life, 500_000)
        assert life.state == "closed"

    def test_judged_before_paid(self, life):
        life.notify()
        life.do("sent_to_court")
        life.call(judge, fine_rupiah=100_000, deposit_rupiah=0, decision="7", actor=DEWI)
        assert life.state == "judged"
        life.do("paid")
        assert life.state == "settled"


def test_a_locked_ticket_is_seen_as_it_is(life, database):
    with database.session() as session:
        assert lock_case(session, life.id).state == "issued"
