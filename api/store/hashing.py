"""The exact bytes of an event, and its place in the chain of its case."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from api.store.errors import BodyRefused
from api.store.kinds import Actor, Audience

MAX_BODY_BYTES = 256 * 1024
# Made once: every event of every case goes through it, when it is written and at each audit.
_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(body: dict[str, Any]) -> str:
    """Sorted keys, no spaces, UTF-8 text: one body has one text.

    Args:
        body: JSON values only.

    Raises:
        BodyRefused: not JSON, a NUL character or half a surrogate pair in a text, NaN, or larger than `MAX_BODY_BYTES`.
    """
    try:
        text = _CANONICAL(body)
        size = len(text.encode("utf-8"))
    except (TypeError, ValueError) as error:
        raise BodyRefused(f"The content is not plain JSON: {error}.") from error
    if "\\u0000" in text:
        # PostgreSQL's text and jsonb hold no NUL; nobody types one.
        raise BodyRefused("The content holds a NUL character: remove it.")
    if size > MAX_BODY_BYTES:
        raise BodyRefused(f"The content has {size} bytes; at most {MAX_BODY_BYTES} are stored: shorten it.")
    return text


def iso_utc(moment: datetime) -> str:
    """ISO 8601 UTC with microseconds, `2026-11-24T03:00:00.000000Z`."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def event_sha256(
    *,
    case_id: UUID,
    number: int,
    at: datetime,
    event_type: str,
    actor: Actor,
    audience: Audience,
    body: str,
    previous_sha256: str | None,
) -> str:
    """SHA-256 (hex) over the header as canonical JSON, a line feed, and the body's exact bytes."""
    header = canonical_json(
        {
            "actor": {"id": actor.id, "name": actor.name, "role": actor.role},
            "at": iso_utc(at),
            "audience": audience.value,
            "case_id": str(case_id),
            "number": number,
            "previous_sha256": previous_sha256,
            "type": event_type,
        }
    )
    return hashlib.sha256(header.encode() + b"\n" + body.encode()).hexdigest()
