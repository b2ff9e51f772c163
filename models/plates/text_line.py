"""Finding a plate's main text line: without frame, expiry line or state's name, dark on light or light on dark."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.text_band import find_text_band

# The crop is looked at in this height: glyph sizes below are shares of it.
WORK_HEIGHT_PX = 96
# Glyphs of a main line: this share of the crop's height, at most this much wider than tall.
LEAST_GLYPH_SHARE = 0.17
MOST_GLYPH_SHARE = 0.95
MOST_GLYPH_ASPECT = 1.25
LEAST_GLYPHS = 3
ENOUGH_GLYPHS = 6
# Room left around the glyphs, as a share of their height.
MARGIN_SHARE = 0.14
# Two lines are equal when the smaller one's glyphs have this share of the taller one's height (an expiry line: half).
EQUAL_LINES_SHARE = 0.68


@dataclass(frozen=True)
class Glyph:
    """One connected component that could be a character: box in pixels of the working image."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Height in working pixels."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """Centre (x, y) in working pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True)
class TextLine:
    """One text line of a plate.

    Attributes:
        image: the line cut out upright, uint8 [height, width, 3], BGR.
        below: what stands under it (the expiry line), None where the crop ends.
        glyph_height_px: height of its characters in pixels of the crop.
        dark_text: whether the text is darker than its ground.
        glyphs: how many components were recognised as characters; 0 when only a band of strokes stood out.
    """

    image: NDArray[np.uint8]
    below: NDArray[np.uint8] | None
    glyph_height_px: float
    dark_text: bool
    glyphs: int


def find_text_lines(crop_bgr: NDArray[np.uint8]) -> list[TextLine]:
    """The equal main lines of a plate, top to bottom: one, or two; empty when no row of glyphs stands out.

    Args:
        crop_bgr: uint8 [height, width, 3], BGR, a plate with little around it.
    """
    scale = WORK_HEIGHT_PX / crop_bgr.shape[0]
    width = max(1, round(crop_bgr.shape[1] * scale))
    gray = cv2.cvtColor(
        cv2.resize(crop_bgr, (width, WORK_HEIGHT_PX), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2GRAY
    )
    best: list[list[Glyph]] = []
    best_worth, dark_text = 0.0, True
    for reach in (0.35, 0.7):
        if sum(len(row) for row in best) >= ENOUGH_GLYPHS:
            break  # a wider look finds the same row, at the same cost again
        for dark in (True, False):
            rows = _rows(_glyphs(_binary(gray, dark=dark, reach=reach)))
            worth = sum(sum(glyph.height for glyph in row) for row in rows)
            if worth > best_worth:
                best, best_worth, dark_text = rows, worth, dark
    if not best:
        band = find_text_band(gray)
        if band is None:
            return []
        dark_text = float(gray.mean()) < float(np.median(gray))
        return [_cut(crop_bgr, _Placed(band.middle, band.slope, band.height, 0), scale, dark_text)]
    return [_cut(crop_bgr, _placed(row), scale, dark_text) for row in best]


def _binary(gray: NDArray[np.uint8], *, dark: bool, reach: float) -> NDArray[np.uint8]:
    """Text as 255: darker (or lighter) than the mean around it within `reach` of the crop's height."""
    size = int(WORK_HEIGHT_PX * reach) | 1
    kind = cv2.THRESH_BINARY_INV if dark else cv2.THRESH_BINARY
    offset = max(3.0, 0.25 * float(gray.std()))
    return np.asarray(
        cv2.adaptiveThreshold(gray, 255, cv2.ADAPTIVE_THRESH_MEAN_C, kind, size, offset if dark else -offset), np.uint8
    )


