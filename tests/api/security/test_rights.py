"""Rights end at once: withdrawn, changed, signed out everywhere; by a command, against an open browser."""

from __future__ import annotations

import pytest

from api.people.service import PeopleError, change_role, end_sign_ins, withdraw
from tests.api.conftest import PASSWORD, form_token


def page(client, path="/review"):
    return client.get(path, headers={"accept": "text/html"})


def attempt(client, user):
    token = form_token(client, "/sign-in")
    return client.post("/sign-in", data={"login": user.login, "password": PASSWORD, "csrf_token": token})


def test_withdrawn_rights_end_with_the_next_request(client, officer, sign_in, database):
    sign_in(officer)
    assert page(client).status_code == 200
    with database.session() as session:
        assert withdraw(session, officer.login) == 1
    assert page(client).status_code == 303
    client.cookies.clear()
    assert attempt(client, officer).status_code == 401


def test_another_role_holds_from_the_next_request(client, make_user, sign_in, database):
    user = make_user("auditor")
    sign_in(user)
    before = page(client, "/audit/outbox").status_code
    with database.session() as session:
        change_role(session, user.login, "officer")
    after = page(client, "/audit/outbox").status_code
    assert (before, after) == (200, 403)


def test_signed_out_everywhere_but_not_for_good(client, officer, sign_in, database):
    sign_in(officer)
    with database.session() as session:
        assert end_sign_ins(session, officer.login) == 1
    assert page(client).status_code == 303
    assert attempt(client, officer).status_code == 303


def test_who_is_not_there_is_told(session, officer):
    for change in (lambda: withdraw(session, "nobody"), lambda: change_role(session, officer.login, "king")):
        with pytest.raises(PeopleError):
            change()
