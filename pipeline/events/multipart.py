"""Parts of a multipart body, read by its boundaries: the lengths that cameras write are often wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipeline.events.reading import EventRefused

MOST_PARTS: Final = 32
_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)"?', re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """One part.

    Attributes:
        name: File name or field name; empty when it has none.
        media_type: In lower case.
        data: Contents.
        length_lies: Whether its Content-Length says something else.
    """

    name: str
    media_type: str
    data: bytes
    length_lies: bool


def parts_of(body: bytes, content_type: str) -> tuple[list[Part], bool]:
    """The parts, and whether the closing boundary is missing.

    A header without a boundary, or with one that the body does not use (some cameras write the bare word `boundary`),
    is no fault as long as the body begins with one.

    Raises:
        EventRefused: There is no boundary in it.
    """
    told = _BOUNDARY.search(content_type)
    mark = b"--" + told.group(1).encode("latin-1", "replace") if told else b""
    if not mark or mark not in body:
        first = body.lstrip(b"\r\n").split(b"\n", 1)[0].rstrip(b"\r")
        if not first.startswith(b"--") or len(first) < 3:
            raise EventRefused("not_multipart", "the body should have several parts, but no boundary is found in it")
        mark = first
    pieces = body.split(mark)[1:]
    closed = any(piece.startswith(b"--") for piece in pieces)
    parts = [_part(piece) for piece in pieces[:MOST_PARTS] if not piece.startswith(b"--")]
    return [part for part in parts if part is not None], not closed


def _part(piece: bytes) -> Part | None:
    head, gap, data = piece.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not gap:
        head, gap, data = piece.lstrip(b"\n").partition(b"\n\n")
    if not gap:
        return None
    headers: dict[str, str] = {}
    for line in head.decode("latin-1").splitlines():
        key, _, value = line.partition(":")
        headers[key.strip().lower()] = value.strip()
    data = data.removesuffix(b"\r\n")
    length = headers.get("content-length", "")
    name = re.search(r'filename="?([^";]+)"?', headers.get("content-disposition", "")) or re.search(
        r'name="?([^";]+)"?', headers.get("content-disposition", "")
    )
    return Part(
        name.group(1)[:100] if name else "",
        headers.get("content-type", "").partition(";")[0].strip().lower(),
        data,
        bool(length) and length != str(len(data)),
    )
