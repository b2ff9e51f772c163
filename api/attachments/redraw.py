"""Draws a photo anew: a program of its own, run with little memory and time, that knows nothing of the office.

    python -I redraw.py MAX_SIDE_PX MAX_PIXELS JPEG_QUALITY < photo > jpeg

Only what is seen gets through: no metadata (place, device, owner), no thumbnail, nothing before or behind the picture.
Exit code 0, or 3 with one line on standard error that says why not. A decoder that is tricked breaks this process and
nothing else: it may open no file for writing, and gets no environment.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

REFUSED: Final = 3
FORMATS: Final = ("JPEG", "PNG", "WEBP")
MEMORY_BYTES: Final = 1_500_000_000  # 50 megapixels as RGBA, twice, and the interpreter
CPU_S: Final = 10
_WHITE: Final = (255, 255, 255)


def confine() -> None:
    """Give up memory, time and files beyond what a photo needs."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def redrawn(data: bytes, *, max_side_px: int, max_pixels: int, quality: int) -> bytes:
    """The photo as a fresh JPEG, upright, no side longer than `max_side_px`.

    Raises:
        ValueError, OSError, SyntaxError: it cannot be decoded, or has too many pixels.
    """
    picture = Image.open(io.BytesIO(data), formats=FORMATS)
    if picture.width * picture.height > max_pixels:
        message = f"it has {picture.width}x{picture.height} pixels"
        raise ValueError(message)
    # Decodes a JPEG at a half, quarter or eighth where that is enough: a large photo costs little memory.
    picture.draft("RGB", (max_side_px, max_side_px))
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail((max_side_px, max_side_px))
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        upright = upright.convert("RGBA")
        paper = Image.new("RGB", upright.size, _WHITE)
        paper.paste(upright, mask=upright.getchannel("A"))
        upright = paper
    # Copied pixel by pixel: `info` of what was sent (comments, profiles) stays behind.
    plain = Image.new("RGB", upright.size)
    plain.paste(upright.convert("RGB"))
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=quality)
    return out.getvalue()


def main() -> int:
    """Read a photo, write a photo."""
    max_side_px, max_pixels, quality = (int(one) for one in sys.argv[1:4])
    Image.MAX_IMAGE_PIXELS = None  # counted above, with our own sentence
    confine()
    try:
        drawn = redrawn(sys.stdin.buffer.read(), max_side_px=max_side_px, max_pixels=max_pixels, quality=quality)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, MemoryError, EOFError) as error:
        sys.stderr.write(" ".join(str(error).split())[:200] or type(error).__name__)
        return REFUSED
    sys.stdout.buffer.write(drawn)
    return 0


if __name__ == "__main__":
    sys.exit(main())
