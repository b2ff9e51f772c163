"""`tertib bench live`: how many browsers one process keeps told by server-sent events, and how soon each hears.

Followers are plain sockets of this process; the office is a process of its own, with one worker. Every case gets one
step while all follow; each follower must hear of its own case and of no other.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from api.complaints.handling import answer
from api.complaints.service import Complaint, open_complaint
from api.database import Database, connect
from api.people.service import User, add_user
from api.settings import Settings
from api.store.tables import CaseRow
from models.evaluation.figures import stamped
from scripts.commands._bench_load import percentile_ms
from scripts.commands._bench_office import served
from scripts.commands._demo_office import free_port

EXAMPLE: Final = "Example: tertib bench live --followers 2000 --json"
AT_ONCE: Final = 40  # connections that are opened at the same time
PATIENCE_S: Final = 90.0


@dataclass
class Follower:
    """One browser that follows a case: when it was let in, and when it heard of what."""

    reference: str
    opened_s: float = 0.0
    number: int = 0
    heard_at: float = 0.0
    steps: list[dict[str, Any]] = field(default_factory=list)
    failure: str = ""


def measure(
    followers: Annotated[int, typer.Option(help="Browsers that follow.", min=1, max=2500)] = 2000,
    cases: Annotated[int, typer.Option(help="Cases that they follow, evenly.", min=1, max=2500)] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Let many follow, let every case move, and see who heard how soon."""
    with TemporaryDirectory(prefix="tertib-bench-", ignore_cleanup_errors=True) as folder:
        found = _measured(Path(folder), followers, min(cases, followers))
    told = stamped("live", found)
    if as_json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return
    table = Table("what", "value", "unit")
    for row in found["rows"]:
        table.add_row(row["what"], f"{row['ours']:g}", row["unit"])
    Console().print(table)


def _measured(home: Path, followers: int, cases: int) -> dict[str, Any]:
    settings = Settings(home=home)
    database = connect(settings)
    try:
        user, references = _filled(database, cases)
        with served(home, free_port()) as url:
            many = [Follower(references[number % cases]) for number in range(followers)]
            seconds = asyncio.run(_follow(url, many, database, user))
    finally:
        database.close()
    heard = [one for one in many if one.steps]
    wrong = sum(1 for one in heard if one.steps[0]["number"] <= one.number)
    late = [one.heard_at for one in heard]
    rows = [
        _row("followers let in", sum(1 for one in many if not one.failure), "of " + str(followers)),
        _row("followers that heard of their case", len(heard), "of " + str(followers)),
        _row("followers told of a step that they knew", wrong, "of " + str(followers)),
        _row("letting one in, p95", percentile_ms([one.opened_s for one in many]), "ms"),
        _row("from the commit to being told, median", percentile_ms(late, 0.5) if late else 0, "ms"),
        _row("from the commit to being told, p95", percentile_ms(late) if late else 0, "ms"),
        _row("all let in within", seconds, "s"),
    ]
    failures = sorted({one.failure for one in many if one.failure})[:3]
    return {"rows": rows, "followers": followers, "cases": cases, "failures": failures}


def _row(what: str, value: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(value, 1), "unit": unit}


def _filled(database: Database, cases: int) -> tuple[User, list[str]]:
    law = database.jurisdictions.first
    with database.session() as session:
        user = add_user(
            session, login="dishub", name="Dishub (contoh)", role="agency", agency="dishub", password="p" * 24
        )
        told = Complaint(category="traffic", text="Lampu lalu lintas mati.", place="Simpang Lima")
        made = [open_complaint(session, told, jurisdiction=law) for _ in range(cases)]
        return user, [one.reference for one in made]


async def _follow(url: str, many: Sequence[Follower], database: Database, user: User) -> float:
    gate, moved = asyncio.Semaphore(AT_ONCE), asyncio.Event()
    began = time.perf_counter()
    opened = [asyncio.Event() for _ in many]
    tasks = [asyncio.create_task(_one(url, one, gate, event, moved)) for one, event in zip(many, opened, strict=True)]
    await asyncio.gather(*(event.wait() for event in opened))
    seconds = time.perf_counter() - began
    references = sorted({one.reference for one in many})
    commits: dict[str, float] = {}

    def move() -> None:
        for reference in references:
            with database.session() as session:
                case = session.scalars(select(CaseRow).where(CaseRow.reference == reference)).one()
                answer(session, case.id, text="Sudah diperbaiki oleh regu kami pagi ini.", actor=user.actor)
            commits[reference] = time.perf_counter()

    await asyncio.to_thread(move)
    _, waiting = await asyncio.wait(tasks, timeout=PATIENCE_S)
    moved.set()
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    for one in many:
        if one.heard_at:
            one.heard_at -= commits[one.reference]
    return seconds


async def _one(url: str, one: Follower, gate: asyncio.Semaphore, opened: asyncio.Event, moved: asyncio.Event) -> None:
    """Follow until one's case moved; what comes in the second after that is read too."""
    parts = urlsplit(url)
    began = time.perf_counter()
    try:
        async with gate:
            began = time.perf_counter()
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            # The newest number: the stream begins with what comes next.
            one.number = await _number(parts.hostname, parts.port, one.reference)
            path = f"/a/{one.reference}/live?after={one.number}"
            writer.write(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                one.failure = head.split(b"\r\n")[0].decode()
                return
            await reader.readuntil(b"retry:")
        one.opened_s = time.perf_counter() - began
        opened.set()
        while not moved.is_set():
            line = await reader.readline()
            if not line:
                break
            if line.startswith(b"data: "):
                one.heard_at = one.heard_at or time.perf_counter()
                one.steps.append(json.loads(line[6:]))
                if len(one.steps) == 1:
                    break
        writer.close()
    except OSError as error:
        one.failure = type(error).__name__
    finally:
        opened.set()


async def _number(host: str | None, port: int | None, reference: str) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /a/{reference}/live/state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answered = await reader.read()
    writer.close()
    return int(json.loads(answered.partition(b"\r\n\r\n")[2])["number"])
