"""What tests of several rooms share: one real browser for the whole session."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

# A twentieth of the decisions is read twice, by lot: tests must not depend on luck. Offices that tests start inherit
# it.
os.environ.setdefault("TERTIB_REHEARSAL_DRAW", "0.9")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; one for all, since two drivers in one process get into each other's way."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: scripts/setup dev installs it")
    with sync_playwright() as playwright:
        # As root there is no sandbox to be had; the pages are our own.
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        running = playwright.chromium.launch(executable_path=path, args=arguments)
        yield running
        running.close()
