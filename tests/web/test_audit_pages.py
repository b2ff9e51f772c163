"""The audit's pages: a whole chain is shown whole, a changed event is named, a proof leads to the published root."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import select

from api.audit.publishing import publish
from api.audit.tables import TreeHeadRow
from api.board.oversight import cameras
from api.clock import DatabaseClock, now
from api.database import Database
from api.people.service import User
from api.settings import Settings
from tests.api.public_pages import follow, get, make_ticket, package, take_in


def test_a_trail_with_its_proof(
    client: TestClient,
    database: Database,
    settings: Settings,
    clock: DatabaseClock,
    officer: User,
    make_user: Callable[..., User],
    sign_in: Callable[[User], TestClient],
) -> None:
    ticket = make_ticket(database, settings, officer)
    path = f"/audit/cases/{ticket.reference}"
    sign_in(officer)
    assert get(client, path).status == 403, "not for those who decide"
    client.cookies.clear()
    sign_in(make_user("auditor"))
    assert get(client, "/audit?reference=nonsense").status == 422
    found = follow(client, client.get(f"/audit?reference={ticket.reference.lower()}", follow_redirects=False))
    assert found.status == 200
    for told in ("opened", "Rantai utuh"):
        assert told in found.text
    assert "Belum ada kepala" in get(client, f"{path}?prove=1").text
    clock.advance(timedelta(minutes=5))
    with database.session() as session:
        publish(session, now(session), everything=True)
    proved = get(client, f"{path}?prove=1").text
    with database.session() as session:
        root = session.scalars(select(TreeHeadRow.root_sha256)).one()
    assert root in proved
    assert "Terbukti berada dalam kepala" in proved
    assert root[:24] in get(client, "/audit").text
    assert get(client, "/audit/cases/T-0000-0000-0000").status == 404


def test_a_camera_whose_clock_nobody_set_and_whose_packages_are_missing_is_shown(
    client: TestClient,
    database: Database,
    settings: Settings,
    make_user: Callable[..., User],
    sign_in: Callable[[User], TestClient],
) -> None:
    take_in(database, settings, package(3, clock_source="assumed", clock_uncertainty_ms=9e6))
    take_in(database, settings, package(1))
    with database.session() as session:
        viewer = make_user("auditor").viewer
        (one,) = cameras(session, viewer, now(session))
    assert (one.clock, one.clock_doubtful, one.missing) == ("assumed", True, 1)
    sign_in(make_user("supervisor"))
    assert "tidak disetel" in get(client, "/statistics").text
    assert "missing_of_last_100,1" in client.get("/statistics.csv").text
