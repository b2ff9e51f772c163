"""Camera against register, on the officer's page: a difference waits for a reason, a priority vehicle for nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from api.connections import carry_register
from api.outbox.outside import RegisterSystem
from api.register.matching import Seen, add_priority, mismatches
from api.register.port import REGISTER_KEY, RegisterAway
from api.register.remote import RemoteRegister
from api.register.service import Vehicle, load_register
from api.store.kinds import Actor, Audience
from api.store.service import append, events_of
from api.store.tables import CaseRow
from api.tickets.service import issue_ticket, ticket_of
from tests.api.register.reference_server import RECORD, TOKEN, ReferenceRegister
from tests.api.review_office import text_of, vehicle

pytest_plugins = ("tests.api.review_fixtures",)
OFFICER = Actor(id="petugas", name="Rina", role="officer")
REGISTERED = Vehicle("H1234AB", "car", "Toyota", "Avanza", "Putih Mutiara", 2019, "Budi", "Jl. A", "test")


@pytest.mark.parametrize(
    ("seen", "fields"),
    [
        (Seen("car"), []),
        (Seen(""), []),
        (Seen("motorcycle"), ["class"]),
        (Seen("car", colour="white", make="toyota kijang"), []),
        (Seen("car", colour="hitam"), ["colour"]),
        (Seen("bus", colour="Black", make="Honda"), ["class", "colour", "make"]),
    ],
)
def test_what_was_seen_is_compared_and_what_was_not_seen_differs_in_nothing(seen, fields):
    assert [one.field for one in mismatches(REGISTERED, seen)] == fields


@pytest.fixture
def case(signed_in):
    """A violation of a car whose plate the register gives to a bus."""
    with signed_in.database.session() as session:
        load_register(session, [vehicle("H1234AB", "bus")])
    return signed_in.deliver()


def test_a_difference_blocks_the_approval_until_somebody_says_why(signed_in, case):
    page = text_of(signed_in.page(f"/review/{case}"))
    assert "berbeda dari registrasi" in page
    signed_in.look(case)
    assert signed_in.approve(case).status_code == 409
    shown = text_of(signed_in.page(f"/review/{case}/register"))
    assert "Jenis kendaraan" in shown
    assert signed_in.send(f"/review/{case}/register", reason="ya").status_code == 422
    kept = signed_in.send(f"/review/{case}/register", reason="Bus kecil, terlihat seperti mobil; pelat terbaca jelas.")
    assert kept.status_code == 303
    assert signed_in.send(f"/review/{case}/register", reason="Sekali lagi, untuk coba.").status_code == 409
    signed_in.look(case)
    assert signed_in.approve(case).status_code == 303
    assert "register_mismatched" in signed_in.events(case)


def test_a_priority_vehicle_gets_no_ticket_and_can_be_rejected(signed_in):
    case = signed_in.deliver()
    with signed_in.database.session() as session:
        now = datetime.now(UTC)
        add_priority(session, "H 1234 AB", "ambulance", valid_from=now - timedelta(days=3650), added_by="test")
    assert "kendaraan prioritas" in text_of(signed_in.page(f"/review/{case}"))
    signed_in.look(case)
    assert signed_in.approve(case).status_code == 409
    assert signed_in.reject(case).status_code == 303


def test_a_register_that_does_not_answer_is_told_blocks_approval_and_loses_no_case(signed_in):
    case = signed_in.deliver()

    class Away:
        def find(self, _):
            raise RegisterAway("register.slow")

    signed_in.database.carry(REGISTER_KEY, lambda _: Away())
    assert "terlalu lambat menjawab" in text_of(signed_in.page(f"/review/{case}"))
    signed_in.look(case)
    refused = signed_in.approve(case)
    assert refused.status_code == 409
    assert "terlalu lambat menjawab" in text_of(refused.text)
    assert signed_in.events(case)[-1] != "approved"
    assert "terlalu lambat" in text_of(signed_in.page(f"/review/{case}/register"))
    signed_in.database.carry(REGISTER_KEY, None)
    signed_in.look(case)
    assert signed_in.approve(case).status_code == 303


def test_the_ticket_names_whom_the_remote_register_names_and_not_the_offices_own_table(signed_in):
    with ReferenceRegister().serving() as server:
        remote = RemoteRegister(RegisterSystem(url=server.url, token=TOKEN, timeout_s=5, tries=2))
        with signed_in.database.session() as session:
            load_register(session, [vehicle("H1234AB", "bus", "Orang Lain (rekaan)")])
        carry_register(signed_in.database, remote)
        case = signed_in.deliver()
        signed_in.look(case)
        assert signed_in.approve(case).status_code == 303
    assert signed_in.events(case)[-1] == "ticket_opened"
    with signed_in.database.session() as session:
        ticket = ticket_of(session, signed_in.case(case))
        named = next(event.data["register"] for event in events_of(session, ticket.id) if event.type == "note")
    assert (named["owner_name"], named["source"]) == (RECORD["owner_name"], server.url)


def test_a_register_that_is_away_when_the_ticket_is_made_is_not_replaced_by_the_offices_own_table(signed_in):
    case = signed_in.deliver()
    asked = []

    class Away:
        def find(self, plate):
            asked.append(plate)
            raise RegisterAway("register.away")

    with signed_in.database.session() as session:
        append(session, UUID(case), "approved", actor=OFFICER, body={}, audience=Audience.INTERNAL)
    signed_in.database.carry(REGISTER_KEY, lambda _: Away())
    with pytest.raises(RegisterAway), signed_in.database.session() as session:
        issue_ticket(session, violation_case=session.get_one(CaseRow, UUID(case)), officer=OFFICER)
    assert asked == ["H1234AB"]
    with signed_in.database.session() as session:
        assert ticket_of(session, signed_in.case(case)) is None
