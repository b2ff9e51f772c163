"""Codes of the roadside and of the store in the reader's language."""

from __future__ import annotations

import re

from api.store.kinds import Actor
from api.store.tables import EventRow
from api.web.messages import catalogue

# Who writes to the office is a party or the public; who answers is named.
_UNNAMED = frozenset({"owner", "citizen", "system"})
_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")


def vehicle_class(code: str, language: str) -> str:
    """`car` in words; an unknown class as it is."""
    key = f"class.{code}"
    return catalogue().text(language, key) if catalogue().has(key) else code


def condition(name: str, language: str) -> str:
    """A rule's condition: the roadside writes it in English, the catalogue translates those that it knows."""
    key = f"condition.{_NOT_IN_KEYS.sub('_', name.lower()).strip('_')}"
    return catalogue().text(language, key) if catalogue().has(key) else name


def doubt(text: str, language: str) -> str:
    """A doubt: as a condition."""
    key = f"doubt.{_NOT_IN_KEYS.sub('_', text.lower()).strip('_')}"
    return catalogue().text(language, key) if catalogue().has(key) else text


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
