"""Events and actors of the store in the reader's language."""

from __future__ import annotations

from api.store.kinds import Actor
from api.store.tables import EventRow
from api.web.messages import catalogue

# Who writes to the office is a party, the public or a camera; who answers is named.
_UNNAMED = frozenset({"owner", "citizen", "camera", "system"})


def event(row: EventRow, language: str) -> str:
    """What happened, by its type."""
    key = f"event.{row.type}"
    return catalogue().text(language, key) if catalogue().has(key) else row.type


def names(value: object, language: str) -> str | None:
    """The text of a pair of names (`{id: ..., en: ...}`) that an event carries; None when it is none."""
    text = value.get(language) or value.get("id") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def who(actor: Actor, language: str) -> str:
    """An actor by name and role."""
    key = f"role.{actor.role}"
    role = catalogue().text(language, key) if catalogue().has(key) else actor.role
    return role if actor.role in _UNNAMED else f"{actor.name} ({role})"
