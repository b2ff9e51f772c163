"""Photos as people's devices make them, with everything in them that must not get through."""

from __future__ import annotations

import io
import zipfile

from PIL import Image, ImageDraw
from PIL.TiffImagePlugin import IFDRational

GPS_IFD, ORIENTATION, MAKER = 0x8825, 0x0112, 0x010F
OWNER = "SAMSUNG-PUNYA-SITI"
SIXTH = 6  # turned: shown upright only after a quarter turn to the right


def exif(*, orientation: int = 1) -> Image.Exif:
    """A telephone's notes: maker, how it was held, and where: 6.9932 S, 110.4203 E."""
    made = Image.Exif()
    made[MAKER] = OWNER
    made[ORIENTATION] = orientation
    made.get_ifd(GPS_IFD).update(
        {
            1: "S",
            2: (IFDRational(6), IFDRational(59), IFDRational(3552, 100)),
            3: "E",
            4: (IFDRational(110), IFDRational(25), IFDRational(1308, 100)),
        }
    )
    return made


def photo(kind: str = "JPEG", *, width: int = 64, height: int = 40, orientation: int = 1) -> bytes:
    """A photo with a position; its left half is red."""
    made = Image.new("RGB", (width, height), (240, 240, 240))
    ImageDraw.Draw(made).rectangle((0, 0, width // 2, height), fill=(220, 20, 20))
    out = io.BytesIO()
    made.save(out, kind, exif=exif(orientation=orientation))
    return out.getvalue()


def tells_where(data: bytes) -> bool:
    """Whether a picture, or anything that holds one, tells a position or its owner."""
    if OWNER.encode() in data or b"Exif\x00\x00MM" in data or b"Exif\x00\x00II" in data:
        return True
    try:
        with Image.open(io.BytesIO(data)) as made:
            return bool(made.getexif()) or bool(made.getexif().get_ifd(GPS_IFD))
    except OSError:
        return False


def pdf(inside: bytes = b"") -> bytes:
    """A file that passes for a PDF, with these bytes as a stream in it."""
    stream = b"<</Length " + str(len(inside)).encode() + b">>stream\n" + inside + b"\nendstream endobj\n"
    return b"%PDF-1.7\n1 0 obj\n" + stream + b"%%EOF\n"


def archive() -> bytes:
    """A ZIP archive with a program in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("surat.apk", b"program")
    return out.getvalue()
