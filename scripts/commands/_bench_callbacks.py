"""`tertib bench callbacks`: the bank calls an office over a real socket, and each call must be told apart."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import typer

from api.database import Database, stop_embedded
from api.payments.bills import bill_with
from api.payments.ledger import standing, totals
from models.evaluation.figures import stamped
from scripts.commands._bank_calls import DUE_RUPIAH, Call, Story, stories
from scripts.commands._bench_load import percentile_ms
from scripts.commands._bench_row import Row, tell
from scripts.commands._outside_office import open_office

EXAMPLE: Final = "Example: tertib bench callbacks --rate 50 --seconds 10 --json"
FLOOR_A_S: Final = 50.0
FLOOR_P95_MS: Final = 1000.0
# Connections are opened and statements planned before anything is counted.
_WARM_S: Final = 3
_AT_ONCE: Final = 8
_WAVE: Final = 40  # stories that are under way at once, so that calls of one story are about a second apart
_AGAIN_S: Final = 0.5
_GIVEN_UP_S: Final = 60.0
_TOLD: Final = 20


@dataclass
class Heard:
    """What the office said.

    Attributes:
        took_s: from each call to its first answer.
        as_expected: by sort of call.
        sent: by sort of call.
        wrong: the first answers that were not as expected, in words.
        pending: calls that were kept first and booked later; they were sent again until the office knew.
    """

    took_s: list[float] = field(default_factory=list)
    as_expected: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    pending: int = 0


def measure(
    rate: Annotated[float, typer.Option(min=1, max=1000, help="Calls a second.")] = 50,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="For so long.")] = 10,
    processes: Annotated[int, typer.Option(min=1, max=8, help="Of the office, as `serve --workers`.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Signed callbacks at a steady rate, every sort of mistake among them; then as many as the office takes.

    Each must be told apart, and no rupiah be made or lost; exit code 1 when one was not.
    """
    with tempfile.TemporaryDirectory(prefix="tertib-callbacks-", ignore_cleanup_errors=True) as folder:
        home = Path(folder) / "home"
        try:
            with open_office(home) as office:
                wanted = int(rate * seconds)
                codes = iter(office.tickets_with_bills(2 * wanted + int(_WARM_S * rate), DUE_RUPIAH))
                office.serve(processes=processes)
                warm, first, second = (list(stories(codes, calls)) for calls in (int(_WARM_S * rate), wanted, wanted))
                steady, flat_out = Heard(), Heard()
                asyncio.run(_call(office.url, warm, Heard(), rate=rate))
                steady_s = asyncio.run(_call(office.url, first, steady, rate=rate))
                flat_out_s = asyncio.run(_call(office.url, second, flat_out, rate=None))
                money = _money(office.database, [*warm, *first, *second])
        except RuntimeError as error:
            raise typer.TyperException(str(error)) from error
        finally:
            stop_embedded(home)
    calls, more = sum(steady.sent.values()), sum(flat_out.sent.values())
    p95 = percentile_ms(steady.took_s)
    rows = [
        _row("callbacks answered a second, as they were sent", calls / steady_s, "1/s", calls, FLOOR_A_S),
        _row("answer, p95, at that rate", p95, "ms", calls, FLOOR_P95_MS, most=True),
        _row(f"callbacks answered a second, {_AT_ONCE} at once", more / flat_out_s, "1/s", more, FLOOR_A_S),
        _row("answer, p95, then", percentile_ms(flat_out.took_s), "ms", more, FLOOR_P95_MS, most=True),
    ]
    told = {
        "processes": processes,
        "told_apart": {what: [steady.as_expected[what], number] for what, number in sorted(steady.sent.items())},
        "pending": [steady.pending, flat_out.pending],
        "wrong": (steady.wrong + flat_out.wrong)[:_TOLD],
        "money": money,
    }
    if as_json:
        found = stamped("callbacks", {"rows": [asdict(row) for row in rows], **told})
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        tell("callbacks", rows, as_json=False)
        for name, value in told.items():
            sys.stdout.write(f"{name}: {json.dumps(value, ensure_ascii=False)}\n")
    if steady.wrong or flat_out.wrong or not money["conserved"]:
        raise typer.Exit(1)


def _row(what: str, ours: float, unit: str, runs: int, floor: float, *, most: bool = False) -> Row:
    # At a steady rate no more can be answered than was sent: a hundredth is the first and last call's time.
    reached = ours <= floor if most else ours >= 0.99 * floor
    against = "the office's own promise; no opponent"
    return Row(what, round(ours, 1), None, against, None, unit, runs, floor=floor, reached=reached)


