"""How soon the next case stands on the screen: measured in a real browser, by what the officer sees.

From the key that sends a decision until the next case's title is there and the first picture of its clip is drawn.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CASE: Final = re.compile(r"/review/[0-9a-f-]{36}")
VIEW: Final = {"width": 1366, "height": 768}
# Runs before the page's own scripts: the moment of the key survives in the tab, the moment of the picture ends it.
_WATCH: Final = """
addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) sessionStorage.setItem("bench.key", String(Date.now()));
}, true);
addEventListener("DOMContentLoaded", () => {
  const began = Number(sessionStorage.getItem("bench.key"));
  const video = document.querySelector("video");
  if (!began || !video) return;
  const note = () => requestAnimationFrame(() => {
    window.benchPicture = Date.now() - began;
  });
  if (video.readyState >= 2) note(); else video.addEventListener("loadeddata", note, { once: true });
  requestAnimationFrame(() => { window.benchTitle = Date.now() - began; });
});
"""


def has_browser() -> bool:
    """Whether this machine can measure in a browser: playwright is a tool of the developers."""
    return importlib.util.find_spec("playwright") is not None


def next_case_times(url: str, login: str, password: str, *, cases: int, chromium: str) -> dict[str, list[float]]:
    """Decide so many cases by keyboard, each as soon as the server lets one.

    Args:
        url: of an office with more cases than that.
        login: who may review.
        password: the password.
        cases: how many.
        chromium: path of the browser.

    Returns:
        Seconds, a case: `title` until its name is on the screen, `picture` until its clip shows its first picture.

    Raises:
        RuntimeError: the browser cannot be started, or the page does not come.
    """
    from playwright.sync_api import Error, sync_playwright  # noqa: PLC0415 - a tool of the developers, not of the office

    try:
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            try:
                return _decided(_signed_in(browser, url, login, password), cases)
            finally:
                browser.close()
    except Error as error:
        message = f"the browser: {str(error).splitlines()[0]}"
        raise RuntimeError(message) from error


def _signed_in(browser: Browser, url: str, login: str, password: str) -> Page:
    page = browser.new_context(viewport=VIEW, base_url=url, locale="en-GB").new_page()  # type: ignore[arg-type]
    page.add_init_script(_WATCH)
    page.goto("/sign-in")
    page.locator("input[name=login]").fill(login)
    page.locator("input[name=password]").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    return page


def _another_case(before: str) -> Callable[[str], bool]:
    return lambda url: url != before and CASE.search(url) is not None


def _decided(page: Page, cases: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"title": [], "picture": []}
    page.keyboard.press("n")
    page.wait_for_url(CASE)
    for _ in range(cases):
        page.wait_for_selector("[data-wait].is-ready", state="attached", timeout=30_000)
        page.wait_for_selector("html[data-ahead-ready]", state="attached", timeout=30_000)
        before = page.url
        page.keyboard.press("r")
        page.wait_for_selector("dialog[open]")
        page.keyboard.press("1")
        page.wait_for_url(_another_case(before))
        page.wait_for_function("() => window.benchPicture && window.benchTitle")
        for name, key in (("title", "benchTitle"), ("picture", "benchPicture")):
            told: Any = page.evaluate(f"window.{key}")
            found[name].append(float(told) / 1000)
    return found
