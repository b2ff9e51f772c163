"""A signal head as the network sees it: upright, one size, a little of what surrounds it."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Layout = Literal["vertical", "horizontal", "single"]
Box = tuple[float, float, float, float]
WIDTH_PX = 48
HEIGHT_PX = 96
CHANNELS = 3
MARGIN = 0.12
"""Share of the box's sides that is seen around it: boxes are drawn by hand, and bloom falls beside the housing."""
STATES: tuple[str, ...] = ("red", "yellow", "green", "dark")
"""Classes of the network; `dark`: no lamp lit, the back of a head, or no head at all."""


def around(frame_bgr: NDArray[np.uint8], box: Box, *, margin: float = MARGIN) -> NDArray[np.uint8]:
    """The box and its margin, cut out of a frame; beyond the frame its edge is repeated.

    Args:
        frame_bgr: uint8 [height, width, 3].
        box: x1, y1, x2, y2 in pixels.
        margin: share of each side added at both of its ends.

    Returns:
        uint8 [h, w, 3]; without pixels when the box lies outside the frame.
    """
    height, width = frame_bgr.shape[:2]
    x1, y1, x2, y2 = box
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height or x2 - x1 < 1 or y2 - y1 < 1:
        return np.zeros((0, 0, 3), np.uint8)
    beside, above = margin * (x2 - x1), margin * (y2 - y1)
    left, top, right, bottom = round(x1 - beside), round(y1 - above), round(x2 + beside), round(y2 + above)
    inner = frame_bgr[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    missing = (max(0, -top), max(0, bottom - height), max(0, -left), max(0, right - width))
    if not any(missing):
        return inner
    return np.asarray(cv2.copyMakeBorder(inner, *missing, cv2.BORDER_REPLICATE), np.uint8)


def upright(crop_bgr: NDArray[np.uint8], *, red_left: bool = True) -> NDArray[np.uint8]:
    """A lying head turned so that red is above."""
    turn = cv2.ROTATE_90_CLOCKWISE if red_left else cv2.ROTATE_90_COUNTERCLOCKWISE
    return np.asarray(cv2.rotate(crop_bgr, turn), np.uint8)


def lamp_image(crop_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's input of one upright crop: float32 [CHANNELS, HEIGHT_PX, WIDTH_PX], RGB, 0..1."""
    shrinks = crop_bgr.shape[0] > HEIGHT_PX
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(crop_bgr, (WIDTH_PX, HEIGHT_PX), interpolation=interpolation)
    planes: NDArray[np.float32] = small[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 255
    return np.ascontiguousarray(planes)
