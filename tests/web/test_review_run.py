"""A long run of cases: twenty by keyboard alone in a real browser, and a hundred and twenty in a row over HTTP."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from api.clock import DatabaseClock
from api.database import Database
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.people.service import User
from api.register.service import load_register
from api.review.tables import EvidenceViewRow, ReadingRow, WorkRow
from api.settings import Settings
from api.store.kinds import CaseKind
from api.store.service import verify_chain
from api.store.tables import CaseRow
from tests.api.conftest import PASSWORD
from tests.api.review_office import Office, vehicle
from tests.pipeline.evidence.builder import CAMERA_ID, OCCURRED_AT, VALID_FROM, camera_key, sealed_chain
from tests.web.conftest import serve
from tests.web.town import media

pytest_plugins = ["tests.api.review_fixtures"]
KEYBOARD_CASES = 20
RUN = 120
CASE = re.compile(r"/review/([0-9a-f-]{36})")


def fill(database: Database, settings: Settings, n: int, **changes: object) -> list[UUID]:
    with database.session() as session:
        add_camera(session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
        load_register(session, [vehicle("H1234AB", "car")])
        store = EvidenceStore(settings.evidence)
        return [
            accept_package(session, store, camera_id=CAMERA_ID, data=package.data, idempotency_key=None).case_id
            for package in sealed_chain(n, occurred_at=OCCURRED_AT, **changes)
        ]


@pytest.fixture
def page(
    browser: Browser, database: Database, settings: Settings, make_user: Callable[..., User], clock: DatabaseClock
) -> Iterator[Page]:
    make_user("officer", login="petugas")
    fill(database, settings, KEYBOARD_CASES + 1, media_members=media())
    with serve(settings, database) as url:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB", base_url=url)
        opened = context.new_page()
        opened.goto("/sign-in?lang=en")
        opened.get_by_label("User name").fill("petugas")
        opened.get_by_label("Password").fill(PASSWORD)
        opened.keyboard.press("Enter")
        opened.wait_for_url("**/review")
        yield opened
        context.close()


def test_twenty_cases_by_keyboard_alone(page: Page, database: Database, clock: DatabaseClock) -> None:
    page.keyboard.press("n")
    page.wait_for_url(CASE)
    done = []
    for number in range(KEYBOARD_CASES):
        here = CASE.search(page.url)
        assert here is not None
        ready = page.locator("[data-wait].is-ready")
        for _ in range(60):
            # The office's clock, not the wall's: three seconds of looking need not be waited for.
            clock.advance(timedelta(seconds=4))
            page.wait_for_timeout(150)
            if ready.count():
                break
        expect(ready).to_have_count(1)
        page.wait_for_selector("html[data-ahead-ready]", state="attached", timeout=30_000)
        coming = page.evaluate("document.documentElement.dataset.aheadReady")
        if number % 3 == 2:
            page.keyboard.press("r")
            expect(page.get_by_role("dialog")).to_contain_text("Why is it rejected?")
            page.keyboard.press("1")
        else:
            page.keyboard.press("a")
            expect(page.get_by_role("dialog")).to_contain_text("Issue this ticket?")
            page.keyboard.press("Enter")
        page.wait_for_url(re.compile(coming))
        assert page.evaluate("document.activeElement.id") == "case-title", "the focus goes to the next case"
        done.append(UUID(here[1]))
    assert len(set(done)) == KEYBOARD_CASES
    with database.session() as session:
        assert session.scalar(select(func.count()).select_from(ReadingRow)) == KEYBOARD_CASES
        assert {row.case_id for row in session.scalars(select(ReadingRow))} == set(done)


def test_what_is_fetched_ahead_counts_as_seen_by_nobody(page: Page, database: Database, clock: DatabaseClock) -> None:
    page.keyboard.press("n")
    page.wait_for_url(CASE)
    page.wait_for_timeout(300)
    clock.advance(timedelta(seconds=4))
    page.wait_for_selector("html[data-ahead-ready]", state="attached", timeout=30_000)
    coming = UUID(page.evaluate("document.documentElement.dataset.aheadReady"))
    with database.session() as session:
        assert session.scalar(select(func.count()).where(EvidenceViewRow.case_id == coming)) == 0
        lent = session.scalar(select(WorkRow.user_id).where(WorkRow.case_id == coming))
        assert lent is not None, "it is on this officer's desk already"
    # Loaded anew, the page keeps the case that it had fetched: one case ahead, not a heap of them.
    page.reload()
    page.wait_for_selector("html[data-ahead-ready]", state="attached", timeout=30_000)
    assert UUID(page.evaluate("document.documentElement.dataset.aheadReady")) == coming
    # Brightness and lines, without the evidence being touched; the plate at full size.
    page.keyboard.press("]")
    assert page.evaluate("document.querySelector('[data-zoom]').style.filter") == "brightness(125%)"
    page.keyboard.press("o")
    page.keyboard.press("g")
    expect(page.get_by_role("tabpanel", name=re.compile("Drawn"))).to_be_visible()
    page.keyboard.press("g")
    expect(page.get_by_role("tabpanel", name=re.compile("Offence"))).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("dialog")).to_contain_text("H1234AB")
    page.keyboard.press("Escape")


def test_a_hundred_and_twenty_cases_in_a_row(
    office: Office, settings: Settings, officer: User, sign_in: Callable[[User], TestClient]
) -> None:
    client, database = sign_in(officer), office.database
    cases = fill(database, settings, RUN)
    token = client.get("/review", headers={"accept": "text/html"}).text.partition('name="csrf_token" value="')[2]
    token = token.partition('"')[0]

    def post(path: str, **fields: str):
        return client.post(path, data={"csrf_token": token, **fields}, headers={"accept": "text/html"})

    at = post("/review/next").headers["location"]
    decided: dict[UUID, str] = {}
    for number in range(RUN):
        found = CASE.search(at)
        assert found is not None, at
        case_id = UUID(found[1])
        assert case_id not in decided, "no case is given twice"
        path = f"/review/{case_id}"
        assert client.get(path, headers={"accept": "text/html"}).status_code == 200
        for member in ("clip.mp4", "plate.png"):
            assert client.get(f"{path}/evidence/{member}").status_code == 200
        office.clock.advance(timedelta(seconds=30))
        ahead = str(post(f"{path}/ahead").json()["case"] or "")
        choice = {"decision": "reject", "reason": "no_offence"} if number % 4 == 3 else {"decision": "approve"}
        answer = post(f"{path}/decision", **choice, confirmed="yes", ahead=ahead)
        assert answer.status_code == 303, answer.text
        if number % 10 == 0:
            again = post(f"{path}/decision", **choice, confirmed="yes", ahead=ahead)
            assert again.status_code in {303, 409}, "sent twice, it is one decision"
        decided[case_id] = choice["decision"]
        at = answer.headers["location"]
        if ahead:
            assert ahead in at, "what was fetched ahead comes next"
    assert set(decided) == set(cases)
    with database.session() as session:
        readings = {row.case_id: row.decision for row in session.scalars(select(ReadingRow))}
        assert readings == {one: "approved" if what == "approve" else "rejected" for one, what in decided.items()}
        states = dict(
            session.execute(
                select(CaseRow.state, func.count())
                .where(CaseRow.kind == CaseKind.VIOLATION.value)
                .group_by(CaseRow.state)
            ).all()
        )
        tickets = session.scalars(select(CaseRow).where(CaseRow.kind == CaseKind.TICKET.value)).all()
        # A twentieth waits for a blind second reading; a ticket comes of none of them yet.
        assert states.get("approved", 0) == len(tickets)
        assert len({ticket.parent_id for ticket in tickets}) == len(tickets)
        assert sum(states.values()) == RUN
        for case_id in cases[:10]:
            verify_chain(session, case_id)
