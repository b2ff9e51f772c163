"""Makes a citizen's copy of a still: everybody and everything that is not the owner's vehicle becomes unrecognisable.

A blur alone can be undone by guessing (a plate has few possible texts), so that a box is first reduced to a handful
of cells, which throws the detail away, and only then smoothed for the eye. The copy carries its parent's hash and a
recipe from which anybody who holds the original can make the same copy again.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, UnidentifiedImageError

Box = tuple[float, float, float, float]

RECIPE_NAME: Final = "tertib.redaction/1"
# A plate's text needs about 4 cells a character, so about 30 across; a face about 20. Eight tell nobody apart.
CELLS_LONG_SIDE: Final = 8
MARGIN_SHARE: Final = 0.08  # of the box's longer side: detectors cut close, and hair or a plate's edge may stand out
JPEG_QUALITY: Final = 88
SAME_OBJECT_IOU: Final = 0.6  # a second detection of the own vehicle is not a bystander
INSIDE_SHARE: Final = 0.5  # a bystander with more than half of its box in front of the own vehicle stays blurred there
MAX_PIXELS: Final = 40_000_000
MAX_BOXES: Final = 500


class RedactionError(ValueError):
    """A still cannot be redacted, so it must not be shown; the sentence says why."""


@dataclass(frozen=True)
class Redacted:
    """A citizen's copy.

    Attributes:
        data: JPEG bytes without metadata.
        sha256: of `data`, hex.
        parent_sha256: of the original's bytes, hex.
        recipe: canonical JSON: what was done, to which boxes, with which numbers.
    """

    data: bytes
    sha256: str
    parent_sha256: str
    recipe: str


def _grown(box: Box, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The box with its margin, inside the picture, whole pixels; None when nothing of it is inside."""
    x1, y1, x2, y2 = box
    margin = MARGIN_SHARE * max(x2 - x1, y2 - y1)
    left, top = max(0, int(x1 - margin)), max(0, int(y1 - margin))
    right, bottom = min(width, int(x2 + margin) + 1), min(height, int(y2 + margin) + 1)
    return (left, top, right, bottom) if right - left >= 1 and bottom - top >= 1 else None


def _overlap(box: Box, other: Box) -> float:
    """Area that two boxes share, square pixels."""
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, width) * max(0.0, height)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _same_object(box: Box, keep: Box) -> bool:
    shared = _overlap(box, keep)
    return shared / (_area(box) + _area(keep) - shared) >= SAME_OBJECT_IOU


def _obscure(patch: Image.Image) -> Image.Image:
    """Reduce to a few cells, enlarge again, smooth the cells' edges."""
    width, height = patch.size
    scale = CELLS_LONG_SIDE / max(width, height)
    cells = patch.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BOX)
    return cells.resize(patch.size, Image.Resampling.NEAREST).filter(
        ImageFilter.GaussianBlur(max(width, height) / CELLS_LONG_SIDE / 2)
    )


def open_still(data: bytes) -> Image.Image:
    """Decode an evidence still as RGB.

    Raises:
        RedactionError: not a JPEG or PNG, broken, or larger than 40 megapixels.
    """
    try:
        picture = Image.open(io.BytesIO(data), formats=("JPEG", "PNG"))
        if picture.width * picture.height > MAX_PIXELS:
            raise RedactionError(f"the still has {picture.width}x{picture.height} pixels, more than we can redact")
        return picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise RedactionError(f"the still cannot be decoded: {error}") from error


def redact(data: bytes, boxes: Sequence[Box], *, keep: Box | None) -> Redacted:
    """Blur `boxes` in a still, but nothing of the vehicle that the case is about.

    Args:
        data: the original's bytes (JPEG or PNG).
        boxes: what must not be recognisable, pixels `x1 y1 x2 y2` of the original; parts outside the picture are
            ignored.
        keep: the offending vehicle's box; its pixels stay as recorded where another's box merely overlaps; a
            bystander who is mostly in front of it (a pedestrian, a passenger) is blurred even there. None: nothing is
            kept.

    Returns:
        The citizen's copy; the same input gives the same bytes.

    Raises:
        RedactionError: undecodable still, more than 500 boxes, or a box that is none (x2 <= x1, not finite).
    """
    if len(boxes) > MAX_BOXES:
        raise RedactionError(f"{len(boxes)} boxes to blur, at most {MAX_BOXES} are plausible")
    for box in (*boxes, *([keep] if keep else [])):
        x1, y1, x2, y2 = box
        # Written so that a NaN fails too.
        if not (-1e6 < x1 < x2 < 1e6 and -1e6 < y1 < y2 < 1e6):
            raise RedactionError(f"box {tuple(box)} is not a rectangle")
    original = open_still(data)
    copy = original.copy()
    others = [box for box in boxes if keep is None or not _same_object(box, keep)]
    _blur_onto(copy, original, others)
    if keep:
        copy = _restore(copy, original, keep)
        _blur_onto(copy, original, [box for box in others if _overlap(box, keep) > INSIDE_SHARE * _area(box)])
    out = io.BytesIO()
    copy.save(out, "JPEG", quality=JPEG_QUALITY, optimize=False)
    result = out.getvalue()
    recipe = {
        "recipe": RECIPE_NAME,
        "cells_long_side": CELLS_LONG_SIDE,
        "margin_share": MARGIN_SHARE,
        "jpeg_quality": JPEG_QUALITY,
        "blurred": [[round(value, 2) for value in box] for box in others],
        "kept": [round(value, 2) for value in keep] if keep else None,
    }
    return Redacted(
        data=result,
        sha256=hashlib.sha256(result).hexdigest(),
        parent_sha256=hashlib.sha256(data).hexdigest(),
        recipe=json.dumps(recipe, sort_keys=True, separators=(",", ":")),
    )


def _blur_onto(copy: Image.Image, original: Image.Image, boxes: Sequence[Box]) -> None:
    """Blur each box of the original onto the copy."""
    for box in boxes:
        area = _grown(box, *original.size)
        if area:
            copy.paste(_obscure(original.crop(area)), area[:2])


def _restore(copy: Image.Image, original: Image.Image, keep: Box) -> Image.Image:
    """Put the kept box back as recorded."""
    mask = Image.new("L", original.size, 0)
    x1, y1, x2, y2 = keep
    ImageDraw.Draw(mask).rectangle((round(x1), round(y1), round(x2) - 1, round(y2) - 1), fill=255)
    return Image.composite(original, copy, mask)
