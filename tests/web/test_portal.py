"""The public face: look-up without a letter, a proof that a browser checks, forms that lose nothing, light pages."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, Page, expect

from api.database import Database
from api.people.service import User
from api.portal.vehicle import fits
from api.register.service import Vehicle, load_register
from api.settings import Settings
from pipeline.evidence.dsse import pae
from tests.api.public_pages import get, look_up, make_ticket, send
from tests.pipeline.evidence.builder import camera_key
from tests.web.town import CHASSIS, ENGINE, PLATE, Town

MOST_BYTES = 100_000


def with_numbers(database: Database) -> None:
    owner = Vehicle("H1234AB", "car", "Toyota", "Avanza", "putih", 2019, "Budi", "Jl. Contoh 1", "test")
    with database.session() as session:
        load_register(session, [Vehicle(**{**owner.__dict__, "engine_number": ENGINE, "chassis_number": CHASSIS})])


def ask(client: TestClient, plate: str = PLATE, engine: str = ENGINE, chassis: str = CHASSIS):
    form = get(client, "/lookup/vehicle").form("/lookup/vehicle")
    return send(client, form, plate=plate, engine=engine, chassis=chassis)


class TestWithoutALetter:
    def test_plate_engine_and_chassis_open_the_tickets(
        self, client: TestClient, database: Database, settings: Settings, officer: User
    ) -> None:
        ticket = make_ticket(database, settings, officer)
        with_numbers(database)
        answer = ask(client, engine="1nrf-123 456")
        assert answer.status_code == 200
        assert ticket.reference in answer.text
        assert get(client, f"/t/{ticket.reference}").status == 200
        assert "lookup" not in get(client, f"/t/{ticket.reference}").text[:200]

    def test_every_no_looks_the_same_and_keeps_what_was_typed(
        self, client: TestClient, database: Database, settings: Settings, officer: User
    ) -> None:
        make_ticket(database, settings, officer)
        wrong = ask(client)  # the register holds no numbers yet: they fit nobody
        with_numbers(database)
        answers = [
            wrong,
            ask(client, chassis="MHKM5EA3JKK123457"),
            ask(client, plate="H 9999 ZZ"),
            ask(client, plate="??"),
        ]
        assert {answer.status_code for answer in answers} == {404}
        pages = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
        assert len(pages) == 1
        assert 'value="MHKM5EA3JKK123457"' in answers[1].text
        assert ask(client, engine=" ").status_code == 422

    def test_guessing_is_stopped(self, client: TestClient, database: Database) -> None:
        with_numbers(database)
        told = [ask(client, chassis=f"GUESS{n}").status_code for n in range(12)]
        assert told[:10] == [404] * 10
        assert told[-1] == 429

    def test_a_register_without_numbers_fits_nobody(self) -> None:
        bare = Vehicle("H1234AB", "car", "Toyota", "Avanza", "putih", 2019, "Budi", "Jl. Contoh 1", "test")
        assert not fits(bare, engine="", chassis="")
        assert not fits(None, engine=ENGINE, chassis=CHASSIS)


class TestProof:
    def test_the_proof_can_be_checked_without_us(
        self, client: TestClient, database: Database, settings: Settings, officer: User
    ) -> None:
        ticket = make_ticket(database, settings, officer)
        assert client.get(f"/t/{ticket.reference}/proof.json").status_code == 404, "not for everybody"
        assert look_up(client, ticket.reference).status_code == 303
        client.get(f"/t/{ticket.reference}")
        answer = client.get(f"/t/{ticket.reference}/proof.json")
        assert answer.status_code == 200, answer.text
        proof = answer.json()
        payload = base64.b64decode(proof["envelope"]["payload"])
        signature = base64.b64decode(proof["envelope"]["signatures"][0]["sig"])
        key = camera_key().public("smg-01", valid_from=ticket.opened_at)
        assert key.is_signature(signature, pae(payload))
        assert proof["public_key"]["base64"] == key.public_key_b64
        signed = {member["name"]: member["sha256"] for member in json.loads(payload)["members"]}
        assert {copy["place"] for copy in proof["copies"]} == {"offence", "overview", "plate"}
        for copy in proof["copies"]:
            assert hashlib.sha256(client.get(copy["address"]).content).hexdigest() == copy["sha256"]
            assert signed[copy["parent"]] == copy["parent_sha256"]


@pytest.fixture
def owner(browser: Browser, town: Town) -> Iterator[Callable[..., Page]]:
    contexts = []

    def open_page(**options: object) -> Page:
        context = browser.new_context(
            base_url=town.url, locale="en-GB", viewport={"width": 360, "height": 780}, **options
        )  # type: ignore[arg-type]
        context.add_cookies(town.cookies["owner"])  # type: ignore[arg-type]
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.browser
class TestInABrowser:
    def test_the_browser_checks_the_evidence_and_finds_a_changed_picture(
        self, owner: Callable[..., Page], town: Town
    ) -> None:
        page = owner()
        page.goto(f"/t/{town.ticket}")
        page.goto(f"/t/{town.ticket}/verify")
        expect(page.locator("[data-verdict]")).to_have_text("Everything fits.")
        assert page.locator(".check--good").count() == 3 + 2 * 3
        page.route("**/stills/plate.jpg", lambda route: route.fulfill(body=b"another picture"))
        page.reload()
        expect(page.locator("[data-verdict]")).to_contain_text("Something does not fit.")
        expect(page.locator(".check--bad")).to_have_count(1)

    def test_what_was_typed_survives_a_lost_network_and_the_back_button(self, owner: Callable[..., Page]) -> None:
        page = owner(java_script_enabled=False)
        page.goto("/complaints/new?lang=en")
        page.locator("textarea[name=text]").fill("The signal at the square is dead since morning.")
        page.locator("select[name=category]").select_option("traffic")
        page.context.set_offline(True)
        page.get_by_role("button", name="Send").or_(page.locator("main form button[type=submit]")).first.click()
        page.wait_for_timeout(300)
        page.context.set_offline(False)
        page.go_back()
        expect(page.locator("textarea[name=text]")).to_have_value("The signal at the square is dead since morning.")
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url("**/a/A-*")

    @pytest.mark.parametrize("form", ["complaints/new", "contest"])
    def test_a_form_whose_token_ran_out_is_shown_again_with_every_word(
        self, owner: Callable[..., Page], town: Town, form: str
    ) -> None:
        page = owner(java_script_enabled=False)
        page.goto(f"/{form}?lang=en" if "/" in form else f"/t/{town.ticket}/{form}?lang=en")
        words = "The lane was closed by works, as the photograph shows."
        page.locator("textarea[name=text]").fill(words)
        for cookie in page.context.cookies():
            if cookie["name"] not in {"tertib_party", "tertib_language"}:
                page.context.clear_cookies(name=cookie["name"])
        page.locator("main form button[type=submit]").first.click()
        expect(page.locator("textarea[name=text]")).to_have_value(words)
        expect(page.get_by_text("The form has expired")).to_be_visible()

    def test_a_contest_whose_pass_ran_out_shows_what_was_written(self, owner: Callable[..., Page], town: Town) -> None:
        page = owner(java_script_enabled=False)
        page.goto(f"/t/{town.ticket}/contest?lang=en")
        page.locator("textarea[name=text]").fill("I sold this car in January, see the letter.")
        page.get_by_role("radio").first.check()
        page.context.clear_cookies(name="tertib_party")
        page.locator("main form button[type=submit]").first.click()
        expect(page.get_by_text("I sold this car in January, see the letter.")).to_be_visible()

    def test_public_pages_are_light(self, owner: Callable[..., Page], town: Town) -> None:
        page = owner()
        page.goto(f"/t/{town.ticket}")
        sizes: dict[str, int] = {}
        for path in ("/", "/lookup", "/complaints/new", "/board", f"/t/{town.ticket}", f"/t/{town.ticket}/contest"):
            total = 0

            def add(response, path: str = path) -> None:
                nonlocal total
                if (
                    response.request.resource_type not in {"image", "media"}
                    and response.request.resource_type != "eventsource"
                ):
                    total += len(response.body())

            page.on("response", add)
            page.goto(path, wait_until="load")
            page.remove_listener("response", add)
            sizes[path] = total
        assert {path: size for path, size in sizes.items() if size > MOST_BYTES} == {}
