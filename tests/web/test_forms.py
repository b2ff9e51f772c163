"""Every form of every page, found on the pages themselves: bad input, an ended sign-in, a second press, the way back.

A form that a page gains is looked at here without anybody's doing, since the pages come from the route list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from api.attachments.tables import AttachmentRow
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from api.web.route_list import committed
from tests.api.public_pages import Form
from tests.api.public_pages import Page as Read
from tests.web.test_every_page import get_routes, who_for
from tests.web.town import PLATE, Town

# These end what the next form would need: they have tests of their own.
LEAVES = re.compile(r"/(sign-out|leave|keys|withdraw|again|next|skip|undo|end|signature|password)$|^/account")
# Posted by programs, or by a page's own script.
NO_FORM = re.compile(r"^/(v1|open311)/|/(ahead|known|undo)$|^/account|^/sign-in/next")
HTML = {"accept": "text/html"}
# A connection a question: one that the office closed early is not asked again.
ALONE = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Found:
    """A form on a page, and who sees it."""

    page: str
    who: str
    form: Form


@pytest.fixture(scope="module")
def clients(town: Town) -> Iterator[Callable[[str], httpx.Client]]:
    made: dict[str, httpx.Client] = {}

    def of(who: str) -> httpx.Client:
        if who not in made:
            made[who] = httpx.Client(base_url=town.url, headers=HTML, timeout=60, limits=ALONE)
            for cookie in town.cookies.get(who, []):
                made[who].cookies.set(cookie["name"], cookie["value"], path=cookie.get("path", "/"))
        return made[who]

    yield of
    for one in made.values():
        one.close()


@pytest.fixture(scope="module")
def forms(town: Town, clients: Callable[[str], httpx.Client]) -> list[Found]:
    """Each form once, on the first page that shows it."""
    pages = {path: who_for(path) for path in get_routes() if "{" not in path}
    pages |= {path: who_for(path) for path in town.places.values()}
    # An agency's deeds are shown to the agency's own.
    for path in [path for path in pages if path.startswith("/agency")]:
        pages[path] = "dishub"
    found: dict[str, Found] = {}
    for path, who in sorted(pages.items()):
        answer = clients(who).get(path)
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for form in Read(answer).forms:
            if form.method == "post" and form.action not in found:
                found[form.action] = Found(path, who, form)
    return list(found.values())


def plain(action: str) -> str:
    """The route that an address belongs to, for the sake of comparing with the list."""
    routes = [line.split(maxsplit=1)[1] for line in committed() if line.startswith("POST")]
    fits = [path for path in routes if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), action)]
    return min(fits, key=lambda path: path.count("{"), default=action)


def test_nearly_every_form_is_found(forms: list[Found]) -> None:
    shown = {plain(one.form.action) for one in forms}
    posts = {line.split(maxsplit=1)[1] for line in committed() if line.startswith("POST")}
    # Those that only a case in another state shows; each has tests in its own room.
    hidden = {path for path in posts - shown if not NO_FORM.search(path)}
    assert len(hidden) <= 24, sorted(hidden)
    assert {"/complaints/new", "/lookup", "/t/{reference}/contest", "/review/{name}/decision"} <= shown


def test_bad_input_is_answered_in_words_and_never_a_dead_end(
    forms: list[Found], clients: Callable[[str], httpx.Client]
) -> None:
    wrong = []
    for one in forms:
        if LEAVES.search(one.form.action):
            continue
        fresh = Read(clients(one.who).get(one.page))
        form = next((form for form in fresh.forms if form.action == one.form.action), None)
        if form is None:
            continue
        words = "\u0000 <script>alert(1)</script> " + "x" * 300
        bad = {name: value if name in {"csrf_token", "form_token"} else words for name, value in form.fields.items()}
        for typed in ({k: v for k, v in form.fields.items() if k in {"csrf_token", "form_token"}}, bad):
            answer = clients(one.who).post(form.action, data=typed)
            if answer.status_code >= 500:
                wrong.append(f"{one.form.action}: {answer.status_code}")
            if "<script>alert(1)" in answer.text:
                wrong.append(f"{one.form.action}: repeats markup")
            if answer.status_code >= 400 and not Read(answer).links:
                wrong.append(f"{one.form.action}: leads nowhere")
    assert wrong == []


def test_a_form_of_an_ended_sign_in_leads_back_to_itself(
    forms: list[Found], clients: Callable[[str], httpx.Client], town: Town
) -> None:
    office = [one for one in forms if one.who not in {"nobody", "owner"} and not LEAVES.search(one.form.action)]
    assert len(office) > 10
    stranger = httpx.Client(base_url=town.url, headers=HTML, timeout=60)
    for one in office:
        answer = stranger.post(one.form.action, data=one.form.fields, headers={"referer": f"{town.url}{one.page}"})
        assert answer.status_code == 303, one
        back = answer.headers["location"]
        if back.startswith("/sign-in"):
            continue
        assert back.partition("?")[0] == one.page.partition("?")[0], one
        assert "unsent=1" in back
        assert stranger.get(back).headers["location"].startswith("/sign-in?next="), "and the sign-in leads there again"
    # Another site's page is no way back: it is refused as before.
    elsewhere = {"referer": "https://elsewhere.example/review/1", "sec-fetch-site": "cross-site"}
    assert stranger.post(office[0].form.action, data=office[0].form.fields, headers=elsewhere).status_code == 403
    stranger.close()


def test_back_and_send_again_makes_one_case(clients: Callable[[str], httpx.Client], town: Town) -> None:
    """The form as the back button shows it holds the token that was used: whatever is sent with it then, it is one."""
    nobody, owner = clients("nobody"), clients("owner")

    def count(kind: CaseKind) -> int:
        with town.database.session() as session:
            return session.scalar(select(func.count()).where(CaseRow.kind == kind.value)) or 0

    for client, path, typed, kind in (
        (nobody, "/complaints/new", {"category": "traffic", "text": "Lampu mati di simpang."}, CaseKind.COMPLAINT),
        (
            owner,
            f"/t/{town.ticket}/contest",
            {"ground": "sold", "text": "Mobil dijual pada Januari."},
            CaseKind.CONTEST,
        ),
    ):
        form = next(form for form in Read(client.get(path)).forms if form.action == path)
        before = count(kind)
        first = client.post(path, data={**form.fields, **typed})
        assert first.status_code == 303, Read(first).text
        again = client.post(path, data={**form.fields, **typed, "text": typed["text"] + " Juga kemarin."})
        assert count(kind) == before + 1
        assert again.status_code < 500
    with town.database.session() as session:
        assert session.scalar(select(func.count()).select_from(AttachmentRow)) == 0


@pytest.fixture
def desk(browser: Browser, town: Town) -> Iterator[Page]:
    context = browser.new_context(base_url=town.url, locale="en-GB", viewport={"width": 1366, "height": 768})
    context.add_cookies(town.cookies["dishub"])  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


WORDS = "The crew was there at eight and found the controller without power."


@pytest.mark.browser
def test_what_an_agency_types_outlives_network_sign_in_and_a_closed_page(desk: Page, town: Town) -> None:
    path = town.places["/agency/letters/{name}"]
    desk.goto(path)
    box = desk.locator("main textarea").first
    name = box.get_attribute("name")
    box.evaluate("box => { const deed = box.closest('details'); if (deed) deed.open = true; }")
    box.fill(WORDS)
    # The network is lost while it is sent, and the page is opened anew.
    desk.context.set_offline(True)
    box.evaluate("box => box.form.requestSubmit()")
    desk.wait_for_timeout(300)
    desk.context.set_offline(False)
    desk.goto("/agency")
    desk.goto(path)
    again = desk.locator(f"main textarea[name={name}]").first
    expect(again).to_have_value(WORDS)
    expect(desk.locator("[data-kept-told]").first).to_contain_text("What you typed is still here")
    # The sign-in ends while it is sent: after signing in again the page is there, and the words in it.
    kept = desk.context.cookies()
    desk.context.clear_cookies()
    again.evaluate("box => box.form.requestSubmit()")
    desk.wait_for_url("**/sign-in?next=*")
    assert path.rsplit("/", 1)[1] in desk.url
    desk.context.add_cookies(kept)  # type: ignore[arg-type]
    desk.goto(path)
    expect(desk.locator(f"main textarea[name={name}]").first).to_have_value(WORDS)


@pytest.mark.browser
def test_the_plate_of_a_lookup_survives_the_back_button_without_javascript(browser: Browser, town: Town) -> None:
    context = browser.new_context(base_url=town.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/lookup")
    page.locator("input[name=reference]").fill("T-0000-0000-0000")
    page.locator("input[name=plate]").fill(PLATE)
    page.locator("form[action='/lookup'] button").click()
    expect(page.locator("input[name=plate]")).to_have_value(PLATE)
    page.go_back()
    expect(page.locator("input[name=plate]")).to_have_value(PLATE)
    context.close()
