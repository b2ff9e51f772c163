"""What the store promises: events that only grow, a state that the events alone decide, one door to read."""

from __future__ import annotations

import hashlib
import json
import threading
from uuid import uuid4

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.requests import DbSession
from api.store.errors import BodyRefused, CaseNotFound, ChainBroken, IllegalTransition
from api.store.hashing import canonical_json, iso_utc
from api.store.kinds import SYSTEM, Actor, Audience, CaseKind
from api.store.reading import Viewer, case_for, readable_by, timeline
from api.store.references import ALPHABET, new_reference, parse_reference
from api.store.service import append, clocks_of, events_of, index_subject, open_case, verify_chain
from api.store.states import state_after
from api.store.tables import CaseRow, ViewRow
from api.store.transitions import NEW, TRANSITIONS

OFFICER = Actor(id="o", name="Rina", role="officer")


@pytest.fixture
def opened(session, jurisdiction, citizen):
    """`opened(kind, agency=..., parent_id=...)`: a fresh case."""

    def make(kind=CaseKind.COMPLAINT, *, agency="dishub", parent_id=None, audience=Audience.PUBLIC, **subject):
        return open_case(
            session,
            kind,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={"text": "lampu mati"},
            audience=audience,
            agency=agency,
            parent_id=parent_id,
            subject=subject,
        )

    return make


def test_an_event_is_hashed_over_its_exact_stored_bytes(session, opened):
    case = opened()
    append(session, case.id, "message", actor=OFFICER, body={"ü": "é\n", "a": 1.5}, audience=Audience.PARTY)
    first, second = events_of(session, case.id)
    assert second.body == '{"a":1.5,"ü":"é\\n"}'
    header = {
        "actor": {"id": "o", "name": "Rina", "role": "officer"},
        "at": iso_utc(second.at),
        "audience": "party",
        "case_id": str(case.id),
        "number": 2,
        "previous_sha256": first.sha256,
        "type": "message",
    }
    told = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert second.sha256 == hashlib.sha256(f"{told}\n{second.body}".encode()).hexdigest()
    assert case.head_sha256 == second.sha256
    assert verify_chain(session, case.id) == second.sha256


def test_the_stored_state_is_what_the_events_say(session, opened):
    case = opened()
    for event_type in ("acknowledged", "message", "answered", "reopened", "answered", "closed", "rated"):
        append(session, case.id, event_type, actor=OFFICER, body={}, audience=Audience.PUBLIC)
        replayed = state_after(CaseKind.COMPLAINT, [event.type for event in events_of(session, case.id)])
        assert session.get(CaseRow, case.id).state == replayed
    assert case.state == "closed"


@pytest.mark.parametrize("kind", list(CaseKind))
def test_every_state_of_a_kind_can_be_reached_and_every_target_exists(kind):
    table = TRANSITIONS[kind]
    reached, waiting = {NEW}, [NEW]
    while waiting:
        for target in table[waiting.pop()].values():
            assert target in table
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert reached == set(table)


def test_an_illegal_event_names_what_is_allowed(session, opened):
    case = opened(CaseKind.VIOLATION)
    append(session, case.id, "rejected", actor=OFFICER, body={}, audience=Audience.INTERNAL)
    with pytest.raises(IllegalTransition, match="violation that is rejected does not take 'approved'") as told:
        append(session, case.id, "approved", actor=OFFICER, body={}, audience=Audience.INTERNAL)
    assert told.value.status == 409
    assert "note" in told.value.document()["allowed"]
    assert case.event_count == 2


@pytest.mark.parametrize(
    "body", [{"x": "a\x00b"}, {"x": "\ud800"}, {"x": float("nan")}, {"x": object()}, {"x": "y" * 300_000}]
)
def test_a_body_that_cannot_be_stored_exactly_is_refused(body):
    with pytest.raises(BodyRefused):
        canonical_json(body)


@given(st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), st.integers()))
def test_one_body_has_one_text(body):
    text = canonical_json(body)
    assert json.loads(text) == body
    assert canonical_json(dict(reversed(body.items()))) == text


def test_two_at_once_take_turns(database, jurisdiction, citizen):
    with database.session() as session:
        case = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={},
            audience=Audience.PUBLIC,
            agency="dishub",
        )
    failures = []

    def write():
        try:
            for _ in range(5):
                with database.session() as session:
                    append(session, case.id, "message", actor=citizen, body={}, audience=Audience.PUBLIC)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with database.session() as session:
        assert [event.number for event in events_of(session, case.id)] == list(range(1, 22))
        times = [event.at for event in events_of(session, case.id)]
        assert times == sorted(times)
        verify_chain(session, case.id)


def test_a_change_from_outside_is_found(database, jurisdiction, citizen, cluster, database_name):
    import psycopg  # noqa: PLC0415 - only this test goes behind the store's back

    with database.session() as session:
        case = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={"text": "a"},
            audience=Audience.PUBLIC,
            agency="dishub",
        )
    with psycopg.connect(cluster.url(database_name)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("""UPDATE events SET body = '{"text":"b"}'""")
    with database.session() as session, pytest.raises(ChainBroken, match="event 1 does not fit"):
        verify_chain(session, case.id)


def test_a_request_that_fails_stores_nothing(client, database, jurisdiction, citizen):
    router = APIRouter()

    @router.get("/fails")
    def fails(session: DbSession) -> None:
        opened_case = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={},
            audience=Audience.PUBLIC,
            agency="dishub",
        )
        append(session, opened_case.id, "approved", actor=citizen, body={}, audience=Audience.PUBLIC)

    client.app.include_router(router)
    answer = client.get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert answer.json()["type"] == "urn:tertib:problem:illegal-transition"
    assert "answered" in answer.json()["allowed"]
    with database.session() as session:
        assert session.scalars(select(CaseRow)).all() == []


