"""Calls that were refused, counted by source and day: a forger who tries shows, and fills no table by trying."""

from __future__ import annotations

from collections import Counter
from threading import Lock
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.channels.tables import RefusedRow
from api.clock import now
from api.jurisdiction.loading import jurisdictions_of

MAX_SOURCES: Final = 50


class Refusals:
    """Counted in memory, so that a refusal never waits for the database; written down by the worker's rounds."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def count(self, source: str) -> None:
        """One more."""
        with self._lock:
            if source in self._counts or len(self._counts) < MAX_SOURCES:
                self._counts[source] += 1

    def write(self, session: Session) -> int:
        """Write down what was counted since; how many. In this session's transaction."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        day = jurisdictions_of(session).first.local_day(now(session))
        for source, number in counts.items():
            row = insert(RefusedRow).values(source=source, day=day, count=number)
            session.execute(
                row.on_conflict_do_update(
                    index_elements=["source", "day"], set_={"count": RefusedRow.count + row.excluded["count"]}
                )
            )
        return sum(counts.values())


# One for the process, as its doors are.
REFUSALS: Final = Refusals()


def refused_by_source(session: Session, days: int = 30) -> dict[str, int]:
    """How many calls each source had refused in the last days."""
    since = func.current_date() - days
    query = select(RefusedRow.source, func.sum(RefusedRow.count)).where(RefusedRow.day >= since)
    return {source: int(count) for source, count in session.execute(query.group_by(RefusedRow.source))}
