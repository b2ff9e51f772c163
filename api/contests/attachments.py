"""What an owner attaches to a contest: checked by its bytes, never by its name, and rid of what a photo tells unasked.

A photo is decoded and written anew, which drops its metadata (place, device) and whatever hides behind a picture. A
PDF is kept as it is, since it may be a signed document; it is only ever handed out as a download, in a sandbox.
"""

from __future__ import annotations

import hashlib
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MAX_SIDE_PX: Final = 2560  # a sale letter photographed at this size can be read to its small print
JPEG_QUALITY: Final = 85
MAX_NAME_CHARACTERS: Final = 80
_PICTURE_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_PDF_MAGIC: Final = b"%PDF-"
_PDF_TAIL_BYTES: Final = 2048


class AttachmentTooLargeError(ValueError):
    """More than 5 MB: send a smaller one."""


class AttachmentUnreadableError(ValueError):
    """Neither a JPEG or PNG that can be decoded nor a PDF: choose another file."""


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


def _safe_stem(name: str) -> str:
    """The name without folders, ending, or anything that a shell, a header or a page could mistake."""
    last = re.split(r"[/\\]", name)[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", plain.rsplit(".", 1)[0]).strip("-")
    return stem[:MAX_NAME_CHARACTERS] or "attachment"


def _picture(data: bytes) -> bytes:
    try:
        picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        if picture.width * picture.height > MAX_PIXELS:
            raise AttachmentUnreadableError(f"the photo has {picture.width}x{picture.height} pixels")
        # Decodes a JPEG at a half, quarter or eighth where that is enough: a large photo costs little memory.
        picture.draft("RGB", (MAX_SIDE_PX, MAX_SIDE_PX))
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise AttachmentUnreadableError(f"the photo cannot be decoded: {error}") from error
    upright.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    out = io.BytesIO()
    upright.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()


def accept_attachment(name: str, data: bytes) -> Attachment:
    """Check and clean one uploaded file.

    Args:
        name: as the browser named it; only a harmless stem of it is kept.
        data: the uploaded bytes.

    Returns:
        What may be stored: a re-encoded JPEG, or the PDF as sent.

    Raises:
        AttachmentTooLargeError: more than 5 MB.
        AttachmentUnreadableError: no picture that can be decoded, and no PDF.
    """
    if len(data) > MAX_BYTES:
        raise AttachmentTooLargeError(f"{len(data)} bytes, at most {MAX_BYTES} are accepted")
    if data.startswith(_PICTURE_MAGIC):
        kept, media_type, ending = _picture(data), "image/jpeg", "jpg"
    elif data.startswith(_PDF_MAGIC) and b"%%EOF" in data[-_PDF_TAIL_BYTES:]:
        kept, media_type, ending = data, "application/pdf", "pdf"
    else:
        raise AttachmentUnreadableError("the first bytes are those of neither a JPEG, a PNG nor a whole PDF")
    return Attachment(
        name=f"{_safe_stem(name)}.{ending}",
        media_type=media_type,
        data=kept,
        sha256=hashlib.sha256(kept).hexdigest(),
        original_sha256=hashlib.sha256(data).hexdigest(),
    )
