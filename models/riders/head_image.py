"""A head as the network sees it: square, one size, with some of what surrounds it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
SIDE_PX = 64
MARGIN = 0.25
"""Share of the head's longer side that is seen beyond it on each side: shoulders and hair tell, too."""
CLASSES: tuple[str, ...] = ("helmet", "bare", "no_head")


def head_square(frame_bgr: NDArray[np.uint8], box: Box, *, margin: float = MARGIN) -> NDArray[np.uint8]:
    """The square around a head, cut out of a frame; beyond the frame its edge is repeated.

    Args:
        frame_bgr: uint8 [height, width, 3].
        box: the head, x1, y1, x2, y2 in pixels.
        margin: share of the longer side that is added on each side.

    Returns:
        uint8 [side, side, 3]; without pixels when the box lies outside the frame.
    """
    height, width = frame_bgr.shape[:2]
    x1, y1, x2, y2 = box
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height or x2 - x1 < 1 or y2 - y1 < 1:
        return np.zeros((0, 0, 3), np.uint8)
    half = max(x2 - x1, y2 - y1) * (0.5 + margin)
    side = max(2, round(2 * half))
    left, top = round((x1 + x2) / 2 - half), round((y1 + y2) / 2 - half)
    inner = frame_bgr[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    missing = (max(0, -top), max(0, top + side - height), max(0, -left), max(0, left + side - width))
    if not any(missing):
        return inner
    return np.asarray(cv2.copyMakeBorder(inner, *missing, cv2.BORDER_REPLICATE), np.uint8)


def head_image(square_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The network's input of one square: float32 [3, SIDE_PX, SIDE_PX], RGB, 0..1."""
    interpolation = cv2.INTER_AREA if square_bgr.shape[0] > SIDE_PX else cv2.INTER_LINEAR
    small = cv2.resize(square_bgr, (SIDE_PX, SIDE_PX), interpolation=interpolation)
    planes: NDArray[np.float32] = small[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) / 255
    return np.ascontiguousarray(planes)
