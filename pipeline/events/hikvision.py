"""Hikvision ISAPI: `EventNotificationAlert` in XML, alone or with pictures in a multipart body.

Two namespaces exist (hikvision.com and isapi.org, besides psialliance.org and none at all), the XML declaration may be
missing, and an event may come without a plate: names are compared without namespace.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Final, Literal
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

from pipeline.events.reading import EventRefused, Picture, PlateEvent, instant, plate_text, share

_DIRECTIONS: Final[dict[str, Literal["approaching", "leaving"]]] = {"forward": "approaching", "reverse": "leaving"}
ROOT: Final = "EventNotificationAlert"


def xml_of(data: bytes) -> Element:
    """The root of an XML document that comes from outside.

    Raises:
        EventRefused: It is cut off, is none, or holds entities (which nothing needs that is honest).
    """
    try:
        root: Element = fromstring(data.strip(b"\x00\r\n\t "), forbid_dtd=True)
    except DefusedXmlException:
        raise EventRefused("forbidden_xml", "the XML declares entities or a document type: it is not read") from None
    except (ParseError, ValueError, LookupError) as error:
        cut = "no element found" in str(error) or "unclosed" in str(error)
        if cut and data.strip():
            raise EventRefused("cut_off", f"the XML is cut off: {error}") from None
        raise EventRefused("not_xml", f"the event is no XML: {error}") from None
    return root


def read_hikvision(data: bytes, pictures: Sequence[Picture], zone: tzinfo, doubts: Sequence[str] = ()) -> PlateEvent:
    """One alert.

    Raises:
        EventRefused: It is damaged, or not about a vehicle.
    """
    root = xml_of(data)
    if local(root) != ROOT:
        raise EventRefused("foreign", f"the XML is a {local(root)[:40]}, not an {ROOT}")
    kind = text(root, "eventType") or ""
    anpr = child(root, "ANPR")
    if anpr is None:
        raise EventRefused(
            "not_a_reading", f"the event is {kind[:40] or 'of no kind'!r}, which tells nothing of a plate"
        )
    captured_at, has_zone = instant(text(root, "dateTime"), zone)
    plate = plate_text(text(anpr, "licensePlate") or text(anpr, "originalLicensePlate"))
    told = list(doubts)
    if plate is None:
        told.append("the camera read no plate")
    if (text(root, "isDataRetransmission") or "").lower() == "true":
        told.append("the camera sends it again, after it could not at first")
    return PlateEvent(
        vendor="hikvision",
        kind=kind,
        plate=plate,
        confidence=share(text(anpr, "confidenceLevel"), 100.0),
        captured_at=captured_at,
        clock_has_zone=has_zone,
        device=text(root, "deviceUUID") or text(root, "macAddress") or text(root, "ipAddress") or "",
        direction=_DIRECTIONS.get((text(anpr, "direction") or "").lower()),
        plate_box=_box(anpr),
        event_id=text(root, "UUID"),
        pictures=tuple(pictures),
        doubts=tuple(told),
    )


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def child(element: Element, name: str) -> Element | None:
    """The first child of that name."""
    return next((one for one in element if local(one) == name), None)


def text(element: Element, name: str) -> str | None:
    """The first child's text; None when it is absent or empty."""
    found = child(element, name)
    return (found.text or "").strip()[:200] or None if found is not None else None


def _box(anpr: Element) -> tuple[float, float, float, float] | None:
    for element in anpr.iter():
        if local(element) != "plateRect":
            continue
        values = [text(element, name) for name in ("X", "Y", "width", "height")]
        try:
            x, y, width, height = (float(value or "") for value in values)
        except ValueError:
            return None
        return (x, y, x + width, y + height) if width > 0 and height > 0 else None
    return None
