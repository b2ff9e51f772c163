"""A hardware key in a real browser (Chromium's virtual one): registered on a page, then asked for at the sign-in."""

from __future__ import annotations

import threading

import pytest
import uvicorn
from playwright.sync_api import expect

from api.app import create_app
from scripts.commands._drill_office import free_port
from tests.api.conftest import PASSWORD

pytestmark = pytest.mark.browser


@pytest.fixture
def office(database, settings):
    port = free_port()
    # Keys are bound to names, not to addresses of machines.
    here = settings.model_copy(update={"public_url": f"http://localhost:{port}"})
    server = uvicorn.Server(
        uvicorn.Config(create_app(here, database=database, sweeper=False), port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    yield here.public_url
    server.should_exit = True
    thread.join()


def type_password(page, office, login):
    page.goto(f"{office}/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")


def sign_out(page, office):
    page.click("form[action='/sign-out'] button")
    page.wait_for_url(f"{office}/")


def test_a_registered_key_is_asked_for_and_without_it_nobody_gets_in(browser, office, officer):
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasResidentKey": False,
        "hasUserVerification": False,
        "automaticPresenceSimulation": True,
    }
    held = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    type_password(page, office, officer.login)
    page.goto(f"{office}/account")
    page.fill("#name", "key ring")
    page.click("form[data-hardware-key] button")
    expect(page.locator("main")).to_contain_text("key ring")
    sign_out(page, office)

    type_password(page, office, officer.login)
    expect(page.locator("h1")).to_have_text("Security key")
    page.click("main button[type=submit]")
    page.wait_for_url(f"{office}/review**")

    sign_out(page, office)
    devtools.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": held})
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    type_password(page, office, officer.login)
    page.click("main button[type=submit]")
    expect(page.locator("main")).to_contain_text("was not accepted")
    page.goto(f"{office}/review")
    expect(page.locator("h1")).to_have_text("Staff sign-in")
    context.close()
