"""The clock of the office: time inside a transaction comes from the database, so that several workers agree on it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from api.plain_sql import ask


class Clock(Protocol):
    """Where a service takes the time from.

    Attributes:
        offset: how far it is ahead of the database's clock.
    """

    offset: timedelta

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
        moment: datetime = ask(session, "SELECT clock_timestamp()")[0][0]
        return moment.astimezone(UTC) + self.offset

    def advance(self, by: timedelta) -> None:
        """Move the clock forward by `by`."""
        self.offset += by


CLOCK_KEY = "tertib.clock"
_ONE_MOMENT = "tertib.one_moment"


def ahead_of_database(session: Session) -> timedelta:
    """How far the session's clock is ahead, for statements that ask the database for the time themselves."""
    clock: Clock | None = session.info.get(CLOCK_KEY)
    return timedelta() if clock is None else clock.offset


def read_once(session: Session) -> None:
    """Let `now` ask the clock once for all that this session reads: a page speaks of one moment, in one question."""
    session.info[_ONE_MOMENT] = None


def now(session: Session, *, fresh: bool = False) -> datetime:
    """The present by the clock that the session carries (`session.info`), else by the database.

    Args:
        session: an open session.
        fresh: ask the clock in any case, also after `read_once`: for whoever has waited for a lock.
    """
    held: datetime | None = session.info.get(_ONE_MOMENT)
    if held is not None and not fresh:
        return held
    clock: Clock = session.info.get(CLOCK_KEY) or DatabaseClock()
    moment = clock.now(session)
    if _ONE_MOMENT in session.info:
        session.info[_ONE_MOMENT] = moment
    return moment
