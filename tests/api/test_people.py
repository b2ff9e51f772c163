"""Signing in, staying in, and that nobody else sends forms in an officer's name."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import pytest
from argon2 import PasswordHasher
from fastapi import APIRouter, Depends, Form
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from api.clock import now
from api.people import pages, service
from api.people.dependencies import CurrentUser, require_role
from api.people.service import PeopleError, User, WrongCredentials, add_user, count_attempt, sign_in, user_of
from api.people.tables import SignInRow, UserRow
from api.problems import TooMany
from tests.api.conftest import PASSWORD, form_token


@pytest.fixture
def routes(client):
    """Three small routes: for whoever is signed in, for supervisors, and a form."""
    router = APIRouter()

    @router.get("/v1/me")
    def me(user: CurrentUser) -> dict[str, str]:
        return {"login": user.login, "session": user.session_id}

    @router.get("/v1/supervisors")
    def supervisors(user: Annotated[User, Depends(require_role("supervisor", "admin"))]) -> dict[str, str]:
        return {"login": user.login}

    @router.post("/act")
    def act(word: Annotated[str, Form()]) -> dict[str, str]:
        return {"word": word}

    client.app.include_router(router)
    return client


def attempt(client, login, password):
    token = form_token(client, "/sign-in")
    return client.post("/sign-in", data={"login": login, "password": password, "csrf_token": token})


def test_signs_in_and_out(routes, officer, sign_in):
    sign_in(officer)
    assert routes.get("/v1/me").json()["login"] == "petugas"
    again = routes.get("/sign-in")
    assert (again.status_code, again.headers["location"]) == (303, "/review")
    token_of_cookie = routes.cookies["tertib_session"]
    page = routes.post("/sign-out")
    assert page.status_code == 403
    assert routes.get("/v1/me").status_code == 200
    from api.people.forms import form_token as token_for  # noqa: PLC0415 - beside its one use

    secret = routes.app.state.settings.secret
    out = routes.post("/sign-out", data={"csrf_token": token_for(secret, token_of_cookie)})
    assert out.status_code == 303
    # The server ended it: the old cookie is worth nothing, even if somebody kept it.
    routes.cookies.set("tertib_session", token_of_cookie)
    assert routes.get("/v1/me").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(client, officer):
    answer = attempt(client, "petugas", PASSWORD)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_over_https_cookies_are_secure_and_bound_to_the_host(settings, database, officer):
    from fastapi.testclient import TestClient  # noqa: PLC0415 - another office than the fixture's

    from api.app import create_app  # noqa: PLC0415 - another office than the fixture's

    secure = settings.model_copy(update={"public_url": "https://tilang.example.go.id"})
    with TestClient(
        create_app(secure, database=database, sweeper=False), base_url="https://testserver", follow_redirects=False
    ) as client:
        cookie = attempt(client, "petugas", PASSWORD).headers["set-cookie"]
    assert cookie.startswith("__Host-tertib_session=")
    assert "Secure" in cookie


def test_the_token_is_kept_as_a_hash(client, officer, sign_in, database):
    sign_in(officer)
    token = client.cookies["tertib_session"]
    with database.session() as session:
        stored = session.scalars(select(SignInRow.token_sha256)).one()
        assert token not in stored
        assert user_of(session, token).login == "petugas"
        assert user_of(session, stored) is None


@pytest.mark.parametrize(
    ("login", "password"), [("petugas", "wrong"), ("nobody", PASSWORD), ("", ""), ("petugas\x00", "x")]
)
def test_wrong_credentials_are_told_the_same(client, officer, login, password):
    answer = attempt(client, login, password)
    assert answer.status_code in {401, 422}
    assert "tertib_session" not in client.cookies


def test_unknown_name_and_wrong_password_cost_the_same_work(session, officer, monkeypatch):
    verified = []
    real = service._HASHER

    class Counting:
        def verify(self, stored, password):
            verified.append(stored.split("$")[3])
            return real.verify(stored, password)

        def __getattr__(self, name):
            return getattr(real, name)

    monkeypatch.setattr(service, "_HASHER", Counting())
    for login in ("petugas", "nobody"):
        with pytest.raises(WrongCredentials):
            sign_in(session, login, "wrong")
    assert len(verified) == 2
    assert verified[0] == verified[1]


def test_a_user_who_left_is_out_at_once(routes, officer, sign_in, database):
    sign_in(officer)
    with database.session() as session:
        session.execute(update(UserRow).values(active=False))
    assert routes.get("/v1/me").status_code == 401


def test_a_sign_in_ends(routes, officer, sign_in, clock, settings):
    sign_in(officer)
    clock.advance(timedelta(hours=settings.session_hours, seconds=1))
    assert routes.get("/v1/me").status_code == 401


def test_signing_in_anew_gives_a_new_session(routes, officer, sign_in):
    sign_in(officer)
    first = routes.get("/v1/me").json()["session"]
    routes.cookies.clear()
    sign_in(officer)
    assert routes.get("/v1/me").json()["session"] != first


def test_roles_are_checked(routes, officer, make_user, sign_in):
    assert routes.get("/v1/supervisors").status_code == 401
    sign_in(officer)
    refused = routes.get("/v1/supervisors")
    assert refused.status_code == 403
    assert "supervisor or admin" in refused.json()["detail"]
    routes.cookies.clear()
    sign_in(make_user("supervisor"))
    assert routes.get("/v1/supervisors").status_code == 200


@pytest.mark.usefixtures("officer")
class TestLimit:
    def test_guessing_is_stopped_also_for_the_right_password(self, client):
        for _ in range(service.MAX_FAILURES_BY_LOGIN_AND_ADDRESS):
            assert attempt(client, "petugas", "wrong").status_code == 401
        stopped = attempt(client, "petugas", PASSWORD)
        assert stopped.status_code == 429
        assert "tertib_session" not in client.cookies

    def test_it_opens_again(self, client, clock):
        for _ in range(service.MAX_FAILURES_BY_LOGIN_AND_ADDRESS):
            attempt(client, "petugas", "wrong")
        clock.advance(service.WINDOW + timedelta(seconds=1))
        assert attempt(client, "petugas", PASSWORD).status_code == 303

    def test_successes_do_not_count(self, client):
        for _ in range(service.MAX_FAILURES_BY_LOGIN_AND_ADDRESS + 2):
            assert attempt(client, "petugas", PASSWORD).status_code == 303
            client.cookies.clear()

    def test_one_password_on_many_names_is_stopped(self, database):
        for number in range(service.MAX_FAILURES_BY_ADDRESS):
            with database.session() as session:
                count_attempt(session, f"name-{number}", "10.0.0.1")
        with database.session() as session, pytest.raises(TooMany):
            count_attempt(session, "petugas", "10.0.0.1")
        # Others are not shut out by it.
        with database.session() as session:
            count_attempt(session, "petugas", "10.0.0.2")

    def test_it_fails_closed(self, client, monkeypatch):
        def away(*args, **kwargs):
            raise OperationalError("count", {}, Exception("the database is away"))

        monkeypatch.setattr(pages, "count_attempt", away)
        assert attempt(client, "petugas", PASSWORD).status_code == 503
        assert "tertib_session" not in client.cookies


class TestForms:
    def test_a_form_needs_its_token(self, routes):
        assert routes.post("/act", data={"word": "x"}).status_code == 403
        token = form_token(routes, "/sign-in")
        assert routes.post("/act", data={"word": "x", "csrf_token": token}).json() == {"word": "x"}
        assert routes.post("/act", data={"word": "x"}, headers={"x-csrf-token": token}).status_code == 200

    def test_the_token_is_bound_to_the_browser(self, routes):
        token = form_token(routes, "/sign-in")
        routes.cookies.clear()
        assert routes.post("/act", data={"word": "x", "csrf_token": token}).status_code == 403

    def test_a_made_up_cookie_is_not_believed(self, routes):
        routes.cookies.set("tertib_form", "attacker.00000000000000000000000000000000")
        page = routes.get("/sign-in", headers={"accept": "text/html"})
        assert page.headers["set-cookie"].startswith("tertib_form=")

    def test_another_site_is_refused_even_with_a_token(self, routes):
        token = form_token(routes, "/sign-in")
        answer = routes.post("/act", data={"word": "x", "csrf_token": token}, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 403

    @pytest.mark.parametrize("media_type", ["text/plain", "multipart/form-data; boundary=x", ""])
    def test_every_media_type_that_a_page_can_send_is_covered(self, routes, media_type):
        headers = {"content-type": media_type} if media_type else {}
        assert routes.post("/act", content=b"--x--", headers=headers).status_code in {400, 403}


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/\\evil.example", "review", "/a\r\nb", ""]
)
def test_after_the_sign_in_nobody_is_sent_elsewhere(target):
    assert pages.safe_target(target) == "/review"


def test_a_page_for_staff_leads_to_the_sign_in_and_back(client):
    router = APIRouter()

    @router.get("/desk")
    def desk(user: CurrentUser) -> str:
        return user.login

    client.app.include_router(router)
    answer = client.get("/desk?page=2", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fdesk%3Fpage%3D2")
    assert client.get("/desk").status_code == 401


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "short"}, "a password has 10 to 256 characters"),
        ({"role": "king"}, "no role 'king'"),
        ({"role": "agency"}, "needs the agency"),
        ({"login": " PETUGAS "}, "there is a user 'petugas' already"),
        ({"login": "  "}, "needs a sign-in name"),
        ({"name": "a\x00b"}, "printable"),
    ],
)
def test_a_user_who_cannot_be_made_is_told_why(session, officer, changes, sentence):
    values = {"login": "baru", "name": "Baru", "role": "officer", "password": PASSWORD, **changes}
    with pytest.raises(PeopleError, match=sentence):
        add_user(session, **values)


def test_an_office_spends_what_argon2_asks_for():
    # The tests' own hasher is cheap; the office's is the library's present default (RFC 9106).
    assert PasswordHasher().memory_cost >= 64 * 1024
    assert "_HASHER = PasswordHasher()\n" in Path(service.__file__).read_text()


def test_passwords_are_kept_as_argon2id(database, officer):
    with database.session() as session:
        assert session.scalars(select(UserRow.password_hash)).one().startswith("$argon2id$")
        assert now(session).tzinfo is not None


def test_headers_and_health(client):
    page = client.get("/sign-in", headers={"accept": "text/html"})
    policy = page.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert client.get("/v1/health").json()["status"] == "ok"
    assert client.get("/nowhere").headers["content-type"] == "application/problem+json"
    assert client.get("/v1/openapi.json").json()["info"]["title"] == "Tertib office"
