"""What becomes of complaints, corrections and applications: no promise stops silently, and nothing hides who did it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.audit.verifying import Audit
from api.clock import now
from api.complaints import handling
from api.complaints.duplicates import distance_m, duplicates_of
from api.complaints.handling import CannotJoin, ReasonMissing
from api.complaints.service import Complaint, open_complaint
from api.corrections.service import CorrectionRefused, Wish, correct, open_correction
from api.corrections.service import refuse as refuse_correction
from api.counter.service import (
    ItemsMissing,
    ItemUnknown,
    ServiceUnknown,
    accept,
    checklist_of,
    find_incomplete,
    open_request,
    receive_item,
)
from api.store.errors import CaseNotFound, Confidential, IllegalTransition, RoleRefused, SecondPersonNeeded
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.reading import Viewer, case_for, readable_by
from api.store.service import append, clocks_of, events_of, open_case
from api.store.sweeping import sweep_due
from api.store.tables import CaseRow

SITI = Actor(id="siti", name="Siti", role="agency")
BUDI = Actor(id="budi", name="Budi", role="agency")
TEXT = "Lubang besar di depan pasar, sudah dua orang jatuh."


@pytest.fixture
def complain(database, jurisdiction):
    def make(category="road_damage", **more):
        with database.session() as session:
            return open_complaint(session, Complaint(category, TEXT, **more), jurisdiction=jurisdiction)

    return make


@pytest.fixture
def call(database):
    """`call(function, case, ...)`: in a transaction of its own."""

    def do(function, case, *arguments, **named):
        with database.session() as session:
            return function(session, case.id, *arguments, **named)

    return do


@pytest.fixture
def results(database):
    def read(case):
        with database.session() as session:
            return {one.name: one.result for one in clocks_of(session, case.id)}

    return read


def state(database, case):
    with database.session() as session:
        return session.get_one(CaseRow, case.id).state


class TestWithdrawing:
    def test_in_time_it_ends_without_a_result_and_in_public(self, complain, call, results, database):
        case = complain()
        call(handling.withdraw, case)
        assert set(results(case).values()) == {"dropped"}
        with database.session() as session:
            last = events_of(session, case.id)[-1]
            assert (last.type, last.audience, last.actor_role) == ("withdrawn", "public", "citizen")

    def test_late_stays_late(self, complain, call, results, clock):
        case = complain()
        clock.advance(timedelta(hours=25))
        call(handling.withdraw, case)
        assert results(case)["first_response"] == "late"

    def test_the_office_takes_nothing_back_in_a_citizens_place(self, complain, call, monkeypatch):
        case = complain()
        with pytest.raises(RoleRefused):
            call(handling.withdraw, case, actor=SITI)
        monkeypatch.setattr("api.store.service.check", lambda *_, **__: None)
        with pytest.raises(Exception, match="withdrawn of a complaint is for citizen owner, not for agency"):
            call(handling.withdraw, case, actor=SITI)


class TestRefusing:
    def test_who_and_why_stands_in_public_and_it_can_be_opened_again(self, complain, call, results, database):
        case = complain()
        with pytest.raises(ReasonMissing):
            call(handling.refuse, case, reason="  tidak ", actor=SITI)
        call(handling.refuse, case, reason="Jalan ini milik perumahan, bukan milik provinsi.", actor=SITI)
        assert set(results(case).values()) == {"on_time"}
        with database.session() as session:
            case_row = case_for(session, Viewer.anonymous(), case.reference)
            last = events_of(session, case_row.id)[-1]
            assert (last.audience, last.data["by"]["name"], case_row.state) == ("public", "Siti", "refused")
            append(session, case.id, "reopened", actor=SYSTEM, body={}, audience=Audience.PUBLIC)
            assert results_of(session, case)[("first_response", 2)] == "running"

    def test_only_the_office_refuses(self, complain, call, citizen):
        with pytest.raises(RoleRefused):
            call(handling.refuse, complain(), reason="x" * 20, actor=citizen)


def results_of(session, case):
    return {(one.name, one.round): one.result for one in clocks_of(session, case.id)}


class TestJoining:
    HERE = (-6.982500, 110.409200)

    def near(self, metres):
        return self.HERE[0] + metres / 111_195, self.HERE[1]

    def test_what_is_near_in_place_and_time_is_found(self, complain, database, clock):
        def there(metres, **more):
            latitude, longitude = self.near(metres)
            return complain(latitude=latitude, longitude=longitude, **more)

        case, close, _ = there(0), there(60), there(400)
        there(10, category="traffic")
        clock.advance(timedelta(days=20))
        there(5)
        with database.session() as session:
            found = duplicates_of(session, Viewer.staff(SITI, "dpubmck"), session.get_one(CaseRow, case.id))
            assert [one.case.id for one in found] == [close.id]
            assert found[0].distance_m == pytest.approx(60, abs=1)
            assert duplicates_of(session, Viewer.staff(SITI, "dinkes"), case) == []

    def test_without_a_position_the_words_of_the_place_tell(self, complain, database):
        case = complain(place="Jl. Pemuda no. 12, Semarang")
        same, other = complain(place="jalan pemuda 12 semarang"), complain(place="Jl. Gajahmada, Semarang")
        with database.session() as session:
            found = {one.case.id for one in duplicates_of(session, Viewer.staff(SITI, "dpubmck"), case)}
        assert (same.id in found, other.id in found) == (True, False)

    def test_its_clock_runs_until_a_person_answers(self, complain, call, results, database):
        main, case = complain(), complain()
        call(handling.join, case, into=main.id, actor=SITI)
        assert results(case)["first_response"] == "running"
        assert state(database, case) == "merged"
        call(handling.answer, main, text="Ditambal hari ini.", actor=SITI)
        assert (results(case)["first_response"], results(main)["first_response"]) == ("on_time", "on_time")
        with database.session() as session:
            told = events_of(session, case.id)[-1]
            assert (told.type, told.audience, told.data["by_way_of"]) == ("answered", "public", main.reference)
            assert list(Audit(session).findings()) == []
        call(handling.separate, case, actor=SITI, reason="lubang lain")
        assert state(database, case) == "open"

    def test_what_is_joined_late_is_late(self, complain, call, results, clock):
        main, case = complain(), complain()
        call(handling.join, case, into=main.id, actor=SITI)
        clock.advance(timedelta(hours=25))
        call(handling.answer, main, text="Maaf terlambat.", actor=SITI)
        assert results(case)["first_response"] == "late"

    def test_joined_with_what_was_answered_it_is_answered(self, complain, call, results):
        main, case = complain(), complain()
        call(handling.answer, main, text="Ditambal hari ini.", actor=SITI)
        call(handling.join, case, into=main.id, actor=SITI)
        assert results(case)["first_response"] == "on_time"

    def test_what_cannot_be_joined(self, complain, call):
        main, case, third = complain(), complain(), complain()
        with pytest.raises(CannotJoin, match="itself"):
            call(handling.join, case, into=case.id, actor=SITI)
        with pytest.raises(CannotJoin, match="another agency"):
            call(handling.join, case, into=complain("traffic").id, actor=SITI)
        call(handling.join, case, into=main.id, actor=SITI)
        with pytest.raises(CannotJoin, match="Other complaints"):
            call(handling.join, main, into=third.id, actor=SITI)
        with pytest.raises(CannotJoin, match="merged"):
            call(handling.join, third, into=case.id, actor=SITI)
        with pytest.raises(IllegalTransition):
            call(handling.join, case, into=third.id, actor=SITI)


class TestPastTheUnit:
    def staff(self, role, agency=None):
        return Viewer.staff(Actor(id=role, name=role, role=role), agency)

    def test_an_officer_asked_for_money(self, complain, database):
        case = complain("ticket", asked_for_money=True)
        assert (case.agency, case.confidential) == ("bidpropam-jateng", True)
        unit = [
            self.staff("officer"),
            self.staff("supervisor"),
            self.staff("admin"),
            self.staff("officer", "ditlantas-jateng"),
            self.staff("supervisor", "ditlantas-jateng"),
            self.staff("agency", "inspektorat"),
        ]
        with database.session() as session:
            for viewer in unit:
                assert session.scalars(readable_by(viewer).where(CaseRow.id == case.id)).all() == []
                with pytest.raises(CaseNotFound):
                    case_for(session, viewer, case.reference)
            for viewer in (self.staff("agency", "bidpropam-jateng"), self.staff("auditor")):
                assert case_for(session, viewer, case.reference).id == case.id

    @pytest.mark.parametrize("category", ["bribery", "bribery_police"])
    def test_a_category_may_say_so_too(self, complain, category):
        assert complain(category).confidential

    def test_it_is_never_passed_back(self, complain, call, database):
        case = complain("bribery")
        for agency in ("ditlantas-jateng", "dishub"):
            with pytest.raises(Confidential, match="oversight"):
                call(handling.pass_on, case, agency=agency, reason="bukan kami", actor=SITI)
        call(handling.pass_on, case, agency="bidpropam-jateng", reason="anggota polisi", actor=SITI)
        with database.session() as session:
            assert session.get_one(CaseRow, case.id).agency == "bidpropam-jateng"

    def test_everything_else_stays_readable(self, complain, database):
        case = complain("ticket")
        with database.session() as session:
            assert case_for(session, self.staff("officer"), case.reference).id == case.id


class TestCorrections:
    @pytest.fixture
    def wish(self, database, jurisdiction):
        def make(agency="bapenda", **more):
            with database.session() as session:
                asked = Wish("Alamat pemilik", "Jl. Lama 1", "Jl. Baru 2")
                return open_correction(session, asked, jurisdiction=jurisdiction, agency=agency, **more)

        return make

    def test_it_is_due_in_three_days_and_nights_and_never_public(self, wish, database):
        case = wish()
        assert case.reference.startswith("K-")
        with database.session() as session:
            clock = clocks_of(session, case.id)[0]
            assert (clock.name, clock.due_at - clock.started_at) == ("correction", timedelta(hours=72))
            assert all(event.audience != "public" for event in events_of(session, case.id))
            with pytest.raises(CaseNotFound):
                case_for(session, Viewer.anonymous(), case.reference)

    def test_only_a_person_ends_it(self, wish, call, results, clock):
        case = wish()
        with pytest.raises(RoleRefused):
            call(correct, case, done="otomatis", actor=SYSTEM)
        clock.advance(timedelta(hours=73))
        call(correct, case, done="Sudah diperbaiki.", actor=SITI)
        assert results(case)["correction"] == "late"

    def test_a_refusal_has_a_reason(self, wish, call, results):
        case = wish()
        with pytest.raises(CorrectionRefused):
            call(refuse_correction, case, reason="", actor=SITI)
        call(refuse_correction, case, reason="KTP tidak cocok dengan pemohon.", actor=SITI)
        assert results(case)["correction"] == "on_time"

    def test_nothing_is_asked_of_nobody(self, wish):
        with pytest.raises(CorrectionRefused, match="no agency"):
            wish(agency="nobody")


class TestCounters:
    @pytest.fixture
    def ask(self, database, jurisdiction):
        def make(service="ktp"):
            with database.session() as session:
                return open_request(session, service, jurisdiction=jurisdiction, counter="Loket 3")

        return make

    def test_the_services_clock_stands_still_while_something_is_missing(self, ask, call, database, clock):
        case = ask()
        with database.session() as session:
            before = {one.name: one.due_at for one in clocks_of(session, case.id)}
            assert [one.item.id for one in checklist_of(session, case)] == ["kk", "old_card"]
        with pytest.raises(ItemsMissing, match="Family card"):
            call(accept, case, actor=SITI)
        call(find_incomplete, case, actor=SITI)
        clock.advance(timedelta(days=5))
        with database.session() as session:
            assert sweep_due(session, now(session)) == 0
        call(receive_item, case, "kk", actor=SITI)
        with database.session() as session:
            clocks = {one.name: one for one in clocks_of(session, case.id)}
            moved = [one for one in events_of(session, case.id) if one.type == "clock_moved"]
            assert clocks["applicant"].result == "on_time"
            assert clocks["service"].due_at - before["service"] >= timedelta(days=5)
            assert "it stood still from" in clocks["service"].explain_en
            assert (moved[0].data["clock"], moved[0].audience) == ("service", "public")
            assert list(Audit(session).findings()) == []
        call(accept, case, actor=SITI)
        clock.advance(timedelta(hours=25))
        with database.session() as session:
            append(session, case.id, "granted", actor=SITI, body={}, audience=Audience.PARTY)
            assert results_of(session, case)[("service", 1)] == "late"
            append(session, case.id, "handed_over", actor=SITI, body={}, audience=Audience.PARTY)
            assert session.get_one(CaseRow, case.id).state == "closed"

    def test_what_is_never_brought_lapses_and_the_office_is_not_late(self, ask, call, database, clock):
        case = ask("business_permit")
        call(find_incomplete, case, actor=SITI)
        clock.advance(timedelta(days=31))
        with database.session() as session:
            while sweep_due(session, now(session)):
                pass
            assert session.get_one(CaseRow, case.id).state == "closed"
            assert results_of(session, case) == {("service", 1): "dropped", ("applicant", 1): "late"}
            assert list(Audit(session).findings()) == []

    def test_the_first_answer_to_a_citizen_never_pauses(self, jurisdiction):
        for policy in jurisdiction.clocks:
            assert policy.name not in {"first_response", "correction"} or not policy.pauses_on

    def test_what_is_not_there_is_told(self, ask, call):
        with pytest.raises(ServiceUnknown):
            ask("passport")
        case = ask("bank_counter")
        with pytest.raises(ItemUnknown):
            call(receive_item, case, "kk", actor=SITI)
        with pytest.raises(ItemsMissing, match="Nothing"):
            call(find_incomplete, case, actor=SITI)
        call(accept, case, actor=SITI)


def test_a_letter_is_signed_by_somebody_who_did_not_draft_it(database, jurisdiction):
    with database.session() as session:
        letter = open_case(
            session,
            CaseKind.LETTER,
            jurisdiction=jurisdiction,
            actor=SITI,
            body={"direction": "in"},
            audience=Audience.INTERNAL,
            agency="dishub",
        )
        for step in ("registered", "disposed", "drafted"):
            append(session, letter.id, step, actor=SITI, body={}, audience=Audience.INTERNAL)
    with pytest.raises(SecondPersonNeeded), database.session() as session:
        append(session, letter.id, "signed", actor=SITI, body={}, audience=Audience.INTERNAL)
    with database.session() as session:
        for actor, step in ((BUDI, "signed"), (SITI, "numbered"), (SITI, "sent"), (SITI, "filed")):
            append(session, letter.id, step, actor=actor, body={}, audience=Audience.INTERNAL)
        assert session.get_one(CaseRow, letter.id).state == "archived"


def test_a_metre_is_a_metre():
    assert distance_m(-7.0, 110.0, -7.0, 110.0) == 0
    assert distance_m(0.0, 0.0, 0.0, 1.0) == pytest.approx(111_195, abs=1)