async def _call(url: str, told: list[Story], heard: Heard, *, rate: float | None) -> float:
    """Tell the stories; how long it took, s.

    Args:
        url: the office's address.
        told: the stories.
        heard: what comes of them is written here.
        rate: calls a second, whenever they are answered; None: so many at once as the bench allows.
    """
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx.AsyncClient(base_url=url, timeout=30, limits=limits) as bank:
        began = time.monotonic()
        if rate is None:
            places = asyncio.Semaphore(_AT_ONCE)

            async def whole(story: Story) -> None:
                async with places:
                    sent: dict[str, tuple[bytes, dict[str, str]]] = {}
                    for call in story.calls:
                        await _one(bank, call, sent, heard)

            await asyncio.gather(*(whole(story) for story in told))
            return time.monotonic() - began
        pace = (began + number / rate for number in range(10**9))
        running: list[asyncio.Task[None]] = []
        for start in range(0, len(told), _WAVE):
            running += await _wave(bank, told[start : start + _WAVE], heard, pace)
        await asyncio.gather(*running)
        return time.monotonic() - began


async def _wave(
    bank: httpx.AsyncClient, told: list[Story], heard: Heard, pace: Iterator[float]
) -> list[asyncio.Task[None]]:
    """Send the stories' first calls, then their second ones, ..., each at its moment."""
    tasks: list[asyncio.Task[None]] = []
    last: dict[int, asyncio.Task[None]] = {}
    sent: list[dict[str, tuple[bytes, dict[str, str]]]] = [{} for _ in told]

    async def after(before: asyncio.Task[None] | None, call: Call, held: dict[str, Any]) -> None:
        if before is not None:
            await before
        await _one(bank, call, held, heard)

    for turn in range(max(len(story.calls) for story in told)):
        for number, story in enumerate(told):
            if turn < len(story.calls):
                await asyncio.sleep(max(0.0, next(pace) - time.monotonic()))
                task = asyncio.create_task(after(last.get(number), story.calls[turn], sent[number]))
                last[number] = task
                tasks.append(task)
    return tasks


async def _one(
    bank: httpx.AsyncClient, call: Call, sent: dict[str, tuple[bytes, dict[str, str]]], heard: Heard
) -> None:
    """Send one call; while the answer is `pending`, send it again as a bank does."""
    again = call.repeated and call.external_id in sent
    body, headers = sent[call.external_id] if again else call.made()
    sent[call.external_id] = body, headers
    began = time.monotonic()
    answer = await bank.post("/v1/payments/bank", content=body, headers=headers)
    heard.took_s.append(time.monotonic() - began)
    heard.sent[call.what] += 1
    heard.pending += (kept := answer.status_code == httpx.codes.ACCEPTED)
    while answer.status_code == httpx.codes.ACCEPTED and time.monotonic() - began < _GIVEN_UP_S:
        await asyncio.sleep(_AGAIN_S)
        answer = await bank.post("/v1/payments/bank", content=body, headers=headers)
    got, expected = (answer.status_code, *_said(answer)), (call.status, call.outcome, call.repeated)
    # Of a call that was kept first, either it or its copy may have been the one that was booked.
    if got == expected or (kept and got[:2] == expected[:2]):
        heard.as_expected[call.what] += 1
    else:
        heard.wrong.append(f"{call.what}: {got}, expected {expected}")


def _said(answer: httpx.Response) -> tuple[str, bool]:
    told = answer.json()
    return (str(told.get("outcome", "")), bool(told.get("repeated", False)))


def _money(database: Database, told: list[Story]) -> dict[str, Any]:
    """The books against the stories: every bill, and the balance of every account."""
    wrong = 0
    with database.session() as session:
        held = totals(session)
        for story in told:
            bill = bill_with(session, story.code)
            found = None if bill is None else standing(session, bill.id)
            expected = (story.deposit_rupiah, story.refundable_rupiah)
            wrong += found is None or (found.deposit, found.refundable) != expected
    cash = sum(story.cash_rupiah for story in told)
    conserved = not wrong and not sum(held.values()) and held.get("bank", 0) == cash
    return {
        "accounts": held,
        "sum": sum(held.values()),
        "bills": len(told),
        "bills_wrong": wrong,
        "conserved": conserved,
    }
