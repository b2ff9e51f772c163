"""A frame fitted into a network's input, and boxes brought back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LONG_SIDE_PX = 640
"""Signals are 5-15 px in real scenes: smaller inputs lose them."""
STEP_PX = 64
"""Sides are rounded up to this (a multiple of the stride 32): few shapes occur, so few networks are compiled."""
GREY = 114
"""The padding that YOLO was trained with."""


@dataclass(frozen=True)
class Letterbox:
    """How one frame size is fitted into a network input, keeping its aspect.

    Attributes:
        width_px: width of the network's input.
        height_px: height of the network's input.
        scale: network pixels a frame pixel.
        left_px: padding left of the picture.
        top_px: padding above the picture.

    Example:
        >>> fit = Letterbox.for_frame(1280, 720)
        >>> fit.width_px, fit.height_px, fit.scale
        (640, 384, 0.5)
    """

    width_px: int
    height_px: int
    scale: float
    left_px: int
    top_px: int

    @classmethod
    def for_frame(cls, frame_width_px: int, frame_height_px: int, *, long_side_px: int = LONG_SIDE_PX) -> Letterbox:
        """Choose the smallest input with the given long side that holds the whole frame.

        Raises:
            ValueError: the frame has no pixels.
        """
        if frame_width_px < 1 or frame_height_px < 1:
            raise ValueError(f"a frame of {frame_width_px}x{frame_height_px} pixels holds nothing to detect")
        scale = long_side_px / max(frame_width_px, frame_height_px)
        inner_width = max(1, round(frame_width_px * scale))
        inner_height = max(1, round(frame_height_px * scale))
        width = -(-inner_width // STEP_PX) * STEP_PX
        height = -(-inner_height // STEP_PX) * STEP_PX
        return cls(width, height, scale, (width - inner_width) // 2, (height - inner_height) // 2)

    def blob(self, frame_bgr: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The network's input, float32 [1, 3, height, width], RGB, 0..1."""
        height, width = frame_bgr.shape[:2]
        inner = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        interpolation = cv2.INTER_LINEAR if self.scale > 0.5 else cv2.INTER_AREA
        small = frame_bgr if (width, height) == inner else cv2.resize(frame_bgr, inner, interpolation=interpolation)
        canvas = np.full((self.height_px, self.width_px, 3), GREY, np.uint8)
        canvas[self.top_px : self.top_px + inner[1], self.left_px : self.left_px + inner[0]] = small
        blob: NDArray[np.float32] = cv2.dnn.blobFromImage(canvas, 1 / 255, swapRB=True)
        return blob

    def to_frame(self, boxes: NDArray[np.float32], frame_width_px: int, frame_height_px: int) -> NDArray[np.float32]:
        """Boxes [n, 4] from network pixels to frame pixels, clipped to the frame."""
        moved = (boxes - np.array([self.left_px, self.top_px] * 2, np.float32)) / np.float32(self.scale)
        limits = np.array([frame_width_px, frame_height_px] * 2, np.float32)
        clipped: NDArray[np.float32] = np.clip(moved, 0, limits).astype(np.float32)
        return clipped


def cut_square(picture_bgr: NDArray[np.uint8], left_px: int, top_px: int, side_px: int) -> NDArray[np.uint8]:
    """A square of a picture, grey where that ends: always a square, so that one input shape is compiled.

    Args:
        picture_bgr: uint8 [height, width, 3].
        left_px: of the square in the picture; may lie outside.
        top_px: likewise.
        side_px: of the square.

    Returns:
        uint8 [side, side, 3].
    """
    height, width = picture_bgr.shape[:2]
    x1, y1 = max(0, left_px), max(0, top_px)
    x2, y2 = min(width, left_px + side_px), min(height, top_px + side_px)
    out = np.full((side_px, side_px, 3), GREY, np.uint8)
    if x2 > x1 and y2 > y1:
        out[y1 - top_px : y2 - top_px, x1 - left_px : x2 - left_px] = picture_bgr[y1:y2, x1:x2]
    return out
