"""Writing effects down, in the transaction that decides them. Never commits."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.outbox.jobs import defer
from api.outbox.tables import OutboxRow
from api.problems import Conflict, NotFound

MAX_KEY_CHARACTERS = 200


class EffectNotFound(NotFound):
    """No such effect in the outbox."""

    code = "effect-not-found"
    title = "No such entry"

    def __init__(self) -> None:
        super().__init__("There is no such entry in the outbox.")


class NotFailed(Conflict):
    """Only what has failed is sent again by hand."""

    code = "not-failed"
    title = "This has not failed"

    def __init__(self, state: str) -> None:
        super().__init__(f"This entry is {state}; only an entry that failed can be sent again.", state=state)


def send_out(
    session: Session,
    *,
    kind: str,
    key: str,
    body: Mapping[str, Any],
    case_id: UUID | None = None,
    not_before: datetime | None = None,
) -> OutboxRow:
    """Decide an effect on the outside: it is sent after this transaction is committed, and not at all when it is not.

    Args:
        session: an open transaction.
        kind: what sends it (`email`, `whatsapp`, `letter`, `register_block`, ...).
        key: idempotency key; the same key a second time is the same effect, and the first one's body counts.
        body: JSON values that the sender needs.
        case_id: the case that it belongs to.
        not_before: aware time; None: at once. A decision that may still be undone has no effect outside yet.

    Raises:
        ValueError: the key is empty or too long.
    """
    if not 0 < len(key) <= MAX_KEY_CHARACTERS:
        message = f"an idempotency key has 1 to {MAX_KEY_CHARACTERS} characters"
        raise ValueError(message)
    values = {"kind": kind, "key": key, "case_id": case_id, "body": dict(body), "created_at": now(session)}
    made = session.scalar(insert(OutboxRow).values(values).on_conflict_do_nothing().returning(OutboxRow.id))
    row = session.scalars(select(OutboxRow).where(OutboxRow.key == key)).one()
    if made is not None:
        defer(session, row.id, not_before=not_before)
    return row


def send_again(session: Session, outbox_id: UUID) -> OutboxRow:
    """Let an effect that failed for good be tried anew.

    Raises:
        EffectNotFound: there is none with this id.
        NotFailed: it has not failed.
    """
    row = locked(session, outbox_id)
    if row.state != "failed":
        raise NotFailed(row.state)
    row.state, row.attempts = "waiting", 0
    defer(session, row.id)
    session.flush()
    return row


def locked(session: Session, outbox_id: UUID) -> OutboxRow:
    """An effect, locked until the transaction ends.

    Raises:
        EffectNotFound: there is none with this id.
    """
    query = select(OutboxRow).where(OutboxRow.id == outbox_id).with_for_update()
    row = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise EffectNotFound
    return row
