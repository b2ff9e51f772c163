"""`tertib bench pages`: what each page weighs, how long the server takes for it, and how soon the next case is there.

Without an address it prepares an office of its own, with cases that wait, tickets, complaints and people.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final
from urllib.parse import urljoin

import httpx
import typer
from rich.console import Console
from rich.table import Table

from models.evaluation.figures import stamped
from scripts.commands._bench_load import percentile_ms
from scripts.commands._bench_pages_browser import has_browser, next_case_times
from scripts.commands._bench_pages_office import OFFICER, PLATE, SUPERVISOR, filled_office

EXAMPLE: Final = (
    "Example: tertib bench pages --cases 300 --json   or, at an office that runs: "
    "tertib bench pages --url http://127.0.0.1:8000 --login petugas --password ..."
)
PUBLIC: Final = ("/", "/lookup", "/lookup/vehicle", "/complaints/new", "/follow", "/check", "/board", "/board/data")
OFFICE: Final = ("/review", "/review/search", "/agency")
OVERSIGHT: Final = ("/statistics", "/review/agreement", "/cameras", "/audit/outbox", "/audit/inbox")
OWNER: Final = ("", "/confirm", "/contest", "/pay", "/verify")
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
MOST_BYTES: Final = 100_000
MOST_MS: Final = 100.0
NEXT_MS: Final = 200.0
_LINKED: Final = re.compile(r'(?:<link rel="stylesheet" href|<script type="module" src)="([^"]+)"')
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_STILL: Final = re.compile(r'<img[^>]* src="(/review/[^"]+/evidence/[^"]+)"')


def measure(
    url: Annotated[str, typer.Option(help="An office that runs; empty: one of its own, with cases.")] = "",
    login: Annotated[str, typer.Option(help="Somebody who may review; empty: the public pages alone.")] = "",
    password: Annotated[str, typer.Option(help="The password.", envvar="TERTIB_BENCH_PASSWORD")] = "",
    times: Annotated[int, typer.Option(help="How often each page is asked for.", min=5, max=1000)] = 50,
    cases: Annotated[int, typer.Option(help="Of an office of its own: cases that wait.", min=20, max=5000)] = 300,
    decisions: Annotated[
        int, typer.Option(help="Of an office of its own: cases decided in a browser, 0: none.", min=0, max=200)
    ] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Measure pages: bytes without media (page, styles, scripts), the server's median and p95, one at a time.

    At an office of its own also the officers', supervisors' and owners' pages, and the next case in a browser.
    """
    try:
        rows = _rows(url, login, password, times) if url else _own(cases, decisions, times)
    except (httpx.HTTPError, RuntimeError) as error:
        raise typer.TyperException(f"the office at {url or 'a folder of its own'} does not answer: {error}") from error
    found = stamped("pages", {"rows": rows, "times": times})
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return
    table = Table("page", "bytes", "median ms", "p95 ms", "holds")
    for row in rows:
        cells = (row["what"], str(row["bytes"]), f"{row['median']:.1f}", f"{row['ours']:.1f}")
        table.add_row(*cells, "yes" if row["holds"] else "NO")
    Console().print(table)


def _own(cases: int, decisions: int, times: int) -> list[dict[str, Any]]:
    """Everything, at an office that is made for it."""
    with (
        TemporaryDirectory(prefix="tertib-bench-", ignore_cleanup_errors=True) as folder,
        filled_office(Path(folder), cases) as office,
    ):
        rows = _rows(office.url, OFFICER, office.password, times, case=str(office.case))
        with httpx.Client(base_url=office.url, headers={"accept": "text/html"}, timeout=30) as browser:
            _sign_in(browser, SUPERVISOR, office.password)
            rows += [_page(browser, path, times) for path in OVERSIGHT]
        with httpx.Client(base_url=office.url, headers={"accept": "text/html"}, timeout=30) as browser:
            _look_up(browser, office.ticket)
            rows += [_page(browser, f"/t/{office.ticket}{path}", times, what=f"/t/...{path}") for path in OWNER]
            rows.append(_page(browser, f"/a/{office.complaint}", times, what="/a/..."))
        rows += _in_a_browser(office.url, office.password, decisions)
        return rows


