"""One listener a process, any number of followers: which cases moved is asked once a second and told to all who wait.

The database is asked by the events' own number, which costs the same however large the store is; nothing is asked while
nobody follows. Numbers are given before a transaction commits, so that a later one may show first: the last few hundred
are looked at again, and each is told once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from api.database import Database
from api.store.tables import EventRow

_LOG = logging.getLogger("tertib.live")
PAUSE_S: Final = 1.0
OVERLAP: Final = 500
MOST_AT_ONCE: Final = 5_000

Newer = Callable[[int], list[tuple[int, UUID]]]
"""Gives number and case of the events after a number, oldest first."""


def newer_events(database: Database) -> Newer:
    """Asks the store."""

    def ask(after: int) -> list[tuple[int, UUID]]:
        with database.session() as session:
            if after < 0:
                return [(session.scalar(select(func.max(EventRow.id))) or 0, UUID(int=0))]
            query = select(EventRow.id, EventRow.case_id).where(EventRow.id > after).order_by(EventRow.id)
            return [(row.id, row.case_id) for row in session.execute(query.limit(MOST_AT_ONCE))]

    return ask


class Hub:
    """Tells followers that their case moved.

    Args:
        newer: gives the events after a number; called in a thread.
        pause_s: between two questions.
    """

    def __init__(self, newer: Newer, *, pause_s: float = PAUSE_S) -> None:
        self._newer, self._pause_s = newer, pause_s
        self._followers: dict[UUID, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None
        self._told: OrderedDict[int, None] = OrderedDict()
        self._highest = -1

    @property
    def followers(self) -> int:
        """How many follow now."""
        return sum(len(waiting) for waiting in self._followers.values())

    @asynccontextmanager
    async def following(self, case_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the case moved; the follower clears it before it reads."""
        moved = asyncio.Event()
        self._followers.setdefault(case_id, set()).add(moved)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._listen())
        try:
            yield moved
        finally:
            self._followers[case_id].discard(moved)
            if not self._followers[case_id]:
                del self._followers[case_id]
            if not self._followers and self._task is not None:
                self._task.cancel()
                with suppress(asyncio.CancelledError):
                    await self._task
                self._task = None

    async def _listen(self) -> None:
        self._highest, self._told = -1, OrderedDict()
        while True:
            try:
                after = max(self._highest - OVERLAP, 0) if self._highest >= 0 else -1
                for number, case_id in await asyncio.to_thread(self._newer, after):
                    self._tell(number, case_id)
            except SQLAlchemyError:  # a database that is away comes back; followers read anew when it does
                _LOG.warning("the store cannot be followed now; trying again")
            await asyncio.sleep(self._pause_s)

    def _tell(self, number: int, case_id: UUID) -> None:
        if number in self._told:
            return
        self._told[number] = None
        while len(self._told) > 4 * OVERLAP:
            self._told.popitem(last=False)
        self._highest = max(self._highest, number)
        for moved in self._followers.get(case_id, ()):
            moved.set()
