"""The one door for files that people send, by web, mail, WhatsApp, social media or Open311.

A file is known by its bytes, never by its name. A photo (JPEG, PNG, WebP) is decoded and drawn anew in a process of its
own (`redraw`): position, device and owner do not get through, nor does anything that hides behind a picture. A file
that is two things at once is refused. A PDF is accepted, since sale and assignment letters come so: whole, without
scripts and without files inside; the position of photos inside is blanked, unless the PDF is signed: then it is
refused, since blanking would break the signature. What was sent is not kept: only what is left of it, and its hash.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

from api.attachments.redraw import REFUSED

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_FILES: Final = 5  # of one form
MAX_PIXELS: Final = 50_000_000
MAX_SIDE_PX: Final = 2560  # a sale letter photographed at this size can be read to its small print
JPEG_QUALITY: Final = 85
MAX_NAME_CHARACTERS: Final = 80
PATIENCE_S: Final = 20.0
_JPEG: Final = b"\xff\xd8\xff"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PDF_MAGIC: Final = b"%PDF-"
_PDF_TAIL_BYTES: Final = 2048
_REDRAW: Final = Path(__file__).with_name("redraw.py")
# So many photos are drawn at once, whatever arrives: each may take a good part of a gigabyte.
_AT_ONCE: Final = BoundedSemaphore(2)
# A page or a script inside a picture, or an archive behind it. Each mark is long enough not to occur by chance.
_MARKUP: Final = re.compile(rb"<script[\s>]|<!doctype\s+html|<html[\s>]|<\?php|<svg[\s>]", re.IGNORECASE)
_ARCHIVE_END: Final = b"PK\x05\x06"
_ARCHIVE_END_BYTES: Final = 22
_ARCHIVE_LOOK_BYTES: Final = 70_000
# What a PDF may not hold: scripts, programs to start, files inside, other documents (ISO 32000-1, 12.6 and 7.11).
_PDF_ACTIVE: Final = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA|SubmitForm)\b")
_PDF_SIGNED: Final = b"/ByteRange"
# An APP1 segment with Exif inside a JPEG stream (Exif 2.32, 4.7.2).
_EXIF: Final = re.compile(rb"\xff\xe1(..)Exif\x00\x00", re.DOTALL)


class AttachmentTooLargeError(ValueError):
    """More than 5 MB: send a smaller one."""


class AttachmentUnreadableError(ValueError):
    """Neither a photo that can be decoded nor a harmless PDF: choose another file."""


@dataclass(frozen=True)
class Attachment:
    """A file that may be kept.

    Attributes:
        name: shown to people; letters, digits, dots, dashes only.
        media_type: `image/jpeg` or `application/pdf`.
        data: the bytes that are kept.
        sha256: of `data`, hex.
        original_sha256: of what was sent, hex: its sender can prove that it is the same.
    """

    name: str
    media_type: str
    data: bytes
    sha256: str
    original_sha256: str


def accept_attachment(name: str, data: bytes) -> Attachment:
    """Check and clean one file.

    Args:
        name: as its sender named it; only a harmless stem of it is kept.
        data: what was sent.

    Returns:
        What may be stored: a photo drawn anew as JPEG, or the PDF.

    Raises:
        AttachmentTooLargeError: more than 5 MB.
        AttachmentUnreadableError: no photo that can be decoded and no PDF, two things at once, or a PDF that acts.
    """
    if len(data) > MAX_BYTES:
        raise AttachmentTooLargeError(f"{len(data)} bytes, at most {MAX_BYTES} are accepted")
    if _is_picture(data):
        _refuse_second_nature(data)
        kept, media_type, ending = _redrawn(data), "image/jpeg", "jpg"
    elif data.startswith(_PDF_MAGIC) and b"%%EOF" in data[-_PDF_TAIL_BYTES:]:
        kept, media_type, ending = _pdf(data), "application/pdf", "pdf"
    else:
        raise AttachmentUnreadableError("the first bytes are those of neither a JPEG, a PNG, a WebP nor a whole PDF")
    return Attachment(
        name=f"{_safe_stem(name)}.{ending}",
        media_type=media_type,
        data=kept,
        sha256=hashlib.sha256(kept).hexdigest(),
        original_sha256=hashlib.sha256(data).hexdigest(),
    )


def _is_picture(data: bytes) -> bool:
    return data.startswith((_JPEG, _PNG)) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _safe_stem(name: str) -> str:
    """The name without folders, ending, or anything that a shell, a header or a page could mistake."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain.rsplit(".", 1)[0]).strip("-")
    return stem[:MAX_NAME_CHARACTERS] or "attachment"


def _refuse_second_nature(data: bytes) -> None:
    """Drawn anew it would be harmless; but who sends a picture that is also a program is told no."""
    if _MARKUP.search(data) or _PDF_MAGIC in data or _ends_as_archive(data):
        raise AttachmentUnreadableError("it is a picture and something else at once")


def _ends_as_archive(data: bytes) -> bool:
    at = data.rfind(_ARCHIVE_END, max(0, len(data) - _ARCHIVE_LOOK_BYTES))
    if at < 0 or at + _ARCHIVE_END_BYTES > len(data):
        return False
    comment = int.from_bytes(data[at + 20 : at + 22], "little")
    return at + _ARCHIVE_END_BYTES + comment == len(data)


def _redrawn(data: bytes) -> bytes:
    command = [sys.executable, "-I", str(_REDRAW), str(MAX_SIDE_PX), str(MAX_PIXELS), str(JPEG_QUALITY)]
    with _AT_ONCE:
        try:
            done = subprocess.run(command, input=data, capture_output=True, timeout=PATIENCE_S, env={}, check=False)  # noqa: S603 - our own file, fixed arguments
        except subprocess.TimeoutExpired as error:
            raise AttachmentUnreadableError("the photo takes too long to decode") from error
    if done.returncode != 0 or not done.stdout.startswith(_JPEG):
        why = done.stderr.decode("utf-8", "replace")[:200] if done.returncode == REFUSED else "the decoder broke"
        raise AttachmentUnreadableError(f"the photo cannot be decoded: {why}")
    return done.stdout


def _pdf(data: bytes) -> bytes:
    if _PDF_ACTIVE.search(data) or _ends_as_archive(data) or re.search(rb"<script[\s>]|<\?php", data, re.IGNORECASE):
        raise AttachmentUnreadableError("the PDF holds a script, a program or another file")
    if not _EXIF.search(data):
        return data
    if _PDF_SIGNED in data:
        raise AttachmentUnreadableError("a photo in the signed PDF tells where it was taken: send the photo by itself")
    blanked = bytearray(data)
    for found in _EXIF.finditer(data):
        length = int.from_bytes(found.group(1), "big")
        begin, end = found.end(), min(found.start() + 2 + length, len(data))
        blanked[begin:end] = bytes(end - begin)
    return bytes(blanked)
