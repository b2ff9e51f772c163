"""The whole way in a real browser: an officer decides, the owner contests without JavaScript, an officer answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demonstration

pytestmark = pytest.mark.browser
DESK = {"width": 1366, "height": 768}
PHONE = {"width": 360, "height": 800}
READ_PLATE = re.compile(r"34A\s?36837")
TICKET = re.compile(r"T-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")
SignIn = Callable[[str], Page]


@pytest.fixture
def officer(browser: Browser, demonstration: Demonstration) -> Iterator[SignIn]:
    contexts = []

    def sign_in(login: str) -> Page:
        context = browser.new_context(viewport=DESK, locale="en-GB", base_url=demonstration.url)
        contexts.append(context)
        page = context.new_page()
        page.goto("/sign-in?lang=en")
        page.get_by_label("User name").fill(login)
        page.get_by_label("Password").fill(demonstration.passwords[login])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/review*")
        return page

    yield sign_in
    for context in contexts:
        context.close()


def approve_by_keyboard(page: Page, pictures: Path) -> str:
    """Take the next case, see the clip play, approve; returns the plate that the ticket is for."""
    page.screenshot(path=pictures / "queue.png")
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/review/[0-9a-f-]{36}"))
    # The next case comes by lot: those whose plate the machine could not read are left to others.
    for _ in range(4):
        if page.get_by_text(READ_PLATE).count():
            break
        shown = page.url
        page.keyboard.press("s")
        page.wait_for_url(lambda url, shown=shown: url != shown and "/review/" in url)
    # The clip of the original stream really plays in this browser.
    page.wait_for_function("() => { const v = document.querySelector('video'); return v && v.currentTime > 0.3; }")
    assert page.evaluate("() => document.querySelector('video').error") is None
    expect(page.locator("[data-wait].is-ready")).to_be_visible(timeout=20_000)
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight"), "one screen, no scrolling"
    page.keyboard.press("d")
    page.wait_for_timeout(300)
    page.screenshot(path=pictures / "review.png")
    page.keyboard.press("a")
    confirm = page.get_by_role("dialog")
    expect(confirm).to_contain_text("Issue this ticket?")
    page.screenshot(path=pictures / "confirm.png")
    plate = confirm.locator(".plate").inner_text()
    page.keyboard.press("Enter")
    return plate


def test_from_the_queue_to_an_answered_contest(
    browser: Browser, demonstration: Demonstration, officer: SignIn, pictures: Path
) -> None:
    page = officer("petugas")
    expect(page.locator("tbody tr").filter(has_text="34A36837")).to_have_count(1)
    plate = approve_by_keyboard(page, pictures)
    told = page.get_by_text(TICKET)
    expect(told.first).to_be_visible()
    reference = TICKET.search(told.first.inner_text())
    assert reference is not None

    owner = browser.new_context(viewport=PHONE, java_script_enabled=False, base_url=demonstration.url).new_page()
    owner.goto("/?lang=en")
    owner.screenshot(path=pictures / "portal.png")
    look_up(owner, reference[0], plate)
    expect(owner).to_have_url(re.compile(f"/t/{reference[0]}"))
    stills = owner.locator("figure img")
    assert stills.count() >= 2
    for still in stills.all():
        assert still.evaluate("img => img.complete && img.naturalWidth > 0"), "a still is not shown"
    owner.screenshot(path=pictures / "ticket.png")
    assert owner.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), (
        "no sideways scrolling on a phone"
    )

    owner.goto(f"/t/{reference[0]}/contest")
    owner.locator("input[type=radio][value=no_offence]").check()
    owner.locator("textarea[name=text]").fill("The lane was closed by works that evening.")
    owner.locator("form[action$='/contest'] button[type=submit]").click()
    expect(owner.get_by_text("The lane was closed by works that evening.")).to_be_visible()
    expect(owner.locator(".clock").filter(has_text=re.compile("left")).first).to_be_visible()
    show_contest(owner, pictures / "contested.png")

    second = officer("petugas2")
    second.goto("/review")
    second.get_by_role("link", name=re.compile("contest", re.IGNORECASE)).first.click()
    expect(second.get_by_text("The lane was closed by works that evening.")).to_be_visible()
    second.get_by_role("radio").last.check()
    second.locator("textarea[name=text]").fill("You are right: works had moved traffic into the lane. We cancel it.")
    second.screenshot(path=pictures / "answer.png")
    second.get_by_role("button", name=re.compile("answer", re.IGNORECASE)).click()
    second.wait_for_load_state()

    owner.reload()
    expect(owner.get_by_text("works had moved traffic into the lane")).to_be_visible()
    clock = owner.locator(".clock").filter(has_text=re.compile("answer", re.IGNORECASE)).first
    expect(clock).not_to_contain_text(re.compile(r"\bleft\b"))
    show_contest(owner, pictures / "answered.png")


def show_contest(page: Page, picture: Path) -> None:
    page.locator("[id^='contest-']").first.evaluate("panel => panel.scrollIntoView({block: 'start'})")
    page.screenshot(path=picture)


def look_up(page: Page, reference: str, plate: str) -> None:
    page.goto("/lookup?lang=en")
    page.locator("input[name=reference]").fill(reference)
    page.locator("input[name=plate]").fill(plate)
    page.locator("form[action='/lookup'] button[type=submit]").click()


def test_somebody_elses_ticket_looks_like_one_that_does_not_exist(
    browser: Browser, demonstration: Demonstration
) -> None:
    page = browser.new_context(java_script_enabled=False, base_url=demonstration.url).new_page()
    look_up(page, "T-0000-0000-0000", "H1234AB")
    absent = page.inner_text("main")
    look_up(page, "T-1111-1111-1111", "34A36837")
    assert page.inner_text("main").replace("T-1111-1111-1111", "").replace("34A36837", "") == absent.replace(
        "T-0000-0000-0000", ""
    ).replace("H1234AB", "")
