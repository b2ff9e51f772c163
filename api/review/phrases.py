"""Sentences of the roadside in the reader's language: recognised by their English text, their values carried over."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from babel.dates import get_day_names

from api.web.messages import catalogue

PREFIX: Final = "phrase."
SPOKEN: Final = "en"
MAX_CHARACTERS: Final = 500
_FIELD: Final = re.compile(r"\{([a-z_]+)\}")
_NUMBER: Final = re.compile(r"-?[0-9]+\.[0-9]+")
# Signed packages say it with a code where the office itself found it; English readers get words too.
_CODES: Final = {"chain_gap": "the package before this one of the same camera has not arrived"}


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Every phrase as a pattern, those with more fixed words first."""
    found: list[tuple[int, re.Pattern[str], str]] = []
    for key, texts in catalogue().entries.items():
        text = texts[SPOKEN]
        if key.startswith(PREFIX) and isinstance(text, str):
            parts = _FIELD.split(text)
            fixed = sum(len(part) for part in parts[::2])
            pattern = "".join(
                re.escape(part) if index % 2 == 0 else f"(?P<{part}>.{{1,80}}?)" for index, part in enumerate(parts)
            )
            found.append((-fixed, re.compile(pattern, re.IGNORECASE), key))
    return tuple((pattern, key) for _, pattern, key in sorted(found, key=lambda one: one[0]))


def vehicle_class(code: str, language: str) -> str:
    """`car` in words; an unknown class as it is."""
    key = f"class.{code}"
    return catalogue().text(language, key) if catalogue().has(key) else code


def _colour(code: str, language: str) -> str:
    """`yellow`, of a plate or a signal, in words; an unknown colour as it is."""
    key = f"colour.{code}"
    return catalogue().text(language, key) if catalogue().has(key) else code


def _carried(name: str, value: str, language: str) -> str:
    if name == "vehicle_class":
        return vehicle_class(value, language)
    if name == "classes":
        return ", ".join(vehicle_class(one.strip(), language) for one in value.split(","))
    if name in {"colour", "colours", "state", "before"}:
        return ", ".join(_colour(one.strip(), language) for one in value.split(","))
    if name == "reason":
        return said(value, language)
    if name == "weekday":
        english = {day.lower(): index for index, day in get_day_names("wide", locale=SPOKEN).items()}
        index = english.get(value.lower())
        return value if index is None else str(get_day_names("wide", locale=language)[index])
    # The point in a plate's `03.24` separates month and year: it stays as it is read.
    decimal = name != "month" and language != SPOKEN and _NUMBER.fullmatch(value)
    return value.replace(".", ",") if decimal else value


def said(text: str, language: str) -> str:
    """A sentence of the roadside in a language; one that the catalogue does not know as it came.

    Example:
        >>> said("it moved by 1.4 times its own size", "id")
        'bergerak 1,4 kali ukurannya sendiri'
    """
    if len(text) > MAX_CHARACTERS:
        return text
    if language == SPOKEN:
        return _CODES.get(text, text)
    for pattern, key in _patterns():
        match = pattern.fullmatch(text)
        if match is not None:
            values = {name: _carried(name, value, language) for name, value in match.groupdict().items()}
            return catalogue().text(language, key, **values)
    return text
