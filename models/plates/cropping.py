"""Cutting a detected plate out of its picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Boxes come a little too tight or too loose: a lost first letter cannot be read back, what is too much can be cut away.
SIDE_SHARE = 0.06
TOP_SHARE = 0.12


def crop_plate(picture_bgr: NDArray[np.uint8], box: Sequence[float]) -> NDArray[np.uint8]:
    """Cut a plate's box out with a little around it.

    Args:
        picture_bgr: uint8 [height, width, 3].
        box: left, top, right, bottom in pixels of the picture; what lies outside is cut off.

    Returns:
        A view, uint8 [height, width, 3], at least one pixel each way.

    Raises:
        ValueError: the box lies wholly outside the picture.
    """
    height, width = picture_bgr.shape[:2]
    left, top, right, bottom = box
    side, rim = (right - left) * SIDE_SHARE, (bottom - top) * TOP_SHARE
    x1, x2 = int(max(0, np.floor(left - side))), int(min(width, np.ceil(right + side)))
    y1, y2 = int(max(0, np.floor(top - rim))), int(min(height, np.ceil(bottom + rim)))
    if x2 <= x1 or y2 <= y1:
        raise ValueError(f"the plate's box {list(box)} lies outside the picture of {width}x{height} pixels")
    return picture_bgr[y1:y2, x1:x2]
