"""How often somebody may guess: too many failed look-ups, by address or by reference, close the door for a while.

Counted in the database, so that any number of office processes share one count, and closed when the count cannot be
read: an attacker gains nothing from breaking it. A look-up that opens a ticket counts for nothing, so that an owner
who looks often is never shut out by looking.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from api.clock import now
from api.portal.tables import LookupRow
from api.problems import TooMany

WINDOW: Final = timedelta(minutes=15)
MAX_BY_CLIENT: Final = 20  # a family behind one address that mistypes is let through; a list of plates is not
MAX_BY_REFERENCE: Final = 10
KEPT_FOR: Final = timedelta(days=1)


class TooManyLookups(TooMany):
    """Too many look-ups failed from this address or for this reference.

    Attributes:
        minutes: after so many the door opens again.
    """

    code = "too-many-lookups"
    title = "Too many look-ups"

    def __init__(self) -> None:
        self.minutes = int(WINDOW.total_seconds() // 60)
        super().__init__(f"Too many look-ups failed: wait {self.minutes} minutes.", retry_after_s=60 * self.minutes)


class LookupThrottle:
    """Counts failed look-ups.

    Args:
        secret: key of the hashes; without it the table tells nobody who looked for what.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"tertib.lookup", "sha256")

    def _hash(self, label: str, value: str) -> str:
        return hmac.new(self._key, f"{label}\n{value}".encode(), hashlib.sha256).hexdigest()

    def check(self, session: Session, *, client: str, reference: str) -> None:
        """Refuse when too many look-ups failed lately.

        Raises:
            TooManyLookups: wait.
        """
        # One at a time for a reference: a burst of parallel guesses is counted, not missed.
        key = func.hashtextextended(self._hash("reference", reference), 0)
        session.execute(select(func.pg_advisory_xact_lock(key)))
        since = now(session) - WINDOW
        by_client = self._count(session, since, LookupRow.client == self._hash("client", client))
        by_reference = self._count(session, since, LookupRow.reference == self._hash("reference", reference))
        if by_client >= MAX_BY_CLIENT or by_reference >= MAX_BY_REFERENCE:
            raise TooManyLookups

    @staticmethod
    def _count(session: Session, since: datetime, condition: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(LookupRow).where(condition, LookupRow.at > since)
        return session.execute(query).scalar_one()

    def record_failure(self, session: Session, *, client: str, reference: str) -> None:
        """Count one failed look-up; the same work whatever the reason it failed for. Old counts leave on the way."""
        moment = now(session)
        session.add(
            LookupRow(client=self._hash("client", client), reference=self._hash("reference", reference), at=moment)
        )
        session.execute(delete(LookupRow).where(LookupRow.at < moment - KEPT_FOR))
        session.flush()