def _in_a_browser(url: str, password: str, decisions: int) -> list[dict[str, Any]]:
    chromium = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if not decisions or chromium is None or not has_browser():
        return []
    found = next_case_times(url, OFFICER, password, cases=decisions, chromium=chromium)
    told = {"title": "next case named (browser)", "picture": "next case's clip shown (browser)"}
    return [_row(told[name], taken, 0, NEXT_MS) for name, taken in found.items()]


def _rows(url: str, login: str, password: str, times: int, *, case: str = "") -> list[dict[str, Any]]:
    with httpx.Client(base_url=url, headers={"accept": "text/html"}, timeout=30) as browser:
        rows = [_page(browser, path, times) for path in PUBLIC]
        if login:
            _sign_in(browser, login, password)
            rows += [_page(browser, path, times) for path in OFFICE]
            rows += [_page(browser, f"/review/{case}", times, what="/review/...")] if case else []
            rows += _next_case(browser, times)
        return rows


def _page(browser: httpx.Client, path: str, times: int, *, what: str = "") -> dict[str, Any]:
    page = browser.get(path)
    if page.status_code != httpx.codes.OK:
        raise typer.TyperException(f"{path} answers {page.status_code}: is this a Tertib office of this version?")
    linked = {urljoin(path, one) for one in _LINKED.findall(page.text)}
    weight = len(page.content) + sum(len(browser.get(one).content) for one in linked)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        browser.get(path)
        taken.append(time.perf_counter() - began)
    return _row(what or path, taken, weight, MOST_MS)


def _row(what: str, taken: list[float], weight: int, most_ms: float) -> dict[str, Any]:
    p95 = percentile_ms(taken)
    holds = p95 <= most_ms and weight <= MOST_BYTES
    median = round(statistics.median(taken) * 1000, 2)
    return {"what": what, "ours": round(p95, 2), "median": median, "unit": "ms p95", "bytes": weight, "holds": holds}


def _sign_in(browser: httpx.Client, login: str, password: str) -> None:
    token = _TOKEN.search(browser.get("/sign-in").text)
    told = {"login": login, "password": password, "csrf_token": token[1] if token else ""}
    if browser.post("/sign-in", data=told).status_code != httpx.codes.SEE_OTHER:
        raise typer.TyperException(f"{login} cannot sign in there: check name and password")


def _look_up(browser: httpx.Client, reference: str) -> None:
    token = _TOKEN.search(browser.get("/lookup").text)
    told = {"reference": reference, "plate": PLATE, "csrf_token": token[1] if token else ""}
    if browser.post("/lookup", data=told).status_code != httpx.codes.SEE_OTHER:
        raise typer.TyperException("the office's own ticket cannot be looked up")


def _next_case(browser: httpx.Client, times: int) -> list[dict[str, Any]]:
    """From the key to the bytes of the next case's first still: lease, page and picture; nothing is decided."""
    taken = []
    weight = 0
    for _ in range(times):
        token = _TOKEN.search(browser.get("/review").text)
        began = time.perf_counter()
        answer = browser.post("/review/next", data={"csrf_token": token[1] if token else ""})
        target = answer.headers.get("location", "")
        if "done=empty" in target or not target:
            break
        page = browser.get(target)
        still = _STILL.search(page.text)
        if still:
            browser.get(still[1])
        taken.append(time.perf_counter() - began)
        weight = max(weight, len(page.content))
        case = target.partition("?")[0]
        browser.post(f"{case}/skip", data={"csrf_token": token[1] if token else ""})
    return [_row("next case (lease, page, still)", taken, weight, NEXT_MS)] if taken else []
