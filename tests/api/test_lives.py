"""The life of a ticket: silence, block and contest, and what needs a second person."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from api.clock import now
from api.contests.service import reopen_contest, withdraw_contest
from api.database import APP_ROLE
from api.review.tables import ReadingRow
from api.store.errors import (
    BlockRefused,
    IllegalTransition,
    RoleRefused,
    SecondPersonNeeded,
)
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.service import append, clocks_of, events_of, open_case
from api.store.tables import BlockRow, ClockRow, SecondPersonRow
from api.tickets.blocking import block, lift, propose_lifting
from api.tickets.confirmation import Choice, confirm
from api.tickets.liability import reinstate
from tests.api.ticket_life import (
    DEWI,
    JOKO,
    RINA,
    Life,
    case_of,
    case_row,
    child,
    decide,
    decide_alone,
    sound,
)


@pytest.fixture
def life(database, clock, settings, officer):
    return Life(database, clock, settings, officer)


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

    def test_a_block_that_an_open_contest_kept_back_is_tried_again_and_told_once(self, life, database):
        life.notify()
        life.do("confirmed")
        with database.session() as session:
            # By a way that no page has: the ticket does not know of it.
            contest = child(session, life, CaseKind.CONTEST)
        for _ in range(4):
            life.wait(days=10)
        assert (life.state, life.blocks()) == ("confirmed", [])
        with database.session() as session:
            kept = [one.data["kept_from"] for one in events_of(session, life.id) if "kept_from" in one.data]
        assert kept == ["blocked"]
        decide_alone(database, contest)
        life.wait(days=2)
        assert (life.state, life.blocks()) == ("blocked", [life.id])
        sound(database)

    def test_a_deadline_that_passed_in_a_state_that_takes_no_block_is_not_forgotten(self, life, database):
        # In Surakarta the owner's days begin with the receipt: until then the ticket is only notified.
        life.notify()
        with database.session() as session:
            running = (ClockRow.name == "confirmation", ClockRow.stopped_at.is_(None))
            session.execute(update(ClockRow).where(*running).values(then_types=[]))
        life.wait(days=30)
        assert life.state == "notified"
        life.do("confirmed")
        life.wait(days=2)
        assert (life.state, life.blocks()) == ("blocked", [life.id])

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

    def test_a_blind_reader_judges_no_contest_whatever_the_code_allows(self, life, database):
        with database.session() as session:
            session.add(
                ReadingRow(
                    case_id=life.ticket(session).parent_id,
                    number=2,
                    user_id=JOKO.id,
                    user_name=JOKO.name,
                    decision="approved",
                    camera_id="cam",
                    offence="bus_lane",
                    taken_at=now(session),
                    at=now(session),
                    dwell_s=9,
                    seen={},
                )
            )
        contest = life.contest()
        with pytest.raises(IntegrityError, match="whoever read the violation"):
            decide(database, life, contest, "upheld")
        assert life.state == "contested"
        decide(database, life, contest, "upheld", judge=DEWI)
        assert life.state == "upheld"
