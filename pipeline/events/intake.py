"""The door for pushed events: which vendor's words a body is, and what it says."""

from __future__ import annotations

from datetime import tzinfo

from pipeline.events.hikvision import ROOT, local, read_hikvision, xml_of
from pipeline.events.multipart import Part, parts_of
from pipeline.events.others import is_dahua, json_of, read_dahua, read_generic, read_onvif
from pipeline.events.reading import MAX_BODY_BYTES, EventRefused, Picture, PlateEvent

_JPEG = b"\xff\xd8\xff"
_JPEG_END = b"\xff\xd9"


def read_event(body: bytes, content_type: str, *, zone: tzinfo) -> PlateEvent:
    """What a camera pushed.

    Args:
        body: As it came.
        content_type: Of the request; cameras are often wrong about it, so the body has the last word.
        zone: The camera's time zone, for times without an offset.

    Raises:
        EventRefused: It is damaged or no reading; `damage` says how.
    """
    if not body.strip():
        raise EventRefused("empty", "the body is empty")
    if len(body) > MAX_BODY_BYTES:
        raise EventRefused("too_large", f"the body has {len(body)} bytes, at most {MAX_BODY_BYTES} are read")
    start = body.lstrip(b"\xef\xbb\xbf\r\n\t ")
    if "multipart" in content_type.lower() or start.startswith(b"--"):
        return _from_parts(*parts_of(body, content_type), zone=zone)
    return _single(start, (), zone, ())


def _from_parts(parts: list[Part], unclosed: bool, *, zone: tzinfo) -> PlateEvent:
    doubts: list[str] = []
    pictures: list[Picture] = []
    words: Part | None = None
    for part in parts:
        if part.data.startswith(_JPEG):
            if not part.data.rstrip(b"\0\r\n").endswith(_JPEG_END):
                doubts.append(f"the picture {part.name or len(pictures) + 1} is cut off and was left out")
                continue
            pictures.append(Picture(part.name, part.data))
        elif words is None and part.data.lstrip(b"\xef\xbb\xbf\r\n\t ")[:1] in {b"<", b"{"}:
            words = part
        if part.length_lies:
            doubts.append(f"the length of the part {part.name or part.media_type} lies: it was read by its boundaries")
    if words is None:
        raise EventRefused("no_event_part", "none of the parts is an event, only pictures or nothing came")
    if unclosed:
        doubts.append("the closing boundary is missing: the last picture may have been lost")
    return _single(words.data.lstrip(b"\xef\xbb\xbf\r\n\t "), tuple(pictures), zone, tuple(doubts))


def _single(data: bytes, pictures: tuple[Picture, ...], zone: tzinfo, doubts: tuple[str, ...]) -> PlateEvent:
    if data.startswith(b"{"):
        told = json_of(data)
        return read_dahua(told, pictures, zone) if is_dahua(told) else read_generic(told, pictures, zone)
    if not data.startswith(b"<"):
        raise EventRefused("foreign", "the body is neither XML nor JSON")
    name = local(xml_of(data))
    if name == ROOT:
        return read_hikvision(data, pictures, zone, doubts)
    if name == "MetadataStream":
        return read_onvif(data, zone)
    raise EventRefused("foreign", f"the XML is a {name[:40]}, which no vendor here speaks")
