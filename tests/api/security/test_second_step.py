"""After the password: a password of one's own, and a hardware key where somebody has one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from api.people.service import PeopleError, add_user, change_password
from api.people.tables import HardwareKeyRow, UserRow, WaitingRow
from tests.api.conftest import PASSWORD, form_token

FIRST = "made by the administrator"
OWN = "a sentence of one's own"


@pytest.fixture
def newcomer(database):
    with database.session() as session:
        return add_user(
            session, login="baru", name="Orang Baru", role="officer", password=FIRST, password_is_first=True
        )


def send_password(client, login, password):
    token = form_token(client, "/sign-in")
    return client.post("/sign-in", data={"login": login, "password": password, "csrf_token": token})


def send_step(client, **values):
    token = form_token(client, "/sign-in/next")
    return client.post("/sign-in/next", data={**values, "csrf_token": token})


def signed_in(client):
    return client.get("/review", headers={"accept": "text/html"}).status_code == 200


def test_a_password_that_somebody_else_made_opens_nothing_until_it_is_changed(client, newcomer):
    answer = send_password(client, newcomer.login, FIRST)
    assert answer.headers["location"].startswith("/sign-in/next")
    assert not signed_in(client)
    assert send_step(client, password=OWN, again=OWN, next="/review").headers["location"] == "/review"
    assert signed_in(client)
    client.cookies.clear()
    assert send_password(client, newcomer.login, FIRST).status_code == 401
    assert send_password(client, newcomer.login, OWN).headers["location"] == "/review"


@pytest.mark.parametrize(
    ("password", "again"),
    [(FIRST, FIRST), ("short", "short"), (OWN, OWN + "!"), ("orang baru 12345", "orang baru 12345")],
)
def test_the_new_password_must_be_new_long_typed_twice_and_no_name(client, newcomer, password, again):
    send_password(client, newcomer.login, FIRST)
    assert send_step(client, password=password, again=again).status_code == 422
    assert not signed_in(client)


def test_a_key_is_asked_for_and_nothing_else_will_do(client, database, officer):
    give_key(database, officer)
    assert send_password(client, officer.login, PASSWORD).headers["location"].startswith("/sign-in/next")
    assert not signed_in(client)
    for answer in (
        "",
        "{}",
        json.dumps({"rawId": "AAAA"}),
        json.dumps({"rawId": "a2V5", "id": "a2V5", "response": {}}),
    ):
        assert send_step(client, answer=answer).headers["location"] == "/sign-in/next?error=key"
        # The password's own step cannot be sent in the place of the key's.
        assert send_step(client, password=OWN, again=OWN).headers["location"] == "/sign-in/next?error=key"
    assert not signed_in(client)


def test_a_challenge_counts_once_and_a_step_ends_after_minutes(client, database, officer):
    give_key(database, officer)
    send_password(client, officer.login, PASSWORD)
    client.get("/sign-in/next", headers={"accept": "text/html"})
    with database.session() as session:
        assert session.scalars(select(WaitingRow)).one().challenge
    send_step(client, answer="{}")
    with database.session() as session:
        row = session.scalars(select(WaitingRow)).one()
        assert row.challenge is None
        row.started_at -= timedelta(minutes=11)
    assert client.get("/sign-in/next").headers["location"] == "/sign-in"


def test_a_changed_password_ends_the_other_browsers(client, sign_in, officer):
    sign_in(officer)
    stolen = dict(client.cookies)
    token = form_token(client, "/account")
    sent = {"current": PASSWORD, "password": OWN, "again": OWN, "csrf_token": token}
    assert client.post("/account/password", data={**sent, "current": "guessed wrongly"}).status_code == 422
    assert client.post("/account/password", data=sent).status_code == 303
    assert signed_in(client)
    client.cookies.clear()
    client.cookies.update(stolen)
    assert not signed_in(client)


def test_a_key_is_registered_by_its_own_page_alone(client, sign_in, officer):
    sign_in(officer)
    token = form_token(client, "/account")
    sent = {"answer": "{}", "challenge": "AAAA", "seal": "0" * 64, "csrf_token": token}
    assert client.post("/account/keys", data=sent).status_code == 403


def test_ones_own_name_is_no_password(database, officer):
    with database.session() as session, pytest.raises(PeopleError, match="name"):
        change_password(session, session.get_one(UserRow, officer.id), f"{officer.login} 2026 aaaa")


def give_key(database, user):
    with database.session() as session:
        session.add(
            HardwareKeyRow(
                credential_id=b"key",
                user_id=user.id,
                public_key=b"none",
                sign_count=0,
                name="drawer",
                added_at=session.get_one(UserRow, user.id).created_at,
            )
        )