def _glyphs(binary: NDArray[np.uint8]) -> list[Glyph]:
    """Components with the size and shape of a character."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(binary, connectivity=4)
    height, width = binary.shape
    found = []
    for left, top, box_width, box_height, area in stats[1:count]:
        inside = (top > 0 and top + box_height < height) or box_height < 0.8 * height
        sized = LEAST_GLYPH_SHARE * height <= box_height <= MOST_GLYPH_SHARE * height
        shaped = box_width <= MOST_GLYPH_ASPECT * box_height and area >= 0.12 * box_width * box_height
        # A stroke at the very edge that fills its box is the frame's side, not a 1.
        framed = (left <= 1 or left + box_width >= width - 1) and box_width < 0.12 * box_height
        if inside and sized and shaped and not framed:
            found.append(Glyph(float(left), float(top), float(left + box_width), float(top + box_height)))
    return found


def _rows(glyphs: list[Glyph]) -> list[list[Glyph]]:
    """The row of the most glyph height, and a second one of equal height if there is one; top to bottom."""
    first = _best_row(glyphs)
    if not first:
        return []
    rest = [glyph for glyph in glyphs if glyph not in first]
    second = _best_row(rest)
    if second:
        tall, small = _height(first), _height(second)
        apart = abs(float(np.median([g.middle[1] for g in first])) - float(np.median([g.middle[1] for g in second])))
        if small >= EQUAL_LINES_SHARE * tall and tall >= EQUAL_LINES_SHARE * small and apart > 0.8 * tall:
            return sorted([first, second], key=lambda row: float(np.median([glyph.middle[1] for glyph in row])))
    return [first]


def _height(row: list[Glyph]) -> float:
    """Median height of a row's glyphs."""
    return float(np.median([glyph.height for glyph in row]))


def _best_row(glyphs: list[Glyph]) -> list[Glyph]:
    """Of all rows through two glyphs, the one with the most total height of like-sized glyphs along it."""
    if len(glyphs) < LEAST_GLYPHS:
        return []
    tall = np.array([glyph.height for glyph in glyphs])
    x, y = np.array([glyph.middle for glyph in glyphs]).T
    # Axes: one glyph, another one to its right.
    right = x[None] - x[:, None]
    ones, others = np.nonzero(right > tall[:, None] * 0.3)
    slopes = (y[others] - y[ones]) / right[ones, others]
    like = tall[ones] / tall[others]
    level = (np.abs(slopes) <= 0.35) & (like > 0.75) & (like < 1.33)
    ones, others, slopes = ones[level], others[level], slopes[level]
    if not len(ones):
        return []
    # Axes: a row through two glyphs, any glyph.
    heights = ((tall[ones] + tall[others]) / 2)[:, None]
    sized = tall[None] / heights
    off = np.abs(y[None] - y[ones][:, None] - slopes[:, None] * (x[None] - x[ones][:, None]))
    along = (sized > 0.75) & (sized < 1.33) & (off < 0.16 * heights)
    worths = np.where(along.sum(1) >= LEAST_GLYPHS, along @ tall, 0.0)
    if worths.max() <= 0:
        return []
    row = [glyphs[place] for place in np.flatnonzero(along[int(worths.argmax())])]
    return sorted(row, key=lambda glyph: glyph.left)


@dataclass(frozen=True)
class _Placed:
    """Where a line lies in the working image: middle, slope, height of its characters, how many were told apart."""

    middle: tuple[float, float]
    slope: float
    height: float
    glyphs: int


def _placed(row: list[Glyph]) -> _Placed:
    middles = np.array([glyph.middle for glyph in row])
    slope = float(np.polyfit(middles[:, 0], middles[:, 1], 1)[0])
    middle_x, middle_y = middles.mean(0)
    return _Placed((float(middle_x), float(middle_y)), slope, _height(row), len(row))


def _cut(crop_bgr: NDArray[np.uint8], line: _Placed, scale: float, dark_text: bool) -> TextLine:
    """Cut a line out upright, as wide as the crop: characters may have grown into the frame or been missed."""
    slope, height = line.slope, line.height / scale
    middle_x, middle_y = line.middle[0] / scale, line.middle[1] / scale
    crop_height, crop_width = crop_bgr.shape[:2]
    out_height = max(48, round(height * (1 + 2 * MARGIN_SHARE)))
    zoom = out_height / (height * (1 + 2 * MARGIN_SHARE))
    out_width = max(out_height, round(crop_width * zoom))
    # Shear instead of rotation: plates are mounted level, their tilt in the picture is perspective.
    half = height * (0.5 + MARGIN_SHARE)

    def warp(top_offset: float, bottom_offset: float) -> NDArray[np.uint8]:
        rows = round((bottom_offset - top_offset) * zoom)
        start = middle_y - slope * middle_x + top_offset
        matrix = np.array([[1 / zoom, 0.0, 0.0], [slope / zoom, 1 / zoom, start]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return np.asarray(
            cv2.warpAffine(crop_bgr, matrix, (out_width, max(1, rows)), flags=flags, borderMode=cv2.BORDER_REPLICATE),
            np.uint8,
        )

    room_below = crop_height - (middle_y + half)
    below = warp(half * 0.92, half * 0.92 + min(room_below, height * 0.75)) if room_below > 0.3 * height else None
    return TextLine(warp(-half, half), below, height, dark_text, line.glyphs)
