"""Everything that a person who was fined can do, in a real browser without JavaScript, on a phone of 320 pixels."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from api.people.service import find_user
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow
from api.tickets.service import issue_ticket
from tests.web.town import CHASSIS, ENGINE, PLATE, Town

pytestmark = pytest.mark.browser
TICKET = re.compile(r"T-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


@pytest.fixture
def phone(browser: Browser, town: Town) -> Iterator[Page]:
    context = browser.new_context(
        base_url=town.url, java_script_enabled=False, locale="en-GB", viewport={"width": 320, "height": 640}
    )
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def tickets(town: Town) -> list[str]:
    """Three fresh tickets, of three violations that waited."""
    found = []
    with town.database.session() as session:
        officer = find_user(session, "petugas")
        assert officer is not None
        for case_id in town.waiting[:3]:
            append(session, case_id, "approved", actor=officer.actor, body={}, audience=Audience.INTERNAL)
            violation = session.get_one(CaseRow, case_id)
            ticket = issue_ticket(session, violation_case=violation, officer=officer.actor)
            found.append(session.get_one(CaseRow, ticket.id).reference)
    return found


def press(page: Page, action: str) -> None:
    page.locator(f"main form[action='{action}'] button[type=submit]").first.click()


def look_up(page: Page, reference: str) -> None:
    page.goto("/?lang=en")
    page.goto("/lookup")
    page.locator("input[name=reference]").fill(reference)
    page.locator("input[name=plate]").fill(PLATE)
    press(page, "/lookup")
    page.wait_for_url(f"**/t/{reference}")


def test_look_up_see_the_clip_name_the_driver_pay_and_verify(phone: Page, tickets: list[str]) -> None:
    path = f"/t/{tickets[0]}"
    look_up(phone, tickets[0])
    expect(phone.get_by_text("until", exact=False).first).to_be_visible()
    phone.get_by_role("link", name="Watch the clip").click()
    phone.wait_for_url(f"**{path}/clip")
    expect(phone.locator("video")).to_be_visible()
    expect(phone.get_by_role("link", name=re.compile("Download as a file"))).to_be_visible()

    phone.goto(f"{path}/confirm")
    phone.locator("input[value=mine_other_drove]").check()
    press(phone, f"{path}/confirm")
    expect(phone.locator("input[value=mine_other_drove]")).to_be_checked()  # no name was given: nothing is lost
    phone.locator("input[name=driver]").fill("Siti Aminah (contoh)")
    press(phone, f"{path}/confirm")
    phone.wait_for_url("**done=confirmed")
    expect(phone.locator("main")).to_contain_text("Siti Aminah (contoh)")

    phone.goto(f"{path}/pay")
    qris = phone.locator("img[src$='qris.png']")
    assert qris.evaluate("picture => picture.complete && picture.naturalWidth > 100")
    expect(phone.locator("main")).to_contain_text(re.compile(r"\d{5} \d{5} \d{5}"))
    phone.goto(f"{path}/verify")
    assert "Without JavaScript this page cannot reckon by itself" in phone.content()
    expect(phone.get_by_role("link", name=re.compile(r"^proof-"))).to_be_visible()


@pytest.mark.parametrize(("place", "choice"), [(1, "sold"), (2, "never_mine")])
def test_who_sold_it_or_never_had_it_is_led_to_the_contest(
    phone: Page, tickets: list[str], place: int, choice: str
) -> None:
    path = f"/t/{tickets[place]}"
    look_up(phone, tickets[place])
    phone.goto(f"{path}/confirm")
    phone.locator(f"input[value={choice}]").check()
    press(phone, f"{path}/confirm")
    phone.wait_for_url("**done=confirmed")
    phone.locator(f".notice a[href='{path}/contest']").click()
    phone.locator("input[name=ground]").first.check()
    phone.locator("textarea[name=text]").fill("I sold it in January; the letter is attached, and its second page.")
    phone.locator("input[type=file]").set_input_files(
        [
            {"name": f"page{n}.pdf", "mimeType": "application/pdf", "buffer": f"%PDF-1.7\n{n} 0 obj\n%%EOF\n".encode()}
            for n in (1, 2)
        ]
    )
    press(phone, f"{path}/contest")
    phone.wait_for_url("**done=contested")
    expect(phone.locator("a[href*='/attachments/']")).to_have_count(2)
    expect(phone.locator(".clock").first).to_be_visible()


def test_without_a_letter_by_engine_and_chassis(phone: Page, tickets: list[str]) -> None:
    phone.goto("/lookup?lang=en")
    phone.locator("a[href='/lookup/vehicle']").click()
    for name, value in (("plate", PLATE), ("engine", ENGINE), ("chassis", CHASSIS)):
        phone.locator(f"input[name={name}]").fill(value)
    press(phone, "/lookup/vehicle")
    phone.get_by_role("link", name=tickets[0]).click()
    expect(phone.locator("h1")).to_contain_text("Alleged offence")


def test_complain_follow_and_ask_whether_a_message_is_ours(phone: Page, town: Town) -> None:
    phone.goto("/complaints/new?lang=en")
    phone.locator("select[name=category]").select_option("traffic")
    phone.locator("textarea[name=text]").fill("The signal at the square has been dead since morning.")
    press(phone, "/complaints/new")
    phone.wait_for_url("**/a/A-*")
    number = re.search(r"A-[0-9A-Z-]{14}", phone.url)
    assert number is not None
    phone.goto("/follow")
    phone.locator("input[name=number]").fill(number[0].lower())
    phone.locator("main form button").click()
    phone.wait_for_url(f"**/a/{number[0]}")
    expect(phone.locator("main")).to_contain_text("Look again after")
    phone.goto("/check")
    phone.locator("textarea[name=message]").fill("Your ticket: pay at http://etle-bayar.example/t/T-1234 at once!")
    press(phone, "/check")
    expect(phone.locator(".notice").first).to_be_visible()
