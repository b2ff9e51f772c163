"""Turning a crop whose plate hangs askew, as on motorcycles that lean or whose plates are bent.

`text_line` shears lines that rise a little, as perspective makes them. A plate that is turned has leaning strokes, too:
it is turned back as a whole, before its line is looked for.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

LEAST_DEGREES = 9.0
"""What is turned less is left to `text_line`."""
MOST_DEGREES = 33
STEPS_DEGREES = (6, 3)
"""All angles so far apart are tried, then those around the best of them."""
WORK_HEIGHT_PX = 72
MOST_WIDTH_PX = 288
STRONGEST = 97
"""Percentile at which edges are capped: one bright rim of a lamp must not decide."""
SEEN_SHARE = 0.4
"""Of a row's width that must lie in the crop for the row to count."""
ROOM = 1.12
"""Of the plate's own height that is kept."""
Gray = NDArray[np.float32]


def levelled(crop_bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The crop turned so that its plate is level, or itself where that is nearly so.

    Args:
        crop_bgr: uint8 [height, width, 3], BGR, a plate with little around it, cut out by an upright box.

    Returns:
        uint8 [h, w, 3], the turned plate; what lies outside the crop repeats its rim.
    """
    degrees = askew_degrees(crop_bgr)
    if abs(degrees) < LEAST_DEGREES:
        return crop_bgr
    height, width = crop_bgr.shape[:2]
    sine, cosine = math.sin(math.radians(abs(degrees))), math.cos(math.radians(degrees))
    # The upright box around a plate of w by h that is turned is w cos + h sin wide and w sin + h cos high.
    high = (height * cosine - width * sine) / (cosine**2 - sine**2)
    if high < 0.15 * height:  # not the box of one turned plate
        high = height * cosine - sine * width / 2
    if high < 8:
        return crop_bgr
    out = round(width * cosine + height * sine), max(8, round(ROOM * high))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    matrix[:, 2] += (out[0] / 2 - width / 2, out[1] / 2 - height / 2)
    turned = cv2.warpAffine(crop_bgr, matrix, out, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = cv2.warpAffine(np.full((height, width), 255, np.uint8), matrix, out)
    columns = np.flatnonzero(inside[out[1] // 2] > 0)
    if len(columns) < 2:
        return crop_bgr
    return np.ascontiguousarray(turned[:, columns[0] : columns[-1] + 1], np.uint8)


def askew_degrees(crop_bgr: NDArray[np.uint8]) -> float:
    """By how much a plate is turned, counter-clockwise (clockwise below 0).

    After Postl 1986 ("Detection of linear oblique structures and skew scan in digitized documents"): of the angles
    tried the one at which the sums of rows of edges differ most from row to row.
    """
    edges = _edges(crop_bgr)
    scores: dict[int, float] = {}
    wide, near = STEPS_DEGREES
    for degrees in range(-MOST_DEGREES + wide // 2, MOST_DEGREES, wide):
        scores[degrees] = _unevenness(edges, degrees)
    best = max(scores, key=lambda degrees: scores[degrees])
    for degrees in (best - near, best + near):
        scores[degrees] = _unevenness(edges, degrees)
    return float(max(scores, key=lambda degrees: scores[degrees]))


def _unevenness(edges: Gray, degrees: int) -> float:
    """How much the sums of rows differ from row to row once the crop is turned back."""
    height, width = edges.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    seen = _seen(height, width, degrees)
    kept = seen > SEEN_SHARE * width
    if kept.sum() <= 2:
        return 0.0
    rows = cv2.warpAffine(edges, matrix, (width, height)).sum(1)[kept] / seen[kept]
    return float(np.square(np.diff(rows)).sum() / (float(rows.mean()) ** 2 + 1e-6))


@lru_cache(maxsize=1024)
def _seen(height: int, width: int, degrees: int) -> Gray:
    """How much of each row lies in the crop once it is turned back, in pixels."""
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    whole = cv2.warpAffine(np.ones((height, width), np.float32), matrix, (width, height))
    return np.asarray(whole.sum(1), np.float32)


def _edges(crop_bgr: NDArray[np.uint8]) -> Gray:
    """How strong edges are, float32 [h, w], the strongest capped."""
    gray = cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2GRAY)
    # Widths in steps, so that what is known of one crop serves the next.
    width = min(MOST_WIDTH_PX, max(1, round(gray.shape[1] * WORK_HEIGHT_PX / gray.shape[0] / 8)) * 8)
    small = cv2.resize(gray, (width, WORK_HEIGHT_PX), interpolation=cv2.INTER_AREA).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), 1.0)
    strength = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    return np.asarray(np.minimum(strength, np.percentile(strength, STRONGEST)), np.float32)
