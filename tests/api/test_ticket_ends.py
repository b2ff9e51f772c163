"""How a ticket ends otherwise: undone, moved to another driver, judged by a court, paid back."""

from __future__ import annotations

import pytest

from api.store.errors import (
    FinalAlready,
    IllegalTransition,
    NotFinalYet,
    SecondPersonNeeded,
)
from api.store.kinds import Actor, Audience
from api.store.reading import Viewer, case_for
from api.store.service import append, clocks_of, events_of, lock_case, verify_chain
from api.store.tables import CaseRow
from api.tickets.blocking import lift, propose_lifting
from api.tickets.confirmation import Choice, confirm
from api.tickets.court import NothingToRefund, approve_refund, claim_refund, judge
from api.tickets.liability import DriverUnnamed, move_liability, reinstate
from api.tickets.service import issue_ticket, ticket_of
from api.tickets.undoing import undo_decision
from tests.api.ticket_life import (
    DEWI,
    JOKO,
    Life,
    case_row,
    sound,
)


@pytest.fixture
def life(database, clock, settings, officer):
    return Life(database, clock, settings, officer)


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
        assert life.clocks()["fine"].result == "on_time"

    def before_the_court(self, life, fine):
        life.notify()
        life.do("sent_to_court")
        life.call(judge, fine_rupiah=fine, deposit_rupiah=0, decision="7", actor=DEWI)

    def test_a_fine_that_is_not_paid_blocks_until_it_is(self, life, database):
        self.before_the_court(life, 100_000)
        life.wait(days=8)
        assert (life.state, life.blocks()) == ("enforced", [life.id])
        with pytest.raises(IllegalTransition):
            life.contest()
        with pytest.raises(IllegalTransition):
            life.do("paid")
        life.call(lift, because="paid")
        life.do("paid")
        assert (life.state, life.blocks()) == ("settled", [])
        sound(database)

    def test_its_block_is_lifted_by_two_and_the_fine_stays_due(self, life, database):
        self.before_the_court(life, 100_000)
        life.wait(days=8)
        with pytest.raises(SecondPersonNeeded):
            life.call(lift, because="decided", actor=DEWI)
        life.call(propose_lifting, actor=JOKO, reason="cicilan")
        life.call(lift, because="decided", actor=DEWI)
        assert life.state == "judged"
        life.wait(days=8)
        assert (life.state, life.blocks()) == ("enforced", [life.id])
        sound(database)

    def test_who_is_acquitted_owes_nothing(self, life, database):
        self.before_the_court(life, 0)
        life.wait(days=60)
        assert (life.state, life.blocks()) == ("closed", [])
        assert "fine" not in life.clocks()
        sound(database)

    def test_a_payment_that_is_reversed_after_the_judgement_is_owed_as_judged(self, life, database):
        self.judged(life, 150_000)
        life.do("payment_reversed")
        assert life.state == "judged"
        life.wait(days=16)
        assert life.state == "enforced"
        sound(database)


def test_a_locked_ticket_is_seen_as_it_is(life, database):
    with database.session() as session:
        assert lock_case(session, life.id).state == "issued"
