"""Dahua ITSAPI (experimental), ONVIF metadata, and JSON in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from pipeline.events.hikvision import local, text, xml_of
from pipeline.events.reading import EventRefused, Picture, PlateEvent, instant, plate_text, share

_TIME_KEYS: Final = ("time", "datetime", "timestamp", "captured_at", "capture_timestamp")
_PLATE_KEYS: Final = ("plate", "plateUTF8", "plateText", "license_plate", "PlateNumber")
_CONFIDENCE_KEYS: Final = ("confidence", "plateConfidence", "score")


def json_of(data: bytes) -> Mapping[str, Any]:
    """A JSON object from outside.

    Raises:
        EventRefused: It is cut off, or none.
    """
    try:
        value = json.loads(data.strip(b"\x00\r\n\t "))
    except (ValueError, RecursionError) as error:
        brace = data.strip().startswith(b"{") and not data.strip().endswith(b"}")
        raise EventRefused("cut_off" if brace else "not_json", f"the event is no whole JSON: {error}") from None
    if not isinstance(value, dict):
        raise EventRefused("foreign", "the JSON is no object")
    return value


def read_dahua(told: Mapping[str, Any], pictures: Sequence[Picture], zone: tzinfo) -> PlateEvent:
    """A push of Dahua's ITSAPI: `Picture.Plate` and `SnapInfo`, or `TrafficCar` and `Object` of a junction event.

    Raises:
        EventRefused: It is a sign of life or says nothing of a vehicle.
    """
    picture, car, thing = (_part(told, key) for key in ("Picture", "TrafficCar", "Object"))
    if not picture and not car:
        raise EventRefused("not_a_reading", "the message is a sign of life or a description, not a reading")
    plate, snap = _part(picture, "Plate"), _part(picture, "SnapInfo")
    number = plate.get("PlateNumber") or car.get("PlateNumber") or thing.get("Text")
    # The plate's confidence sits in Object; Vehicle.Confidence is that of the vehicle.
    confidence = plate.get("Confidence", thing.get("Confidence"))
    when = snap.get("AccurateTime") or snap.get("SnapTime") or told.get("Time")
    captured_at, has_zone = instant(_word(when), zone, needed=bool(picture))
    read = plate_text(_word(number))
    doubts = ["the vendor's interface is supported as an experiment"]
    doubts += [] if read else ["the camera read no plate"]
    doubts += [] if captured_at else ["the camera told no time"]
    return PlateEvent(
        vendor="dahua",
        kind=_word(told.get("Code")) or "TollgateInfo",
        plate=read,
        confidence=share(confidence, 100.0),
        captured_at=captured_at,
        clock_has_zone=has_zone,
        device=_word(snap.get("DeviceID")) or _word(told.get("DeviceID")) or "",
        direction="approaching" if snap.get("Direction") == "Obverse" else None,
        pictures=tuple(pictures),
        doubts=tuple(doubts),
    )


def read_onvif(data: bytes, zone: tzinfo) -> PlateEvent:
    """A `MetadataStream` (ONVIF analytics service): the first object that has a `LicensePlateInfo`.

    Raises:
        EventRefused: It is damaged, or holds none.
    """
    root = xml_of(data)
    if local(root) != "MetadataStream":
        raise EventRefused("foreign", f"the XML is a {local(root)[:40]}, not a MetadataStream")
    for frame in root.iter():
        if local(frame) != "Frame":
            continue
        for info in frame.iter():
            if local(info) != "LicensePlateInfo":
                continue
            captured_at, has_zone = instant(frame.get("UtcTime"), zone)
            read = plate_text(text(info, "PlateNumber"))
            holder = next((one for one in frame.iter() if info in list(one.iter()) and local(one) == "Object"), None)
            return PlateEvent(
                vendor="onvif",
                kind="LicensePlateInfo",
                plate=read,
                confidence=share(text(info, "Likelihood"), 1.0),
                captured_at=captured_at,
                clock_has_zone=has_zone,
                device="",
                event_id=holder.get("ObjectId") if holder is not None else None,
                doubts=() if read else ("the camera read no plate",),
            )
    raise EventRefused("not_a_reading", "the metadata hold no licence plate")


def read_generic(told: Mapping[str, Any], pictures: Sequence[Picture], zone: tzinfo) -> PlateEvent:
    """JSON in plain words, e.g. `{"plate": "H1234AB", "time": "2026-03-02T07:15:00+07:00", "confidence": 0.9}`.

    Raises:
        EventRefused: It has no key for a plate, or no time.
    """
    key = next((key for key in _PLATE_KEYS if key in told), None)
    if key is None:
        raise EventRefused("not_a_reading", f"the JSON has none of the keys {', '.join(_PLATE_KEYS)}")
    moment: datetime | None
    when = next((told[name] for name in _TIME_KEYS if told.get(name) not in (None, "")), None)
    epoch = told.get("capture_timestamp") or (when if isinstance(when, int | float) else None)
    if epoch is not None:
        moment, has_zone = _epoch(epoch), True
    else:
        moment, has_zone = instant(_word(when), zone)
    read = plate_text(_word(told[key]))
    confidence = next((told[name] for name in _CONFIDENCE_KEYS if name in told), None)
    whole = 100.0 if isinstance(confidence, int) and confidence > 1 else 1.0
    info = _part(told, "camera_info")
    return PlateEvent(
        vendor="generic",
        kind=_word(told.get("kind")) or "plate",
        plate=read,
        confidence=share(confidence, whole),
        captured_at=moment,
        clock_has_zone=has_zone,
        device=_word(told.get("camera")) or _word(info.get("SerialNumber")) or "",
        event_id=_word(told.get("id") or told.get("carID")),
        pictures=tuple(pictures),
        doubts=() if read else ("the camera read no plate",),
    )


def is_dahua(told: Mapping[str, Any]) -> bool:
    """Whether a JSON object speaks Dahua's words."""
    words = ("Picture", "TrafficCar", "DeviceName", "Active")
    return any(key in told for key in words) and "plate" not in told


def _epoch(raw: object) -> datetime:
    try:
        value = float(str(raw))
        return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        raise EventRefused("bad_time", f"the time {str(raw)[:40]!r} is none") from None


def _part(told: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = told.get(key)
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    return str(value)[:200] if isinstance(value, str | int | float) and not isinstance(value, bool) else None
