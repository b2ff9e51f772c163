"""From an approved violation to a ticket: what it holds, when it is refused, and that there is one a violation."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pypdf
import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from api.store.kinds import Actor
from api.store.reading import Viewer, timeline
from api.store.service import clocks_of, events_of, index_subject, verify_chain
from api.store.tables import CaseRow
from api.tickets.facts import facts_of
from api.tickets.service import TicketRefused, issue_ticket, ticket_of
from api.tickets.tables import TicketRow
from pipeline.evidence.manifest import Condition
from tests.api.public_pages import (
    OWNER,
    approve,
    get,
    look_up,
    make_ticket,
    package,
    register_vehicle,
    take_in,
    ticket,  # noqa: F401 - a fixture
)


def test_it_holds_law_fine_officer_and_evidence_as_of_the_offence(database, settings, officer):
    made = make_ticket(database, settings, officer)
    with database.session() as session:
        facts, _ = facts_of(session, made)
        assert (made.kind, made.state, made.subject["plate"]) == ("ticket", "issued", "H1234AB")
        assert facts.law.maximum_fine_rupiah == 500_000
        assert facts.law.citation.id == "UU 22/2009 Pasal 287 ayat (1)"
        assert facts.officer.name == officer.name
        assert len(facts.evidence.key_id) == 64
        assert facts.occurred_at == datetime(2026, 3, 2, 1, 15, 30, 123456, tzinfo=UTC)
        violation = session.get_one(CaseRow, made.parent_id)
        assert [event.type for event in events_of(session, violation.id)] == ["opened", "approved", "ticket_opened"]
        held = ticket_of(session, violation)
        assert held is not None
        assert held.id == made.id
        verify_chain(session, made.id)


def test_confirmation_and_payment_clocks_run_by_policy(database, settings, officer):
    made = make_ticket(database, settings, officer)
    with database.session() as session:
        held = {clock.name: clock for clock in clocks_of(session, made.id)}
        assert set(held) == {"notice", "confirmation", "payment"}
        assert held["confirmation"].due_at == made.opened_at + timedelta(days=5)
        # H+15 of an old offence has passed: a week is left all the same.
        assert held["payment"].due_at == made.opened_at + timedelta(days=7)


def test_only_the_office_reads_whom_the_register_names(database, settings, officer):
    made = make_ticket(database, settings, officer)
    with database.session() as session:
        party = timeline(session, Viewer.party(made.id), made)
        assert OWNER not in json.dumps([event.body for event in party])
        staff = timeline(session, officer.viewer, made)
        assert OWNER in json.dumps([event.body for event in staff])


def test_a_violation_has_one_ticket_however_often_it_is_asked_for(database, settings, officer):
    register_vehicle(database)
    violation = take_in(database, settings, package())
    approve(database, violation, officer)

    def issue(_: int) -> str:
        with database.session() as session:
            return issue_ticket(session, violation_case=violation, officer=officer.actor).reference

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(issue, range(8)))) == 1
    with database.session() as session:
        assert len(session.scalars(select(TicketRow)).all()) == 1


def test_the_database_itself_refuses_a_second_ticket(database, settings, officer):
    made = make_ticket(database, settings, officer)
    other = make_ticket(database, settings, officer, 3)
    with pytest.raises(IntegrityError, match="uq_tickets_violation_id"), database.session() as session:
        session.add(TicketRow(case_id=session.get_one(CaseRow, other.parent_id).id, violation_id=made.parent_id))


def refused(database, violation, actor) -> str:
    with database.session() as session, pytest.raises(TicketRefused) as caught:
        issue_ticket(session, violation_case=violation, officer=actor)
    with database.session() as session:
        assert session.scalars(select(CaseRow).where(CaseRow.kind == "ticket")).all() == []
    return caught.value.detail


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"plate": None}, "No plate was read"),
        ({"plate": "H9999ZZ"}, "register has no vehicle H 9999 ZZ"),
        ({"conditions": (Condition(name="in the lane", met=False),)}, "condition of the rule is not met"),
        ({"doubts": ("grave: the clip shows another vehicle",)}, "speaks against the offence"),
        ({"offence": "no_helmet"}, "No article holds for the offence no_helmet with a car"),
    ],
)
def test_what_cannot_be_a_ticket_is_refused_with_a_sentence(database, settings, officer, changes, why):
    register_vehicle(database)
    violation = take_in(database, settings, package(**changes))
    approve(database, violation, officer)
    assert why in refused(database, violation, officer.actor)


def test_without_an_officers_decision_there_is_no_ticket(database, settings, officer, citizen):
    register_vehicle(database)
    violation = take_in(database, settings, package())
    assert "awaiting_review" in refused(database, violation, officer.actor)
    approve(database, violation, officer)
    assert "names the officer" in refused(database, violation, citizen)
    assert "names the officer" in refused(database, violation, Actor("x", " ", "officer"))


def test_a_plate_that_an_officer_corrected_is_the_tickets(database, settings, officer):
    register_vehicle(database, "H4321BA")
    violation = take_in(database, settings, package())
    approve(database, violation, officer)
    with database.session() as session:
        index_subject(session, violation.id, plate="H4321BA")
    with database.session() as session:
        made = issue_ticket(session, violation_case=violation, officer=officer.actor)
        assert facts_of(session, made)[0].plate_display == "H 4321 BA"


def words(letter) -> str:
    pages = pypdf.PdfReader(io.BytesIO(letter.content)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_the_letter_is_for_its_party_and_for_staff(client, ticket, officer, sign_in, make_user):  # noqa: F811
    address = f"/t/{ticket.reference}/notice.pdf"
    assert client.get(address).status_code == 404
    look_up(client, ticket.reference)
    letter = client.get(address)
    assert letter.headers["content-type"] == "application/pdf"
    assert ticket.reference in words(letter)
    assert OWNER not in words(letter)
    client.cookies.clear()
    sign_in(officer)
    assert OWNER in words(client.get(address))
    client.cookies.clear()
    sign_in(make_user("agency", agency="dinkes"))
    assert client.get(address).status_code == 404


def test_an_officer_without_the_pass_sees_the_door_like_everybody(client, ticket, officer, sign_in):  # noqa: F811
    sign_in(officer)
    assert get(client, f"/t/{ticket.reference}").form("/lookup")


def test_the_application_cannot_rewrite_a_ticket(database, ticket):  # noqa: F811
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("UPDATE tickets SET violation_id = case_id")
