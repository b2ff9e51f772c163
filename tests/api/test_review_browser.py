"""The officers' keys in a real browser, on an office of its own: what a key does, and what it must not do."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import uvicorn
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, Route, expect
from sqlalchemy import update

from api.app import create_app
from api.complaints.service import Complaint, open_complaint
from api.database import Database
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.people.service import User
from api.register.service import Vehicle, load_register
from api.review.tables import WorkRow
from api.settings import Settings
from pipeline.evidence.moving import Instant, Moving, Outline
from pipeline.evidence.package import MediaMember
from tests.api.conftest import PASSWORD
from tests.pipeline.evidence.builder import CAMERA_ID, OCCURRED_AT, VALID_FROM, camera_key, sealed_chain

pytestmark = pytest.mark.browser
CLIP = Path(__file__).parents[2] / "samples" / "clips" / "parkpow-cars.mp4"
DESK = {"width": 1366, "height": 768}
READY = "The evidence was shown: you can decide."
# Two seconds before and after the offence, at the clip's fifth second: the car drives, the signal turns red.
MOVING = Moving(
    width_px=1280,
    height_px=720,
    clip_begins_s=-5.0,
    outlines=(
        Outline(sort="lane", name="bus", points=((0, 700), (600, 300), (700, 300)), closed=True),
        Outline(sort="signal", name="north", points=((900, 50), (950, 50), (950, 150), (900, 150)), closed=True),
    ),
    instants=tuple(
        Instant(
            at_s=round(n * 0.1 - 2, 1),
            own=(100.0 + 10 * n, 300.0, 300.0 + 10 * n, 500.0),
            phases={"north": "yellow" if n < 20 else "red"},
        )
        for n in range(41)
    ),
)


def picture(words: str, width: int, height: int) -> bytes:
    image = Image.new("RGB", (width, height), "#345")
    ImageDraw.Draw(image).text((10, 10), words, fill="white")
    out = io.BytesIO()
    image.save(out, "JPEG")
    return out.getvalue()


def media() -> list[MediaMember]:
    return [
        MediaMember("clip.mp4", "clip", "video/mp4", CLIP.read_bytes()),
        MediaMember("overview.jpg", "overview", "image/jpeg", picture("before", 640, 360)),
        MediaMember("offence.jpg", "offence", "image/jpeg", picture("offence", 640, 360)),
        MediaMember(
            "drawn.jpg", "offence_drawn", "image/jpeg", picture("drawn", 640, 360), "offence.jpg", "draw scene"
        ),
        MediaMember(
            "plate.jpg", "plate", "image/jpeg", picture("H 1234 AB", 120, 40), "offence.jpg", "crop 1,1,121,41"
        ),
        MediaMember("moving.json", "moving", "application/json", MOVING.to_bytes(), "clip.mp4", "as tracked"),
    ]


@pytest.fixture
def office(database: Database, settings: Settings) -> Iterator[str]:
    """An office with four cases and a complaint, served; its address."""
    with database.session() as session:
        add_camera(
            session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token="t" * 40
        )
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
        load_register(
            session, [Vehicle("H1234AB", "car", "Toyota", "Avanza", "hitam", 2019, "Joko", "Jl. Contoh", "test")]
        )
        store = EvidenceStore(settings.evidence)
        told = {"measured": {"offence_in_clip_s": 5.0}}
        for package in sealed_chain(4, media_members=media(), occurred_at=OCCURRED_AT, **told):
            accept_package(session, store, camera_id=CAMERA_ID, data=package.data, idempotency_key=None)
    server = uvicorn.Server(
        uvicorn.Config(create_app(settings, database=database, sweeper=False), port=0, log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def page(browser: Browser, office: str, make_user: Callable[..., User]) -> Iterator[Page]:
    """The queue of a signed-in officer. Anything on the console, and any refused answer, fails the test."""
    make_user("officer", login="petugas")
    context = browser.new_context(viewport=DESK, locale="en-GB", base_url=office)
    opened = context.new_page()
    told: list[str] = []
    opened.on("console", lambda message: told.append(message.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.goto("/sign-in?lang=en")
    opened.get_by_label("User name").fill("petugas")
    opened.get_by_label("Password").fill(PASSWORD)
    opened.keyboard.press("Enter")
    opened.wait_for_url("**/review")
    yield opened
    context.close()
    assert told == []


def take_next(page: Page) -> str:
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/review/[0-9a-f-]{36}$"))
    return page.url


def test_cases_are_decided_by_keyboard_alone(page: Page) -> None:
    take_next(page)
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "one screen, no scrolling"
    expect(page.get_by_text(READY)).to_be_visible(timeout=15_000)
    page.keyboard.press("o")
    expect(page.get_by_role("tabpanel", name=re.compile("Offence"))).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    page.keyboard.press("a")
    dialog = page.get_by_role("dialog")
    for fact in ("H 1234 AB", "UU 22/2009, Article 287(1)", "Rp\u00a0500.000", "Test officer"):
        expect(dialog).to_contain_text(fact)
    page.keyboard.press("Enter")
    page.wait_for_url("**done=approved**")
    expect(page.get_by_role("status").first).to_contain_text(re.compile(r"ticket T-[0-9A-Z-]{14} is issued"))
    assert page.evaluate("document.activeElement.id") == "case-title", "the focus goes to the next case"

    expect(page.get_by_text(READY)).to_be_visible(timeout=15_000)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_contain_text("Why is it rejected?")
    page.keyboard.press("3")
    page.wait_for_url("**done=rejected**")
    page.keyboard.press("s")
    page.wait_for_url("**done=skipped**")


def test_nothing_is_decided_while_the_plate_is_on_its_way(page: Page) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/evidence/plate.jpg", hold)
    page.keyboard.press("n")
    page.wait_for_url(re.compile(r"/review/[0-9a-f-]{36}$"), wait_until="commit")
    told = "The plate's crop has not been shown to you yet."
    expect(page.locator("[data-wait]")).to_have_text(told, timeout=15_000)
    for key in ("a", "r"):
        page.keyboard.press(key)
        expect(page.locator("[data-announce]")).to_contain_text(told)
    expect(page.get_by_role("dialog")).to_have_count(0)
    held[0].continue_()
    expect(page.get_by_text(READY)).to_be_visible(timeout=15_000)
    page.keyboard.press("r")
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_keys_that_mean_something_else_do_nothing(page: Page) -> None:
    here = take_next(page)
    expect(page.get_by_text(READY)).to_be_visible(timeout=15_000)
    for chord in ("Control+a", "Alt+a", "Meta+a", "Control+s", "Control+n"):
        page.keyboard.press(chord)
    # A held key repeats: only its first press counts, and none that it opened is confirmed by it.
    page.evaluate(
        """() => { for (const key of ["a", "n", "s", "r"])
             document.dispatchEvent(new KeyboardEvent("keydown", {key, repeat: true, bubbles: true})); }"""
    )
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("r")
    for key in ("a", "n", "s", "x"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_contain_text("Why is it rejected?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url == here


def test_keys_can_be_switched_off(page: Page) -> None:
    here = take_next(page)
    page.get_by_role("button", name="Shortcuts: on").click()
    expect(page.get_by_role("button", name="Shortcuts: off")).to_be_visible()
    for key in ("n", "s", "?"):
        page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.url == here
    page.get_by_role("button", name="Next case").click()
    page.wait_for_url(lambda url: url != here)


def test_keys_sleep_while_somebody_types(page: Page, database: Database) -> None:
    with database.session() as session:
        complaint = Complaint(category="traffic", text="Lampu mati")
        case = open_complaint(session, complaint, jurisdiction=database.jurisdictions.first)
    page.goto(f"/review/{case.id}")
    answer = page.get_by_role("textbox", name="Answer")
    answer.click()
    page.keyboard.type("n a r s ? 1: we are on it.")
    expect(answer).to_have_value("n a r s ? 1: we are on it.")
    # The tab keeps it when the page is lost.
    page.goto("/review")
    page.goto(f"/review/{case.id}")
    expect(answer).to_have_value("n a r s ? 1: we are on it.")
    page.get_by_role("button", name="Send the answer").click()
    page.wait_for_url("**done=answered**")


def test_the_zoom_stays_from_picture_to_picture(page: Page) -> None:
    take_next(page)
    page.keyboard.press("z")
    zoomed = "document.querySelector('.exhibit:not([hidden]) [data-zoom]').style.transform"
    first = page.evaluate(zoomed)
    assert "scale" in first
    page.keyboard.press("d")
    assert page.evaluate(zoomed) == first
    page.keyboard.press("z")
    assert page.evaluate(zoomed) == ""


def test_what_the_rules_saw_lies_over_the_moving_clip(page: Page) -> None:
    take_next(page)
    page.wait_for_selector("[data-overlay-ready]", timeout=15_000)
    page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    at = """async (second) => {
        const video = document.querySelector("video");
        video.pause();
        const seeked = new Promise((done) => video.addEventListener("seeked", done, { once: true }));
        video.currentTime = second;
        await seeked;
        const box = document.querySelector(".overlay__own");
        return {
            x: box.hasAttribute("hidden") ? null : Number(box.getAttribute("x")),
            head: document.querySelector(".overlay__signal").dataset.phase,
            said: document.querySelector(".overlay__phase").textContent,
            way: document.querySelector(".overlay__way").getAttribute("points").split(" ").length,
        };
    }"""
    before, after, unknown = (page.evaluate(at, second) for second in (4.05, 6.0, 1.0))
    assert before["x"] == pytest.approx(205, abs=2), "between two sightings"
    assert (before["head"], before["said"]) == ("yellow", "north: yellow")
    assert after["x"] == pytest.approx(400, abs=2)
    assert (after["head"], after["said"]) == ("red", "north: red")
    assert after["way"] > before["way"]
    assert unknown["x"] is None, "where the vehicle was not seen, nothing is drawn"
    lines = page.get_by_role("button", name=re.compile("^Lines"))
    expect(lines).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("g")
    expect(lines).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".overlay")).to_be_hidden()
    # The next case keeps the choice.
    here = page.url
    page.keyboard.press("s")
    page.wait_for_url(lambda url: url != here)
    page.wait_for_selector("[data-overlay-ready]", timeout=15_000)
    expect(page.locator(".overlay")).to_be_hidden()


def test_the_player_steps_loops_slows_and_explains_itself(page: Page) -> None:
    take_next(page)
    page.wait_for_function("() => document.querySelector('video').currentTime > 3.6")
    time = "document.querySelector('video').currentTime"
    page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('video').paused")
    first = page.evaluate(time)
    page.keyboard.press(".")
    page.wait_for_function("() => !document.querySelector('video').seeking")
    assert 0.01 < page.evaluate(time) - first < 0.12, "one frame"
    page.keyboard.press("-")
    assert page.evaluate("document.querySelector('video').playbackRate") == 0.5
    # The loop leads from behind the offence (5 s) to before it, again and again.
    page.keyboard.press("l")
    page.evaluate("document.querySelector('video').currentTime = 6.45")
    page.wait_for_function("() => document.querySelector('video').currentTime < 5")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Lines, track and signal phase on or off")
    page.keyboard.press("Escape")


def test_a_lease_that_was_lost_is_told_plainly(page: Page, database: Database) -> None:
    desk = page.context.new_page()  # its console may speak of the refusal
    desk.goto("/review")
    here = take_next(desk)
    expect(desk.get_by_text(READY)).to_be_visible(timeout=15_000)
    case_id = UUID(here.rsplit("/", 1)[1])
    with database.session() as session:
        session.execute(update(WorkRow).where(WorkRow.case_id == case_id).values(user_id="other", user_name="Sri"))
    desk.keyboard.press("r")
    with desk.expect_response(lambda answer: answer.request.method == "POST" and "/decision" in answer.url) as told:
        desk.keyboard.press("1")
    assert told.value.status == 409
    expect(desk.locator("[aria-label=Decision]")).to_contain_text("Sri")
