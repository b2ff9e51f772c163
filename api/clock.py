"""The clock of the office: time inside a transaction comes from the database, so that several workers agree on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session


class Clock(Protocol):
    """Where a service takes the time from."""

    def now(self, session: Session) -> datetime:
        """The present, timezone-aware UTC with microseconds."""
        ...


class DatabaseClock:
    """The database's wall clock, moved by `offset` (zero in production; tests and rehearsals move it).

    Attributes:
        offset: added to the database's time.
    """

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def now(self, session: Session) -> datetime:
        """The database's `clock_timestamp()`: real time also while a long transaction waits for a lock."""
        moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return moment.astimezone(UTC) + self.offset

    def advance(self, by: timedelta) -> None:
        """Move the clock forward by `by`."""
        self.offset += by


CLOCK_KEY = "tertib.clock"


def now(session: Session) -> datetime:
    """The present by the clock that the session carries (`session.info`), else by the database."""
    clock: Clock = session.info.get(CLOCK_KEY) or DatabaseClock()
    return clock.now(session)
