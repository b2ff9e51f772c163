"""A number plate as a picture: its text in strokes, as the stamp makes them."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.plates.glyphs import GLYPHS

Style = Literal["white", "black", "yellow", "red"]
WIDTH_M, HEIGHT_M = 0.43, 0.135
MOTORCYCLE_WIDTH_M, MOTORCYCLE_HEIGHT_M = 0.275, 0.11
_SIZE_PX = (860, 270)
_MAIN_PX, _MAIN_TOP_PX = 138, 30
_SMALL_PX, _SMALL_TOP_PX = 42, 203
_WIDE = 0.4
"""Width of a character, in its height."""
_GAP, _SPACE = 0.25, 0.4
_STROKE = 0.135
_SIDE_PX = 34
_SHIFT = 4
_INKS: dict[Style, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "white": ((238, 240, 240), (22, 20, 20)),
    "black": ((26, 24, 24), (232, 234, 234)),
    "yellow": ((24, 190, 232), (20, 20, 20)),
    "red": ((36, 30, 180), (236, 238, 238)),
}


def plate_face(text: str, style: Style, expiry: str = "") -> NDArray[np.uint8]:
    """The plate, uint8 [270, 860, 3] BGR.

    Args:
        text: As it shall stand there, with its spaces.
        style: Colours of ground and characters.
        expiry: Small line below, e.g. `04.29`.
    """
    ground, ink = _INKS[style]
    width, height = _SIZE_PX
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = ground
    cv2.rectangle(pixels, (10, 10), (width - 11, height - 11), ink, 5, cv2.LINE_AA)
    top = _MAIN_TOP_PX if expiry else (height - _MAIN_PX) // 2
    _stamp(pixels, text.upper(), (top, _MAIN_PX), ink)
    if expiry:
        _stamp(pixels, expiry, (_SMALL_TOP_PX, _SMALL_PX), ink)
    for x in (width // 6, width - width // 6):
        cv2.circle(
            pixels, (x, 24), 7, tuple(int(0.5 * (a + b)) for a, b in zip(ground, ink, strict=True)), -1, cv2.LINE_AA
        )
    return pixels


def _stamp(pixels: NDArray[np.uint8], text: str, row: tuple[int, int], ink: tuple[int, int, int]) -> None:
    """Strokes of a line of text in the middle of the plate, narrower where it would not fit."""
    top, tall = row
    places: list[tuple[str, float]] = []
    reach = 0.0
    for character in text:
        if character == " ":
            reach += _SPACE - 0.1
            continue
        places.append((character, reach))
        reach += (0.14 if character == "." else _WIDE) + _GAP
    reach -= _GAP
    squeeze = min(1.0, (_SIZE_PX[0] - 2 * _SIDE_PX) / max(1e-6, reach * tall))
    left = (_SIZE_PX[0] - reach * tall * squeeze) / 2
    thickness = max(2, round(_STROKE * tall * (0.5 + 0.5 * squeeze)))
    for character, place in places:
        x = left + place * tall * squeeze
        if character == ".":
            cv2.circle(
                pixels, (round(x + 0.07 * tall), round(top + 0.92 * tall)), round(0.08 * tall), ink, -1, cv2.LINE_AA
            )
            continue
        variants = GLYPHS.get(character)
        if variants is None:
            continue
        size = np.array((_WIDE * tall * squeeze, tall), np.float32)
        points = variants[0].points * size + np.array((x, top), np.float32)
        strokes = [
            np.round(stroke * (1 << _SHIFT)).astype(np.int32)[:, None] for stroke in np.split(points, variants[0].ends)
        ]
        cv2.polylines(pixels, strokes, False, ink, thickness, cv2.LINE_AA, _SHIFT)
