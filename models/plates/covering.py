"""Whether something covers the lower edge of a line: an E whose foot is hidden is an F, a Q an O, a B an R."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# Between characters a plate shows its ground down to below their feet. Zones are shares of the line image's height.
MIDDLE = slice(0.30, 0.70)
FOOT_SHARE = 0.88
# A column is ground when no pixel of its middle zone differs from the ground by more than this share of the contrast.
GROUND_SHARE = 0.35
# A covered edge changes the ground by at least this share of the contrast, in most of the gaps.
CHANGE_SHARE = 0.5
MOST_GAPS = 0.6
LEAST_GROUND_COLUMNS = 0.08


def is_covered(line_bgr: NDArray[np.uint8], *, dark_text: bool) -> bool:
    """Whether the ground between the characters ends at their feet, across the whole line.

    Args:
        line_bgr: a line as `text_line` cuts it out, uint8 [height, width, 3].
        dark_text: whether the text is darker than its ground.
    """
    gray = cv2.cvtColor(line_bgr, cv2.COLOR_BGR2GRAY).astype(np.float32)
    if dark_text:
        gray = 255.0 - gray  # text is light from here on
    height = gray.shape[0]
    middle = gray[round(MIDDLE.start * height) : round(MIDDLE.stop * height)]
    ground, text = np.percentile(middle, (20, 95))
    contrast = float(text - ground)
    if contrast < 1.0:
        return False
    columns = middle.max(0) < ground + GROUND_SHARE * contrast
    if columns.mean() < LEAST_GROUND_COLUMNS:
        return False
    at_middle = middle[:, columns].mean(0)
    foot = gray[min(round(FOOT_SHARE * height), height - 1) :, columns].mean(0)
    changed = np.abs(foot - at_middle) > CHANGE_SHARE * contrast
    return bool(changed.mean() > MOST_GAPS)
