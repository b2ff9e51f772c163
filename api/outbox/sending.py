"""Delivering one effect: marked, sent, marked; whatever dies in between, it is sent again under the same key."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.database import Database
from api.outbox.jobs import MAX_ATTEMPTS, defer
from api.outbox.service import locked
from api.outbox.tables import OutboxRow

_LOG = logging.getLogger("tertib.outbox")
MAX_TOLD_CHARACTERS: Final = 500


class SendingFailed(RuntimeError):  # noqa: N818 - reads as what happened
    """The other end did not take it now; trying later may help. The sentence says what happened."""


class SendingRefused(RuntimeError):  # noqa: N818 - reads as what happened
    """The other end refuses it; only a person can help. The sentence says why."""


@dataclass(frozen=True)
class Effect:
    """What a sender gets: plain values, no database.

    Attributes:
        id: of the outbox entry.
        kind: what it is.
        key: idempotency key, to be told to the other end.
        body: as written.
        attempt: 1 for the first try.
    """

    id: UUID
    kind: str
    key: str
    body: Mapping[str, Any]
    attempt: int


# Sends an effect and returns what the other end answered (a message id); raises SendingFailed or SendingRefused.
Sender = Callable[[Effect], str]
# Writes down in the case what has happened, in the transaction that marks the effect as sent or failed.
Aftermath = Callable[[Session, OutboxRow], None]
# Why an effect must not happen any more; empty when it may.
Guard = Callable[[Session, OutboxRow], str]
# Whether another effect must be over before this one, e.g. an earlier order about the same vehicle.
Turn = Callable[[Session, OutboxRow], bool]
# How long an effect waits for its turn before it asks again; no try is counted for it.
TURN: Final = timedelta(seconds=2)


@dataclass(frozen=True)
class Delivery:
    """Delivers effects.

    Attributes:
        database: the office's.
        senders: by kind.
        aftermaths: by kind; optional.
        guards: by kind; optional: says why an effect must not happen any more, just before it would.
        turns: by kind; optional: says whether an effect has to wait for another.
    """

    database: Database
    senders: Mapping[str, Sender]
    aftermaths: Mapping[str, Aftermath]
    guards: Mapping[str, Guard] = field(default_factory=dict)
    turns: Mapping[str, Turn] = field(default_factory=dict)

    def deliver(self, outbox_id: UUID) -> None:
        """Send one effect. An effect that was sent is not sent again.

        Raises:
            SendingFailed: not now; the queue calls again later.
        """
        begun = self._begin(outbox_id)
        if begun is None:
            return
        effect, why_not = begun
        if why_not:
            self._end(effect, state="failed", error=f"not sent: {why_not}")
            return
        try:
            answer = self.senders.get(effect.kind, _nobody)(effect)
        except SendingFailed as error:
            last = effect.attempt >= MAX_ATTEMPTS
            self._end(effect, state="failed" if last else "waiting", error=str(error))
            if not last:
                raise
        except SendingRefused as error:
            self._end(effect, state="failed", error=str(error))
        except Exception as error:
            # A fault of ours: told to who looks at the outbox, and not repeated blindly.
            _LOG.exception("sending %s %s failed", effect.kind, effect.id)
            self._end(effect, state="failed", error=f"{type(error).__name__}: {error}")
        else:
            self._end(effect, state="sent", answer=answer)

    def _begin(self, outbox_id: UUID) -> tuple[Effect, str] | None:
        with self.database.session() as session:
            row = locked(session, outbox_id)
            if row.state in {"sent", "failed"}:
                return None
            turn = self.turns.get(row.kind)
            if turn is not None and turn(session, row):
                defer(session, row.id, not_before=now(session) + TURN)
                return None
            row.state = "sending"
            row.attempts += 1
            row.tried_at = now(session)
            guard = self.guards.get(row.kind)
            why_not = "" if guard is None else guard(session, row)
            return Effect(row.id, row.kind, row.key, row.body, row.attempts), why_not

    def _end(self, effect: Effect, *, state: str, answer: str | None = None, error: str | None = None) -> None:
        with self.database.session() as session:
            row = locked(session, effect.id)
            row.state = state
            row.error = None if error is None else " ".join(error.split())[:MAX_TOLD_CHARACTERS]
            if state == "sent":
                row.sent_at = now(session)
                row.answer = (answer or "")[:MAX_TOLD_CHARACTERS]
            if state != "waiting" and row.kind in self.aftermaths:
                session.flush()
                self.aftermaths[row.kind](session, row)


def _nobody(effect: Effect) -> str:
    message = f"nothing here sends {effect.kind!r}: the office is not connected to that system"
    raise SendingRefused(message)