class TestReferences:
    @pytest.mark.parametrize("kind", list(CaseKind))
    def test_people_may_write_them_their_own_way(self, kind):
        reference = new_reference(kind)
        typed = reference.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        assert parse_reference(reference) == reference
        assert parse_reference(typed) == reference

    def test_every_single_slip_is_noticed(self):
        reference = new_reference(CaseKind.TICKET)
        for position, right in enumerate(reference[2:], start=2):
            if right != "-":
                for wrong in ALPHABET.replace(right, ""):
                    assert parse_reference(reference[:position] + wrong + reference[position + 1 :]) is None

    @given(st.text(max_size=60))
    def test_any_text_is_read_without_error(self, typed):
        parse_reference(typed)


class TestReading:
    def staff(self, role, agency=None):
        return Viewer.staff(Actor(id=role, name=role, role=role), agency)

    def test_absent_and_forbidden_are_the_same(self, session, opened):
        case = opened(agency="dinkes")
        stranger = self.staff("agency", "dishub")
        told = []
        for wanted in (case.reference, case.id, uuid4(), new_reference(CaseKind.COMPLAINT), "nonsense", "' or 1=1 --"):
            with pytest.raises(CaseNotFound) as error:
                case_for(session, stranger, wanted)
            told.append((error.value.status, error.value.document()))
        assert all(one == told[0] for one in told)

    def test_staff_read_by_role_and_agency(self, session, opened):
        ours, theirs = opened(agency="dishub"), opened(agency="dinkes")
        violation = opened(CaseKind.VIOLATION, agency="ditlantas-jateng")
        everything = {ours.id, theirs.id, violation.id}

        def readable(viewer):
            return {row.id for row in session.scalars(readable_by(viewer))}

        assert readable(self.staff("agency", "dishub")) == {ours.id}
        assert readable(self.staff("officer", "ditlantas-jateng")) == {violation.id}
        assert readable(self.staff("officer")) == everything
        assert readable(self.staff("auditor", "dishub")) == everything
        assert readable(self.staff("agency")) == set()
        assert readable(Viewer.anonymous()) == set()

    def test_a_party_sees_its_own_case_and_what_hangs_on_it(self, session, opened):
        violation = opened(CaseKind.VIOLATION, agency="ditlantas-jateng")
        ticket = opened(CaseKind.TICKET, agency="ditlantas-jateng", parent_id=violation.id)
        contest = opened(CaseKind.CONTEST, parent_id=ticket.id)
        other = opened(CaseKind.TICKET)
        party = Viewer.party(ticket.id)
        assert {row.id for row in session.scalars(readable_by(party))} == {ticket.id, contest.id}
        for hidden in (violation, other):
            with pytest.raises(CaseNotFound):
                case_for(session, party, hidden.reference)

    def test_audiences(self, session, opened):
        case = opened()
        append(session, case.id, "note", actor=OFFICER, body={"text": "rahasia"}, audience=Audience.INTERNAL)
        append(session, case.id, "message", actor=OFFICER, body={"text": "untuk Anda"}, audience=Audience.PARTY)
        append(session, case.id, "answered", actor=OFFICER, body={"text": "sudah"}, audience=Audience.PUBLIC)

        def seen(viewer):
            return [event.number for event in timeline(session, viewer, case_for(session, viewer, case.reference))]

        assert seen(self.staff("officer")) == [1, 2, 3, 4]
        assert seen(Viewer.party(case.id)) == [1, 3, 4]
        assert seen(Viewer.anonymous()) == [1, 4]
        # The party of something else is anybody here.
        assert seen(Viewer.party(uuid4())) == [1, 4]

    def test_the_public_sees_complaints_by_reference_only(self, session, opened):
        complaint, ticket = opened(), opened(CaseKind.TICKET)
        assert case_for(session, Viewer.anonymous(), complaint.reference).id == complaint.id
        for hidden in (complaint.id, str(complaint.id), ticket.reference):
            with pytest.raises(CaseNotFound):
                case_for(session, Viewer.anonymous(), hidden)

    def test_every_look_of_staff_is_written_down(self, session, opened):
        case = opened()
        case_for(session, self.staff("officer"), case.reference, purpose="review")
        case_for(session, Viewer.anonymous(), case.reference)
        views = session.scalars(select(ViewRow)).all()
        assert [(view.user_id, view.case_id, view.purpose) for view in views] == [("officer", case.id, "review")]

    def test_the_public_is_no_staff(self):
        with pytest.raises(ValueError, match="no role of the office"):
            Viewer.staff(SYSTEM)


def test_a_redirected_complaint_belongs_to_the_other_agency(session, opened):
    case = opened(agency="dishub")
    append(session, case.id, "redirected", actor=OFFICER, body={"agency": "dpubmck"}, audience=Audience.PUBLIC)
    session.flush()
    session.expire(case)
    assert case.agency == "dpubmck"
    running = {clock.name for clock in clocks_of(session, case.id) if clock.result == "running"}
    # Passing it on ends the check of where it belongs; the promises to the citizen run on.
    assert running == {"first_response", "action", "resolution"}


def test_index_data_may_change_and_events_stay(session, opened):
    case = opened(CaseKind.VIOLATION, plate="H1234AB")
    head = case.head_sha256
    index_subject(session, case.id, plate="H1234AC")
    session.expire(case)
    assert (case.subject["plate"], case.head_sha256) == ("H1234AC", head)
