"""Every route with somebody else's object answers as if there were none, for every role. Made from the route list."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.people.forms import SESSION_COOKIE
from api.store.kinds import CaseKind
from api.store.references import new_reference
from api.web.route_list import committed
from tests.api.conftest import form_token
from tests.api.public_pages import follow, get, make_ticket, send
from tests.api.public_pages import look_up as _look_up

# What a route's word stands for when it is not the case itself; the same for the case that is and for the one that is
# not.
BESIDE = {"member": "clip.mp4", "place": "offence", "path:path": "nothing.css", "attachment": str(UUID(int=5))}
# These name no case: the file of a page, a signed link, and entries of a list that is for some roles only.
NO_CASE = ("/static/", "/n/", "/open311/")
ROUTES = [tuple(line.split()) for line in committed() if "{" in line and not line.split()[1].startswith(NO_CASE)]
STAFFS = ("/review", "/v1/evidence", "/audit", "/agency")
STAFF = (("officer", "dishub"), ("supervisor", "dishub"), ("agency", "dishub"), ("agency", "bapenda"))
VARIABLE = re.compile(
    r'name="csrf_token" value="[^"]*"|name="token" value="[^"]*"|[0-9a-f]{32,}|\d\d[.:]\d\d([.:]\d\d)?'
)


class Objects:
    """A violation, its ticket, a contest and a complaint of the police, and the references of nothing."""

    def __init__(self, database, settings, officer, client) -> None:
        ticket = make_ticket(database, settings, officer)
        assert _look_up(client, ticket.reference).status_code == 303
        path = f"/t/{ticket.reference}/contest"
        follow(client, send(client, get(client, path).form(path), ground="sold", text="Sudah dijual tahun lalu."))
        client.cookies.clear()
        self.names: list[tuple[CaseKind, str, str]] = []
        with database.session() as session:
            from sqlalchemy import select  # noqa: PLC0415 - beside its one use

            from api.store.tables import CaseRow  # noqa: PLC0415 - beside its one use

            for row in session.scalars(select(CaseRow).order_by(CaseRow.reference)):
                kind = CaseKind(row.kind)
                self.names.append((kind, row.reference, new_reference(kind)))
                self.names.append((kind, str(row.id), str(uuid4())))


@pytest.fixture
def objects(database, settings, officer, client):
    return Objects(database, settings, officer, client)


@pytest.fixture
def stranger(settings, database):
    """A browser to which errors are answered, as they would be in an office."""
    app = create_app(settings, database=database, sweeper=False)
    with TestClient(app, follow_redirects=False, raise_server_exceptions=False) as made:
        yield made


def answer(client: TestClient, method: str, path: str, name: str) -> tuple[int, str, str]:
    """Status, where it leads, and body: without what differs from one moment to the next, and without the name."""
    where = re.sub(r"\{([^}]+)\}", lambda found: BESIDE.get(found[1], name), path)
    token = form_token(client, "/lookup")
    sent = {"data": {"csrf_token": token, "decision": "approve"}} if method == "POST" else {}
    got = client.request(method, where, headers={"accept": "text/html"}, **sent)
    body = VARIABLE.sub("", got.text.replace(name, "NAME"))
    return got.status_code, got.headers.get("location", "").replace(name, "NAME"), body


def compare(client, objects, *, only=lambda _kind, _path: True) -> int:
    compared = 0
    for method, path in ROUTES:
        for kind, theirs, nothing in objects.names:
            if not only(kind, path):
                continue
            first, second = answer(client, method, path, theirs), answer(client, method, path, nothing)
            assert first == second, f"{method} {path} tells somebody else's {kind.value} from none"
            # The public's addresses of a ticket show the look-up to whoever has no pass, whatever the reference.
            allowed = {303, 400, 401, 403, 404, 405, 422} | ({200} if path.startswith("/t/") else set())
            assert first[0] in allowed, f"{method} {path}: {first[0]}"
            compared += 1
    return compared


@pytest.mark.parametrize(("role", "agency"), STAFF, ids=lambda value: value)
def test_staff_of_another_agency(role, agency, objects, stranger, make_user):
    user = make_user(role, agency=agency)
    token = form_token(stranger, "/sign-in")
    from tests.api.conftest import PASSWORD  # noqa: PLC0415 - beside its one use

    sent = stranger.post("/sign-in", data={"login": user.login, "password": PASSWORD, "csrf_token": token})
    assert sent.status_code == 303
    assert compare(stranger, objects, only=lambda _kind, path: path.startswith(STAFFS)) > 60
    assert answer(stranger, "GET", "/review/{name}", objects.names[0][1])[0] == 404


def test_nobody_signed_in(objects, stranger):
    # A complaint's public timeline is for whoever knows its number: that is its purpose.
    assert compare(stranger, objects, only=lambda kind, _path: kind is not CaseKind.COMPLAINT) > 100


def test_the_owner_of_another_ticket(objects, stranger, database, settings, officer):
    other = make_ticket(database, settings, officer, sequence=9, plate="H1234AB")
    assert _look_up(stranger, other.reference).status_code == 303
    party = stranger.cookies["tertib_party"]
    # The pass opens its own path only; somebody may well send it along for another.
    stranger.cookies.clear()
    stranger.cookies.set("tertib_party", party, path="/")
    assert SESSION_COOKIE not in stranger.cookies
    assert compare(stranger, objects, only=lambda _kind, path: path.startswith("/t/")) > 40
