"""The open board: what is overdue counts, small numbers are not said, and the files say what the page says."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from fastapi.testclient import TestClient

from api.board.counting import SETTLED, count_new
from api.board.figures import regencies
from api.board.regencies import UNKNOWN, places_of, regency_of
from api.clock import DatabaseClock, now
from api.complaints.handling import answer
from api.complaints.service import Complaint, open_complaint
from api.database import Database
from api.jurisdiction.model import Jurisdiction
from api.people.service import User
from api.store.sweeping import sweep_due
from api.store.tables import CaseRow

SEMARANG = (-6.99, 110.42)


def complain(
    database: Database, n: int, where: tuple[float, float] | None = SEMARANG, **changes: object
) -> list[CaseRow]:
    latitude, longitude = where or (None, None)
    with database.session() as session:
        return [
            open_complaint(
                session,
                Complaint(category="traffic", text="Lampu mati", latitude=latitude, longitude=longitude, **changes),  # type: ignore[arg-type]
                jurisdiction=database.jurisdictions.first,
            )
            for _ in range(n)
        ]


def reply(database: Database, cases: list[CaseRow], user: User) -> None:
    with database.session() as session:
        for case in cases:
            answer(session, case.id, text="Sudah diperbaiki oleh regu kami.", actor=user.actor)


def sweep(database: Database) -> None:
    with database.session() as session:
        while sweep_due(session, now(session)):
            pass


def table(client: TestClient, name: str) -> list[dict[str, str]]:
    page = client.get(f"/board/{name}.csv")
    assert page.status_code == 200
    return list(csv.DictReader(io.StringIO(page.text)))


def test_the_overdue_and_open_count_as_not_kept(
    client: TestClient, database: Database, clock: DatabaseClock, make_user
) -> None:
    user = make_user("agency", agency="dishub")
    cases = complain(database, 8)
    reply(database, cases[:3], user)
    clock.advance(timedelta(hours=26))
    sweep(database)
    reply(database, cases[3:4], user)
    clock.advance(2 * SETTLED)
    complain(database, 2)
    clock.advance(2 * SETTLED)

    of_dishub = next(row for row in table(client, "agencies") if row["agency"] == "dishub")
    assert (of_dishub["on_time"], of_dishub["late"], of_dishub["overdue_open"], of_dishub["running"]) == (
        "3",
        "1",
        "4",
        "2",
    )
    assert float(of_dishub["share_on_time"]) == 0.375
    in_semarang = next(row for row in table(client, "regencies") if row["code"] == "33.74")
    assert [in_semarang[one] for one in ("opened", "on_time", "late", "overdue_open")] == ["10", "3", "1", "4"]
    assert [(row["on_time"], row["late"]) for row in table(client, "months")] == [("3", "1")]
    everything = client.get("/board.json").json()
    assert everything["tables"]["agencies"][0]["agency"] == "dishub", "the worst on top"
    for name, rows in everything["tables"].items():
        assert all(set(row) == set(everything["dictionary"][name]) for row in rows), name
    page = client.get("/board?lang=en").text
    assert "38" in page
    assert "Kota Semarang" in page


def test_few_complaints_and_those_past_the_unit_are_not_said_by_place(
    client: TestClient, database: Database, clock: DatabaseClock
) -> None:
    complain(database, 4)
    complain(database, 6, where=(-7.566, 110.825), asked_for_money=True)
    clock.advance(2 * SETTLED)
    rows = {row["code"]: row for row in table(client, "regencies")}
    assert (rows["33.74"]["opened"], rows["33.74"]["suppressed"]) == ("", "true")
    assert rows["33.72"]["opened"] == "0", "what goes past the unit stands nowhere"


def test_each_event_is_counted_once_and_late_ones_are_waited_for(database: Database, clock: DatabaseClock) -> None:
    complain(database, 5)
    with database.session() as session:
        assert count_new(session, now(session)) == 0, "a transaction with an earlier number may still be open"
    clock.advance(2 * SETTLED)
    with database.session() as session:
        assert count_new(session, now(session), most=3) == 3
    passed = 3
    while True:
        with database.session() as session:
            more = count_new(session, now(session), most=3)
        passed += more
        if not more:
            break
    with database.session() as session:
        of = {line.regency.code: line.opened for line in regencies(session, database.jurisdictions.first)}
    assert of["33.74"] == 5
    assert passed == 10


def test_a_place_is_in_the_nearest_regency_or_in_none(jurisdiction: Jurisdiction) -> None:
    places = places_of(jurisdiction)
    assert len(places) == len({one.tile.tile for one in places}) == 35
    assert regency_of(jurisdiction, "dishub", {"latitude": -6.8, "longitude": 110.86}) == "33.19"
    assert regency_of(jurisdiction, "kab-cilacap", {}) == "33.01"
    assert regency_of(jurisdiction, "dishub", {"regency": "33.05"}) == "33.05"
    assert regency_of(jurisdiction, "dishub", {"latitude": 1.3, "longitude": 103.8}) == UNKNOWN
    assert regency_of(jurisdiction, "dishub", {}) == UNKNOWN


def test_what_is_no_table_is_not_found(client: TestClient) -> None:
    assert client.get("/board/people.csv").status_code == 404
