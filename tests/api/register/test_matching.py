"""Camera against register, on the officer's page: a difference waits for a reason, a priority vehicle for nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api.register.matching import Seen, add_priority, mismatches
from api.register.port import REGISTER_KEY, RegisterAway
from api.register.service import Vehicle, load_register
from tests.api.review_office import text_of, vehicle

pytest_plugins = ("tests.api.review_fixtures",)
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
