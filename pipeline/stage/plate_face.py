"""A number plate as a picture: its text in strokes, as the stamp makes them."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Style = Literal["white", "black", "yellow", "red"]
WIDTH_M, HEIGHT_M = 0.43, 0.135
MOTORCYCLE_WIDTH_M, MOTORCYCLE_HEIGHT_M = 0.275, 0.11
_SIZE_PX = (430, 135)
_INKS: dict[Style, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "white": ((238, 240, 240), (22, 20, 20)),
    "black": ((26, 24, 24), (232, 234, 234)),
    "yellow": ((24, 190, 232), (20, 20, 20)),
    "red": ((36, 30, 180), (236, 238, 238)),
}


def plate_face(text: str, style: Style, expiry: str = "") -> NDArray[np.uint8]:
    """The plate, uint8 [135, 430, 3] BGR.

    Args:
        text: As it shall stand there, with its spaces.
        style: Colours of ground and characters.
        expiry: Small line below, e.g. `04.29`.
    """
    ground, ink = _INKS[style]
    width, height = _SIZE_PX
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = ground
    cv2.rectangle(pixels, (5, 5), (width - 6, height - 6), ink, 3, cv2.LINE_AA)
    font, thickness = cv2.FONT_HERSHEY_SIMPLEX, 9
    (plain_width, plain_height), _ = cv2.getTextSize(text, font, 2.6, thickness)
    strokes = np.zeros((plain_height + 24, plain_width + 24), np.uint8)
    cv2.putText(strokes, text, (12, plain_height + 12), font, 2.6, 255, thickness, cv2.LINE_AA)
    room = (width - 44, 84 if expiry else 100)
    squeeze = min(room[0] / strokes.shape[1], 1.25 * room[1] / strokes.shape[0])
    size = (max(1, round(strokes.shape[1] * squeeze)), room[1])
    strokes = cv2.resize(strokes, size, interpolation=cv2.INTER_AREA)
    left, top = (width - size[0]) // 2, 12 if expiry else (height - room[1]) // 2
    _ink(pixels[top : top + size[1], left : left + size[0]], strokes, ink)
    if expiry:
        small = np.zeros((30, 120), np.uint8)
        cv2.putText(small, expiry, (6, 25), font, 0.85, 255, 2, cv2.LINE_AA)
        _ink(pixels[98:128, 155:275], small, ink)
    return pixels


def _ink(place: NDArray[np.uint8], strokes: NDArray[np.uint8], ink: tuple[int, int, int]) -> None:
    share = (strokes.astype(np.float32) / 255)[..., None]
    place[:] = np.round(place * (1 - share) + np.array(ink, np.float32) * share).astype(np.uint8)
