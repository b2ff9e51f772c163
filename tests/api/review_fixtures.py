"""Fixtures of the review's tests: the office, somebody signed in, a change of person. A pytest plugin."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from api.clock import DatabaseClock
from api.database import Database
from api.intake.cameras import add_camera, add_key
from api.people.service import User
from api.register.service import load_register
from tests.api.review_office import TOKEN, Office, vehicle
from tests.pipeline.evidence.builder import CAMERA_ID, VALID_FROM, camera_key


@pytest.fixture
def office(client: TestClient, database: Database, clock: DatabaseClock) -> Office:
    with database.session() as session:
        add_camera(
            session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token=TOKEN
        )
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
        load_register(session, [vehicle("H1234AB", "car"), vehicle("H5678CD", "motorcycle")])
    return Office(client, database, clock)


@pytest.fixture
def switch_to(office: Office, sign_in: Callable[[User], TestClient]) -> Callable[[User], None]:
    """`switch_to(user)`: whoever is signed in leaves, and this user signs in at the same browser."""

    def do(user: User) -> None:
        office.client.cookies.clear()
        sign_in(user)

    return do


@pytest.fixture
def signed_in(office: Office, officer: User, sign_in: Callable[[User], TestClient]) -> Office:
    sign_in(officer)
    return office
