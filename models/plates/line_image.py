"""A text line as `plates-id` gets it: gray, of one size, its contrast brought to one measure."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

HEIGHT_PX = 40
WIDTH_PX = 192
# Below this spread of gray a picture is all noise: it must not be blown up.
LEAST_SPREAD = 6.0
# A channel is taken instead of luma when its spread is this many times luma's.
CHANNEL_LEAD = 1.5


def gray_line(line_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gray, and no larger than several views of it need: made once, it makes each view cheap.

    Args:
        line_bgr: uint8 [height, width, 3] or gray [height, width], any size.
    """
    scale = min(1.0, 2 * HEIGHT_PX / line_bgr.shape[0])
    if scale < 1:
        size = (max(1, round(line_bgr.shape[1] * scale)), 2 * HEIGHT_PX)
        line_bgr = np.asarray(cv2.resize(line_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
    return _gray(line_bgr) if line_bgr.ndim == 3 else line_bgr


def line_image(line_bgr: NDArray[np.uint8], height: int = HEIGHT_PX, width: int = WIDTH_PX) -> NDArray[np.uint8]:
    """Gray, `height` by `width`, whatever the line's own proportions.

    Args:
        line_bgr: uint8 [height, width, 3] or gray [height, width], any size.
        height: of the network's input, pixels.
        width: of the network's input, pixels.
    """
    gray = _gray(line_bgr) if line_bgr.ndim == 3 else line_bgr
    shrinks = gray.shape[0] > height and gray.shape[1] > width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(gray, (width, height), interpolation=way), np.uint8)


def _gray(line_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luma, or the one channel in which the line stands out far more (blue letters have next to no luma)."""
    gray = np.asarray(cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY), np.uint8)
    spreads = cv2.meanStdDev(line_bgr)[1].ravel()
    if spreads.max() > CHANNEL_LEAD * max(float(cv2.meanStdDev(gray)[1][0, 0]), 1.0):
        return np.ascontiguousarray(line_bgr[:, :, int(spreads.argmax())])
    return gray


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mean 0 and spread 1 an image: float32 [images, 1, height, width] of uint8 [images, height, width]."""
    light = images.astype(np.float32)
    light -= light.mean((1, 2), keepdims=True)
    light /= np.maximum(light.std((1, 2), keepdims=True), LEAST_SPREAD)
    return light[:, None]
