"""A page that follows its case: state and steps add up to the state read afresh; nothing is lost in between."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.requests import Request

from api.contests.service import open_contest
from api.database import Database
from api.live.hub import Hub
from api.live.state import Followed, apply, fresh, steps_since
from api.people.service import User
from api.portal.page import Texts
from api.settings import Settings
from api.store.kinds import Audience
from api.store.reading import Viewer, case_for
from api.store.service import append
from api.store.tables import CaseRow
from tests.api.public_pages import look_up, make_ticket
from tests.web.conftest import serve


def texts(language: str = "id") -> Texts:
    scope = {"type": "http", "query_string": f"lang={language}".encode(), "headers": [], "path": "/", "method": "GET"}
    return Texts(Request(scope))


def read(database: Database, ticket: CaseRow) -> Followed:
    with database.session() as session:
        viewer = Viewer.party(ticket.id)
        return fresh(session, viewer, case_for(session, viewer, ticket.id), texts())


def test_a_state_and_the_steps_since_are_the_state_read_afresh(
    database: Database, settings: Settings, officer: User
) -> None:
    ticket = make_ticket(database, settings, officer)
    states = [read(database, ticket)]
    with database.session() as session:
        append(session, ticket.id, "note", actor=officer.actor, body={"text": "-"}, audience=Audience.INTERNAL)
    states.append(read(database, ticket))
    with database.session() as session:
        open_contest(session, ticket=session.get_one(CaseRow, ticket.id), ground="other", text="x" * 40)
    states.append(read(database, ticket))
    assert [state.state for state in states] == ["issued", "issued", "contested"]
    with database.session() as session:
        viewer = Viewer.party(ticket.id)
        case = case_for(session, viewer, ticket.id)
        for state in states:
            followed = state
            for step in steps_since(session, viewer, case, state.number, texts()):
                followed = apply(apply(followed, step), step)  # told twice, it counts once
            assert followed == states[-1]
        # What is for the office alone moves the number and says nothing.
        assert next(one["step"] for one in steps_since(session, viewer, case, states[0].number, texts())) is None


def events_in(lines: list[str]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (lines[at - 1].removeprefix("id: "), json.loads(line.removeprefix("data: ")))
        for at, line in enumerate(lines)
        if line.startswith("data: ")
    ]


def test_a_stream_goes_on_where_it_broke_off(
    database: Database, settings: Settings, officer: User, client: TestClient
) -> None:
    ticket = make_ticket(database, settings, officer)
    assert look_up(client, ticket.reference).status_code == 303
    cookies = {"tertib_party": client.cookies.get("tertib_party", path=f"/t/{ticket.reference}") or ""}
    with serve(settings, database) as url, httpx.Client(base_url=url, cookies=cookies, timeout=20) as browser:
        path = f"/t/{ticket.reference}/live"
        before = browser.get(f"{path}/state").json()
        assert before["said"]

        def happen() -> None:
            with database.session() as session:
                open_contest(session, ticket=session.get_one(CaseRow, ticket.id), ground="other", text="y" * 40)

        found: list[dict[str, Any]] = []
        with browser.stream("GET", path, params={"after": before["number"]}) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            threading.Timer(0.3, happen).start()
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    found.append(json.loads(line.removeprefix("data: ")))
                    break
        after = browser.get(f"{path}/state").json()
        assert found[-1]["state"] == after["state"] == "contested"
        assert [*before["steps"], found[-1]["step"]] == after["steps"]
        # Cut off and opened again with the last number that came: the same step is told anew, and only it.
        with browser.stream("GET", path, headers={"last-event-id": str(before["number"])}) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    assert json.loads(line.removeprefix("data: ")) == found[-1]
                    break
        assert httpx.get(f"{url}{path}").status_code == 404, "nobody follows another's ticket"


def test_many_followers_cost_one_question() -> None:
    asked: list[int] = []
    case, other = uuid4(), uuid4()
    happened: list[tuple[int, UUID]] = []

    def newer(after: int) -> list[tuple[int, UUID]]:
        asked.append(after)
        return [(10, UUID(int=0))] if after < 0 else [one for one in happened if one[0] > after]

    async def follow() -> tuple[int, int]:
        hub = Hub(newer, pause_s=0.02)
        told = 0

        async def one() -> None:
            nonlocal told
            async with hub.following(case) as moved:
                await asyncio.wait_for(moved.wait(), 5)
                told += 1

        followers = [asyncio.create_task(one()) for _ in range(2_000)]
        async with hub.following(other) as others:
            await asyncio.sleep(0.1)
            count = hub.followers
            # A later number shows first; the earlier one is not lost.
            happened.append((12, uuid4()))
            await asyncio.sleep(0.1)
            happened.insert(0, (11, case))
            await asyncio.gather(*followers)
            assert not others.is_set()
        assert hub.followers == 0
        return told, count

    with ThreadPoolExecutor(1) as apart:  # a browser of another test may hold this thread's loop
        assert apart.submit(asyncio.run, follow()).result() == (2_000, 2_001)
    assert len(asked) < 200
    rounds = len(asked)
    assert rounds == len(asked), "nobody follows: nothing is asked"


@pytest.mark.parametrize("path", ["/t/T-0000-0000-0000/live", "/a/A-0000-0000-0000/live", "/a/nonsense/live/state"])
def test_what_is_not_there_cannot_be_followed(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404
