"""Measured values as an officer reads them: a name in words, the value, and the unit that its key carries."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from api.web.figures import moment, number, percent
from api.web.messages import catalogue
from pipeline.evidence.manifest import Measure

# Ending of a key -> unit beside the value. The longest ending that fits counts.
UNITS: Final = {
    "_kmh": "km/h",
    "_m_per_s": "m/s",
    "_ms": "ms",
    "_s": "s",
    "_m": "m",
    "_px": "px",
    "_degrees": "°",
    "_vehicle_sizes": "",
}
_SHARE: Final = "_share"
_ISO: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})")


def _ending(key: str) -> str | None:
    return max((end for end in (*UNITS, _SHARE) if key.endswith(end)), key=len, default=None)


def label(key: str, language: str) -> str:
    """The measured thing by name; a key that the catalogue does not hold is spelt out."""
    named = f"measured.{key}"
    if catalogue().has(named):
        return catalogue().text(language, named)
    ending = _ending(key)
    plain = key.removesuffix(ending) if ending else key
    words = re.sub(r"[._-]+", " ", plain).strip() or key
    return words[:1].upper() + words[1:]


def value(key: str, measured: Measure, language: str) -> str:
    """A value with its unit: `2,4 s`, `93 %`; a dash when it was not measured."""
    if measured is None:
        return "\u2013"
    if isinstance(measured, bool):
        return catalogue().text(language, "measured.yes" if measured else "measured.no")
    if isinstance(measured, str):
        return _instant(measured, language)
    ending = _ending(key)
    if ending == _SHARE:
        return percent(float(measured), language)
    unit = UNITS.get(ending or "", "")
    between = "" if unit in {"", "°"} else "\u00a0"
    return f"{number(measured, language)}{between}{unit}"


def _instant(text: str, language: str) -> str:
    """A time of the roadside (ISO 8601 with its offset) as people read it; any other text as it is."""
    if not _ISO.fullmatch(text):
        return text
    try:
        return moment(datetime.fromisoformat(text), language, seconds=True)
    except ValueError:
        return text


def rows(measured: dict[str, Measure], language: str) -> tuple[tuple[str, str], ...]:
    """All measured values of a package, in the order of the manifest."""
    return tuple((label(key, language), value(key, one, language)) for key, one in measured.items())
