"""A ticket whose owner can be reached by every channel."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api.register.service import Vehicle, load_register
from api.store.tables import CaseRow
from tests.api.public_pages import OWNER, make_ticket


@pytest.fixture
def ticket(database, settings, officer, clock) -> CaseRow:
    """Issued, and its decision final."""
    made = make_ticket(database, settings, officer)
    with database.session() as session:
        load_register(
            session,
            [
                Vehicle(
                    "H1234AB",
                    "car",
                    "Toyota",
                    "Avanza",
                    "putih",
                    2019,
                    OWNER,
                    "Jalan Contoh 1, Semarang",
                    "test",
                    owner_email="budi@example.org",
                    owner_phone="+6281234567890",
                )
            ],
        )
    clock.advance(timedelta(minutes=5))
    return made
