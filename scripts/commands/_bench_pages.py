"""`tertib bench pages`: what each page weighs and how long the server takes for it, at any office that runs."""

from __future__ import annotations

import json
import re
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
from scripts.commands._bench_office import served
from scripts.commands._demo_office import free_port

EXAMPLE: Final = "Example: tertib bench pages --url http://127.0.0.1:8000 --login petugas --password ..."
PUBLIC: Final = ("/", "/lookup", "/lookup/vehicle", "/complaints/new", "/follow", "/check", "/board", "/board/data")
OFFICE: Final = ("/review", "/review/search")
MOST_BYTES: Final = 100_000
MOST_MS: Final = 100.0
NEXT_MS: Final = 200.0
_LINKED: Final = re.compile(r'(?:<link rel="stylesheet" href|<script type="module" src)="([^"]+)"')
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_STILL: Final = re.compile(r'<img[^>]* src="(/review/[^"]+/evidence/[^"]+)"')


def measure(
    url: Annotated[str, typer.Option(help="An office that runs; empty: one of its own, without cases.")] = "",
    login: Annotated[str, typer.Option(help="Somebody who may review; empty: the public pages alone.")] = "",
    password: Annotated[str, typer.Option(help="The password.", envvar="TERTIB_BENCH_PASSWORD")] = "",
    times: Annotated[int, typer.Option(help="How often each page is asked for.", min=5, max=1000)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Measure pages: bytes without media (page, styles, scripts), the server's median and p95, one at a time."""
    try:
        if url:
            rows = _rows(url, login, password, times)
        else:
            with (
                TemporaryDirectory(prefix="tertib-bench-", ignore_cleanup_errors=True) as folder,
                served(Path(folder), free_port()) as address,
            ):
                rows = _rows(address, login, password, times)
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


def _rows(url: str, login: str, password: str, times: int) -> list[dict[str, Any]]:
    with httpx.Client(base_url=url, headers={"accept": "text/html"}, timeout=30) as browser:
        rows = [_page(browser, path, times) for path in PUBLIC]
        if login:
            _sign_in(browser, login, password)
            rows += [_page(browser, path, times) for path in OFFICE]
            rows += _next_case(browser, times)
        return rows


def _page(browser: httpx.Client, path: str, times: int) -> dict[str, Any]:
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
    return _row(path, taken, weight, MOST_MS)


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
    return [_row("next case", taken, weight, NEXT_MS)] if taken else []
