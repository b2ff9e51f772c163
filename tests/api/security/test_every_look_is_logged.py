"""Whoever of the office looks at somebody's case is written down, at every address. Made from the route list."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from sqlalchemy import func, select

from api.store.kinds import SYSTEM, Audience, CaseKind
from api.store.service import open_case
from api.store.tables import CaseRow, ViewRow
from api.web.route_list import committed
from tests.api.conftest import PASSWORD, form_token
from tests.api.public_pages import follow, get, make_ticket, send
from tests.api.public_pages import look_up as _look_up

FACES = ("/review", "/v1/evidence", "/agency")
ROUTES = [
    path
    for method, path in (line.split() for line in committed())
    if method == "GET" and path.startswith(FACES) and re.search(r"\{(name|case)\}", path)
]
BESIDE = {"member": "clip.mp4", "attachment": str(UUID(int=5))}
# They show nothing of the case: whether its evidence was seen, and a picture of the code on a paper.
TELLS_NOTHING = {"/review/{name}/readiness", "/agency/files/{name}/qr.svg"}
WHO = ("officer", "supervisor", "agency", "admin")


@pytest.fixture
def cases(database, settings, officer, client):
    """A case of every kind, by kind."""
    ticket = make_ticket(database, settings, officer)
    assert _look_up(client, ticket.reference).status_code == 303
    path = f"/t/{ticket.reference}/contest"
    follow(client, send(client, get(client, path).form(path), ground="sold", text="Sudah dijual tahun lalu."))
    client.cookies.clear()
    with database.session() as session:
        made = {CaseKind(row.kind): row.id for row in session.scalars(select(CaseRow))}
        for kind in set(CaseKind) - set(made):
            row = open_case(
                session,
                kind,
                jurisdiction=database.jurisdictions.first,
                actor=SYSTEM,
                body={"subject": "x", "service": "ktp", "category": "road_damage"},
                audience=Audience.INTERNAL,
                agency=ticket.agency,
                subject={
                    "service": "ktp",
                    "category": "road_damage",
                    "direction": "in",
                    "with": "Pemkot",
                    "subject": "x",
                },
            )
            made[kind] = row.id
    return made


@pytest.mark.parametrize("role", WHO)
def test_a_look_is_never_unwritten(role, cases, client, make_user, database):
    agency = None
    if role == "agency":
        with database.session() as session:
            agency = session.get_one(CaseRow, cases[CaseKind.TICKET]).agency
    user = make_user(role, agency=agency)
    token = form_token(client, "/sign-in")
    sent = client.post("/sign-in", data={"login": user.login, "password": PASSWORD, "csrf_token": token})
    assert sent.status_code == 303
    shown = 0
    silent = []
    for path in ROUTES:
        for kind, case_id in cases.items():
            where = re.sub(r"\{([^}]+)\}", lambda found, held=case_id: BESIDE.get(found[1], str(held)), path)
            before = looks(database, case_id)
            answer = client.get(where, headers={"accept": "text/html"})
            if answer.status_code != 200 or path in TELLS_NOTHING:
                continue
            shown += 1
            if looks(database, case_id) == before:
                silent.append(f"{path} of a {kind.value}")
    assert not silent
    assert shown >= 3


def looks(database, case_id):
    with database.session() as session:
        return session.scalar(select(func.count()).where(ViewRow.case_id == case_id))
