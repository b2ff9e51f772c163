"""Labels by motion, for a fixed camera straight above: COCO's teachers call cars seen from above "cell phone"."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

DIFFERENCE = 22
SMALLEST_SHARE = 0.003
CAR_SHARE = 0.012
"""Smallest moving region that surely is a car, as a share of the picture; below it may be a shadow that runs ahead."""
MOVED_SHARE = 0.15


def background(frames: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """The road without cars: the median of frames spread over the clip (uint8 [h, w, 3])."""
    middle: NDArray[np.uint8] = np.median(np.stack(list(frames)), axis=0).astype(np.uint8)
    return middle


def changed(frame: NDArray[np.uint8], empty: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mask (uint8 [h, w], 0 or 1) of what differs from the empty scene, whatever the camera's exposure does."""
    now, before = (cv2.GaussianBlur(picture, (5, 5), 0).astype(np.float32) for picture in (frame, empty))
    # Automatic exposure darkens the whole picture when a white car comes: most pixels are road and tell by how much.
    gain = np.median(now / np.maximum(before, 1), axis=(0, 1))
    difference = np.abs(now - before * gain).max(axis=2)
    mask: NDArray[np.uint8] = (difference > DIFFERENCE).astype(np.uint8)
    return mask


def moving_boxes(frame: NDArray[np.uint8], empty: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Boxes [n, 4] in pixels of the cars on an empty road, which drive up or down the picture."""
    mask = cv2.morphologyEx(changed(frame, empty), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    # A car's black windows look like the road: closing along the way of driving joins its parts, not two cars abreast.
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((61, 9), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    smallest = SMALLEST_SHARE * mask.size
    boxes = [[x, y, x + w, y + h] for x, y, w, h, area in stats[1:].tolist() if area >= smallest]
    return np.array(boxes, np.float32).reshape(-1, 4)


def still(boxes: NDArray[np.float32], mask: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which boxes hold nothing that differs from the empty scene: scenery, whatever a teacher calls it."""
    shares = [float(mask[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1].mean()) for x1, y1, x2, y2 in boxes.tolist()]
    return np.array(shares, np.float32) < MOVED_SHARE
