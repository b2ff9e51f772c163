"""How numbers, money, moments and durations look on a page, in the reader's language and the local zone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_month_names
from babel.numbers import format_decimal

DISPLAY_ZONE: Final = "Asia/Jakarta"
ZONE_LABELS: Final = {"Asia/Jakarta": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
UNITS: Final = {
    "id": {"d": "hari", "h": "jam", "m": "mnt", "s": "dtk"},
    "en": {"d": "d", "h": "h", "m": "min", "s": "s"},
}


def rupiah(amount: int) -> str:
    """`500000` -> `Rp 500.000`: the way it is written in Indonesia, in either language (non-breaking space)."""
    return f"Rp\u00a0{format_decimal(amount, locale='id')}"


def number(value: float, language: str, digits: int = 2) -> str:
    """A number with at most `digits` decimals, in the language's own separators."""
    return format_decimal(round(value, digits), locale=language)


def percent(share: float, language: str) -> str:
    """`0.934` -> `93 %`."""
    return f"{format_decimal(round(share * 100), locale=language)}\u00a0%"


def moment(at: datetime, language: str, *, seconds: bool = False, zone: str = DISPLAY_ZONE) -> str:
    """`24 Nov 2026, 17.40 WIB`. `at` must be aware.

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("a moment on a page needs a time zone; times are aware UTC inside")
    local = at.astimezone(ZoneInfo(zone))
    separator = "." if language == "id" else ":"
    clock = local.strftime(separator.join(("%H", "%M", "%S") if seconds else ("%H", "%M")))
    # A page of a queue holds a hundred moments: the months are babel's, asked for once.
    return f"{local.day} {_months(language)[local.month]} {local.year}, {clock}\u00a0{ZONE_LABELS.get(zone, zone)}"


@lru_cache(maxsize=8)
def _months(language: str) -> dict[int, str]:
    return {number: str(name) for number, name in get_month_names("abbreviated", locale=language).items()}


def time_of_day(at: datetime, language: str, *, zone: str = DISPLAY_ZONE) -> str:
    """`17.40`, for moments of today."""
    return format_datetime(at.astimezone(ZoneInfo(zone)), "HH.mm" if language == "id" else "HH:mm", locale=language)


def day(at: datetime | date, language: str, *, zone: str = DISPLAY_ZONE) -> str:
    """`24 November 2026`."""
    local = at.astimezone(ZoneInfo(zone)).date() if isinstance(at, datetime) else at
    return format_date(local, "d MMMM y", locale=language)


def duration(length: timedelta, language: str) -> str:
    """The two largest units of a length of time: `2 h 3 min`, `45 s`; the sign is dropped."""
    total_s = int(abs(length.total_seconds()))
    parts = [("d", total_s // 86400), ("h", total_s // 3600 % 24), ("m", total_s // 60 % 60), ("s", total_s % 60)]
    first = next((index for index, (_, amount) in enumerate(parts) if amount), len(parts) - 1)
    shown = [part for part in parts[first : first + 2] if part[1]] or [parts[-1]]
    return " ".join(f"{amount}\u00a0{UNITS[language][unit]}" for unit, amount in shown)
