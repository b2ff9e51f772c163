"""Every page in a real browser: axe-core in both languages and both themes, no sideways scrolling, pictures.

`TERTIB_PICTURES=DIR pytest tests/web/test_every_page.py` writes each page at 320, 768 and 1366 pixels to DIR/pages;
`TERTIB_PAGES=REGEX` looks at the addresses alone that fit.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from api.web.route_list import committed
from tests.web.town import Town

pytestmark = pytest.mark.browser
WIDTHS = (320, 768, 1366)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Addresses that answer with something else than a page: files, data, streams, redirections.
NO_PAGE = re.compile(
    r"^/(v1|open311|static|favicon|live|n)\b|\.(jpg|png|svg|pdf|csv|json|xml|mp4|yaml|ics)$"
    r"|/attachments?/|/evidence/|/versions/|/readiness$|/live(/state)?$|^/openapi|^/agency/letters$"
)
PUBLIC = re.compile(r"^/($|a/|t/|complaints|follow|lookup|check|design|sign-in|board|antrean|queue|m/)")


def get_routes() -> list[str]:
    """The paths that a browser can open."""
    found = [line.split(maxsplit=1)[1] for line in committed() if line.startswith("GET ")]
    return [path for path in found if not NO_PAGE.search(path)]


def who_for(path: str) -> str:
    if path.startswith("/t/"):
        return "owner"
    return "nobody" if PUBLIC.search(path) else "penyelia"


@pytest.fixture(scope="module")
def addresses(town: Town) -> dict[str, tuple[str, str]]:
    """Where each page is and who opens it, by its name."""
    found = {path: (path, who_for(path)) for path in get_routes() if "{" not in path}
    found |= {name: (path, who_for(path)) for name, path in town.places.items()}
    found["a page that is not there"] = ("/absent", "nobody")
    only = os.environ.get("TERTIB_PAGES", "")
    return {name: held for name, held in found.items() if re.search(only, held[0])}


class Visitors:
    """One browser context a person and language."""

    def __init__(self, browser: Browser, town: Town) -> None:
        self._browser, self._town = browser, town
        self._pages: dict[tuple[str, str], Page] = {}
        self._contexts: list[BrowserContext] = []

    def page(self, who: str, language: str) -> Page:
        if (who, language) not in self._pages:
            context = self._browser.new_context(
                base_url=self._town.url,
                viewport={"width": 1366, "height": 768},
                locale="en-GB" if language == "en" else "id-ID",
                reduced_motion="reduce",
            )
            context.add_cookies(self._town.cookies.get(who, []))  # type: ignore[arg-type]
            self._contexts.append(context)
            self._pages[who, language] = context.new_page()
        return self._pages[who, language]

    def close(self) -> None:
        for context in self._contexts:
            context.close()


@pytest.fixture(scope="module")
def visitors(browser: Browser, town: Town) -> Iterator[Visitors]:
    made = Visitors(browser, town)
    yield made
    made.close()


def findings(page: Page, **options: Any) -> list[str]:
    """What axe-core finds, a line each: rule and element."""
    found = Axe().run(page, options=options or {"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    return [
        f"{one['id']}: {node['target'][0]}: {node.get('failureSummary', '')[:200]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("language", ["id", "en"])
def test_axe_finds_nothing_in_either_theme(
    addresses: dict[str, tuple[str, str]], visitors: Visitors, language: str
) -> None:
    wrong: dict[str, list[str]] = {}
    for name, (path, who) in sorted(addresses.items()):
        page = visitors.page(who, language)
        page.emulate_media(color_scheme="light")
        answer = page.goto(path)
        assert answer is not None
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        assert answer.status < 500, f"{name}: {answer.status}"
        assert answer.status < 400 or name.startswith("a page that"), f"{name}: {answer.status}"
        told = findings(page)
        page.emulate_media(color_scheme="dark")
        told += [f"dark: {one}" for one in findings(page, runOnly=["color-contrast"])]
        if told:
            wrong[f"{name} ({language})"] = told
    assert wrong == {}


def test_no_page_scrolls_sideways(addresses: dict[str, tuple[str, str]], visitors: Visitors) -> None:
    given = os.environ.get("TERTIB_PICTURES")
    folder = Path(given) / "pages" if given else None
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    wide = []
    for name, (path, who) in sorted(addresses.items()):
        page = visitors.page(who, "id")
        page.emulate_media(color_scheme="light")
        answer = page.goto(path)
        if answer is None or "text/html" not in answer.headers.get("content-type", ""):
            continue
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 768 if width > 768 else 900})
            over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if over > 0:
                wide.append(f"{name} at {width}: {over} px too wide")
            if folder:
                called = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "home"
                page.screenshot(path=folder / f"{called}-{width}.png", full_page=width != 1366)
        page.set_viewport_size({"width": 1366, "height": 768})
    assert wide == []


def test_axe_is_awake(visitors: Visitors) -> None:
    """A page with planted faults: what finds nothing here would find nothing anywhere."""
    page = visitors.page("nobody", "id")
    page.goto("about:blank")  # a page of the office forbids the style below
    page.emulate_media(color_scheme="light")
    page.set_content("<html><body><img src='x.jpg'><p style='color:#aaa;background:#fff'>pale</p><input></body></html>")
    found = {line.partition(":")[0] for line in findings(page)}
    assert {"image-alt", "color-contrast", "label", "html-has-lang"} <= found


def test_every_page_with_a_part_that_changes_is_opened(town: Town) -> None:
    """A new page whose address holds braces is added to the town's places, and so looked at by axe."""
    assert [path for path in get_routes() if "{" in path and path not in town.places] == []
