"""The band of a crop in which strokes stand thickest: for blurred plates, and text grown together with its frame."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SLOPES = np.linspace(-0.24, 0.24, 13)
# Rows belong to the band while they hold this share of the thickest row's strokes.
BAND_SHARE = 0.45
LEAST_BAND_SHARE = 0.15


@dataclass(frozen=True)
class TextBand:
    """A sloping band: its middle (x, y), its slope (y per x) and its height, in pixels of the image looked at."""

    middle: tuple[float, float]
    slope: float
    height: float


def find_text_band(gray: NDArray[np.uint8]) -> TextBand | None:
    """The band with the most upright strokes, or None when there is none.

    Args:
        gray: uint8 [height, width].
    """
    height, width = gray.shape
    strokes = np.abs(cv2.Sobel(cv2.GaussianBlur(gray, (3, 3), 0), cv2.CV_32F, 1, 0))
    # One bright edge (the plate's side, a lamp) must not outweigh ten faint characters.
    strokes = np.minimum(strokes, np.percentile(strokes, 97))
    best: NDArray[np.float32] | None = None
    best_slope, best_sharpness = 0.0, -1.0
    for slope in SLOPES:
        matrix = np.array([[1, 0, 0], [slope, 1, -slope * width / 2]], np.float32)
        level = cv2.warpAffine(strokes, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        profile = cv2.GaussianBlur(level.mean(1, keepdims=True), (1, 5), 0).ravel()
        sharpness = float(profile.std())
        if sharpness > best_sharpness:
            best, best_slope, best_sharpness = profile, float(slope), sharpness
    if best is None or float(best.max()) <= 0:
        return None
    floor = float(np.percentile(best, 10))
    level_needed = floor + BAND_SHARE * (float(best.max()) - floor)
    top = bottom = int(best.argmax())
    while top > 0 and best[top - 1] >= level_needed:
        top -= 1
    while bottom < height - 1 and best[bottom + 1] >= level_needed:
        bottom += 1
    if bottom - top < LEAST_BAND_SHARE * height:
        return None
    return TextBand((width / 2, (top + bottom + 1) / 2), best_slope, float(bottom - top + 1))


def thickest_stretch(line_bgr: NDArray[np.uint8], *, aspect: float) -> NDArray[np.uint8]:
    """The stretch of a line, `aspect` times as wide as high, where strokes stand thickest; a shorter line whole."""
    height, width = line_bgr.shape[:2]
    wanted = round(height * aspect)
    if width <= wanted:
        return line_bgr
    gray = cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY)
    strokes = np.abs(cv2.Sobel(cv2.GaussianBlur(gray, (3, 3), 0), cv2.CV_32F, 1, 0))
    strokes = np.minimum(strokes, np.percentile(strokes, 97)).sum(0)
    start = int(np.convolve(strokes, np.ones(wanted), mode="valid").argmax())
    return line_bgr[:, start : start + wanted]
