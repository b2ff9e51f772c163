"""What a pushed event says, in one shape for all vendors; and how a body that says nothing is refused."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Literal

MAX_BODY_BYTES: Final = 20_000_000
MAX_TEXT: Final = 64
Vendor = Literal["hikvision", "dahua", "onvif", "generic", "handheld"]
NO_PLATE_WORDS: Final = frozenset({"", "unknown", "noplate", "no plate", "none", "null", "-", "車牌", "无车牌"})

Damage = Literal[
    "empty", "too_large", "not_multipart", "cut_off", "no_event_part", "not_xml", "not_json", "foreign",
    "not_a_reading", "no_time", "bad_time", "bad_value", "forbidden_xml", "no_picture", "no_length",
]  # fmt: skip


class EventRefused(ValueError):  # noqa: N818 - reads as what happened
    """A body that is no event; `damage` tells the variants apart, the sentence says what was wrong and where.

    Args:
        damage: Which kind.
        why: One sentence.
    """

    def __init__(self, damage: Damage, why: str) -> None:
        super().__init__(why)
        self.damage: Damage = damage


@dataclass(frozen=True)
class Picture:
    """A picture that came with an event.

    Attributes:
        name: As the vendor names it.
        data: The file.
    """

    name: str
    data: bytes


@dataclass(frozen=True)
class PlateEvent:
    """A vehicle that a camera saw.

    Attributes:
        vendor: Whose words it was.
        kind: The vendor's name of the event.
        plate: As the camera read it; None when the event has none.
        confidence: 0..1; None when the camera does not say.
        captured_at: By the camera's clock, aware; None only where the vendor sends no time.
        clock_has_zone: Whether the camera said its offset; without, the box's zone was taken.
        device: Name of the device, as it calls itself.
        direction: `approaching`, `leaving` or None.
        plate_box: x1, y1, x2, y2 in pixels; None when it is not told.
        event_id: The vendor's id, against doubles.
        pictures: Those that came with it.
        doubts: What is odd about it, a sentence each.
    """

    vendor: Vendor
    kind: str
    plate: str | None
    confidence: float | None
    captured_at: datetime | None
    clock_has_zone: bool
    device: str
    direction: Literal["approaching", "leaving"] | None = None
    plate_box: tuple[float, float, float, float] | None = None
    event_id: str | None = None
    pictures: tuple[Picture, ...] = ()
    doubts: tuple[str, ...] = ()


def plate_text(raw: str | None) -> str | None:
    """A plate as cameras write it: trimmed, upper case, without separators; None for the words that mean none.

    Letters of other scripts stay: a foreign plate is a fact, not an error.
    """
    text = unicodedata.normalize("NFKC", raw or "").strip()
    if text.lower() in NO_PLATE_WORDS:
        return None
    kept = "".join(c for c in text.upper() if c.isalnum() or unicodedata.category(c).startswith("M"))
    return kept[:MAX_TEXT] or None


def share(raw: object, whole: float) -> float | None:
    """A confidence as 0..1.

    Args:
        raw: A number, or one as text.
        whole: What counts as sure: 100 or 1.

    Raises:
        EventRefused: It is no number, or outside of its range.
    """
    if raw is None or raw == "":
        return None
    try:
        value = float(str(raw)) / whole
    except ValueError:
        raise EventRefused("bad_value", f"the confidence {str(raw)[:20]!r} is no number") from None
    if not 0 <= value <= 1:
        raise EventRefused("bad_value", f"the confidence {str(raw)[:20]} is not between 0 and {whole:g}")
    return value


def instant(raw: str | None, zone: tzinfo, *, needed: bool = True) -> tuple[datetime | None, bool]:
    """A vendor's time, aware; and whether it said its own offset.

    Args:
        raw: ISO 8601, with or without offset, `T` or a space between.
        zone: A tzinfo that is taken where it has none.
        needed: Whether its absence is an error.

    Raises:
        EventRefused: It is missing, or no time.
    """
    text = (raw or "").strip()
    if not text:
        if needed:
            raise EventRefused("no_time", "the event has no time: an offence without a time is none")
        return None, False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise EventRefused("bad_time", f"the time {text[:40]!r} is none") from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=zone), False
    return moment, True
