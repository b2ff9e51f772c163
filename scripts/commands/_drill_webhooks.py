"""The webhook drill: the database hangs, pages hang with it, and every door still answers; then the office is killed.

What was answered lies on the disk. It must be in the store afterwards, once, though its sender sends it again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

import httpx
import psycopg
from sqlalchemy import func, select

from api.database import OWNER_ROLE, Database
from api.outbox.inbox import Spool
from api.outbox.tables import InboxRow
from api.payments.tables import PaymentRow
from api.settings import kept_secret
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from scripts.commands._bench_load import percentile_ms
from scripts.commands._outside_office import OpenOffice, open_office
from scripts.commands._senders import DOORS, Sent, forged, messages, send

WITHIN_MS: Final = 1000.0
_PAGES: Final = 60  # more than the threads that pages share, and than the connections of the office
_DRAIN_LIMIT_S: Final = 120


@dataclass(frozen=True)
class Webhooks:
    """What the drill found.

    Attributes:
        messages: how many were sent, over all doors and both faults; each again at the end.
        answered: of these, those that got the answer of their protocol: must be all.
        p95_ms: by door, while the database hung.
        slowest_ms: by door: must be below `WITHIN_MS`.
        forged: answers to wrong signatures meanwhile: must be 401, all of them.
        pages: pages that were asked for and hung meanwhile.
        kept: messages on the disk when a lock was let go, and when the office was killed: must not be 0.
        left: messages on the disk when everything had run again: must be 0.
        lost: messages that are not in the store: must be 0.
        doubled: cases and payments too many: must be 0.
    """

    messages: int
    answered: int
    p95_ms: dict[str, float]
    slowest_ms: dict[str, float]
    forged: dict[int, int]
    pages: int
    kept: tuple[int, int]
    left: int
    lost: int
    doubled: int

    @property
    def whole(self) -> bool:
        """Whether every message was answered, and is in the store once."""
        answered = self.answered == self.messages and set(self.forged) == {401}
        return answered and all(self.kept) and not (self.left or self.lost or self.doubled)

    @property
    def holds(self) -> bool:
        """Whether it was also quick enough."""
        return self.whole and max(self.slowest_ms.values()) < WITHIN_MS

    def told(self) -> dict[str, object]:
        """As JSON values."""
        return {**asdict(self), "holds": self.holds}


@dataclass
class _Seen:
    """What was sent and heard so far."""

    sent: list[Sent] = field(default_factory=list)
    answered: int = 0
    took_s: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    forged: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    pages: int = 0


def drill_webhooks(home: Path, *, messages_a_door: int, told: Callable[[str], None] = lambda _: None) -> Webhooks:
    """Let the database hang by a lock and by a stop, and send to every door meanwhile.

    Args:
        home: a folder where no office is.
        messages_a_door: for each of the two faults.
        told: called with a sentence now and then.
    """
    spool = Spool(home / "inbox")
    with open_office(home) as office:
        codes = iter(office.tickets_with_bills(2 * messages_a_door + 1, 500_000))
        office.serve()
        office.take_mail()
        seen = _Seen()
        # The first call of a process is slower than any other, whatever the database does.
        asyncio.run(_send_all(office, messages(1, codes), _Seen(), seen.sent))
        _drained(spool)
        with _locked(office.database, home):
            asyncio.run(_storm(office, messages(messages_a_door, codes), seen))
            kept_locked = len(list(spool.waiting()))
            told(f"the tables are locked: {kept_locked} messages lie on the disk")
        _drained(spool)
        with _stopped(home):
            asyncio.run(_storm(office, messages(messages_a_door, codes), seen))
            office.kill()
            kept_killed = len(list(spool.waiting()))
            told(f"PostgreSQL is stopped and the office killed: {kept_killed} messages lie on the disk")
        office.serve()
        _drained(spool)
        # The senders have no patience: each message comes again.
        asyncio.run(_send_all(office, list(seen.sent), _Seen(), []))
        left = _drained(spool)
        lost, doubled = _examine(office.database, seen.sent)
    return Webhooks(
        messages=2 * messages_a_door * len(DOORS),
        answered=seen.answered,
        p95_ms={door: percentile_ms(took) for door, took in seen.took_s.items()},
        slowest_ms={door: percentile_ms(took, 1.0) for door, took in seen.took_s.items()},
        forged=dict(seen.forged),
        pages=seen.pages,
        kept=(kept_locked, kept_killed),
        left=left,
        lost=lost,
        doubled=doubled,
    )


@contextmanager
def _locked(database: Database, home: Path) -> Iterator[None]:
    """Hold the tables, as their owner, so that everybody who reads or writes them waits."""
    url = database.engine.url.set(
        drivername="postgresql", username=OWNER_ROLE, password=kept_secret(home / "database-owner.key")
    )
    with psycopg.connect(url.render_as_string(hide_password=False)) as holder:
        holder.execute("LOCK TABLE inbox, cases, events, tree_heads, bank_payments IN ACCESS EXCLUSIVE MODE")
        yield
        holder.rollback()


@contextmanager
def _stopped(home: Path) -> Iterator[None]:
    """Stop every process of the embedded PostgreSQL, as a machine without memory or a dead disk does."""
    first = int((home / "postgres" / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    processes = [first, *map(int, children)]
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


async def _storm(office: OpenOffice, told: list[Sent], seen: _Seen) -> None:
    """Ask for pages that hang, then knock at every door."""
    async with httpx.AsyncClient(base_url=office.url, timeout=120, limits=httpx.Limits(max_connections=None)) as people:
        pages = [asyncio.create_task(people.get("/v1/audit/heads")) for _ in range(_PAGES)]
        await asyncio.sleep(0.5)
        await _send_all(office, told, seen, seen.sent)
        for status in await forged(office):
            seen.forged[status] += 1
        seen.pages += sum(not page.done() for page in pages)
        for page in pages:
            page.cancel()
        await asyncio.gather(*pages, return_exceptions=True)


async def _send_all(office: OpenOffice, told: list[Sent], seen: _Seen, sent: list[Sent]) -> None:
    """Send messages, a new one every few hundredths of a second, whether or not those before are answered."""

    async def one(message: Sent) -> None:
        began = time.monotonic()
        as_agreed = await send(office, message)
        seen.took_s[message.door].append(time.monotonic() - began)
        seen.answered += as_agreed

    tasks = []
    for message in told:
        tasks.append(asyncio.create_task(one(message)))
        await asyncio.sleep(0.05)
    await asyncio.gather(*tasks)
    sent += told


def _drained(spool: Spool) -> int:
    """Wait until nothing lies on the disk any more; what still does."""
    until = time.monotonic() + _DRAIN_LIMIT_S
    while (left := len(list(spool.waiting()))) and time.monotonic() < until:
        time.sleep(0.2)
    return left


def _examine(database: Database, sent: list[Sent]) -> tuple[int, int]:
    """Messages that are absent from the store, and cases and payments that are too many."""
    payments = sum(message.door == "bank" for message in sent)
    with database.session() as session:
        rows = session.scalar(select(func.count()).select_from(InboxRow).where(InboxRow.state == "done")) or 0
        cases = session.scalar(
            select(func.count()).select_from(CaseRow).where(CaseRow.kind == CaseKind.COMPLAINT.value)
        )
        booked = session.scalar(select(func.count()).select_from(PaymentRow))
    found = ((rows, len(sent)), (cases or 0, len(sent) - payments), (booked or 0, payments))
    return sum(max(0, want - have) for have, want in found), sum(max(0, have - want) for have, want in found[1:])
