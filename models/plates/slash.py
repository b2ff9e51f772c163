"""Whether a round glyph is struck through: Indonesian plates print O so, and neither D, Q nor the digit 0."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.text_line import MARGIN_SHARE, TextLine

# Glyphs are compared at this height; drawn rings of these widths and strokes stand for how plates print them.
HEIGHT_PX = 48
RING_WIDTHS_PX = (17, 21, 25)
STROKES_PX = (5, 8)
# How much better a struck ring must match than a hollow one, and how well at all (normalised correlations).
LEAST_LEAD = 0.06
LEAST_MATCH = 0.55
LEAST_CONTRAST = 12.0
ROUND = frozenset("0DQO")
# A round glyph that is no O looks struck through in none of 109 D and 34 Q, rendered and spoiled: stay modest.
LOG_NO_O = float(np.log(1 / 20))


def struck_positions(line: TextLine, text: str, centres_px: Sequence[float]) -> frozenset[int]:
    """Positions of `text` whose round glyph is struck through.

    Args:
        line: the line that was read.
        text: what it is thought to say; only its 0, D, Q and O are looked at.
        centres_px: the middle of each character, pixels from the left of the line's image.
    """
    return frozenset(
        position
        for position, (character, centre) in enumerate(zip(text, centres_px, strict=True))
        if character in ROUND
        and is_struck_through(line.image, centre, dark_text=line.dark_text, margin_share=MARGIN_SHARE)
    )


def log_shape(text: str, struck: frozenset[int]) -> float:
    """Log of how well a text agrees with the struck positions: each should be an O."""
    return sum(LOG_NO_O for position in struck if text[position] in ROUND - {"O"})


def is_struck_through(line_bgr: NDArray[np.uint8], centre_px: float, *, dark_text: bool, margin_share: float) -> bool:
    """Whether the round glyph around `centre_px` has a stroke through its middle.

    Args:
        line_bgr: a line as `text_line` cuts it out, uint8 [height, width, 3].
        centre_px: the glyph's middle, pixels from the left.
        dark_text: whether the text is darker than its ground.
        margin_share: room above and below the glyphs, as a share of their height.

    Returns:
        False also in doubt: too blurred, cut by the edge, or not round.
    """
    scale = HEIGHT_PX * (1 + 2 * margin_share) / line_bgr.shape[0]
    left = max(0, round(centre_px - 0.5 * HEIGHT_PX / scale))
    window = cv2.cvtColor(line_bgr[:, left : round(centre_px + 0.5 * HEIGHT_PX / scale)], cv2.COLOR_BGR2GRAY)
    if window.shape[1] * scale < max(RING_WIDTHS_PX) + 2 or np.ptp(np.percentile(window, (10, 92))) < LEAST_CONTRAST:
        return False
    size = (round(window.shape[1] * scale), round(window.shape[0] * scale))
    ink = cv2.resize(window, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    if dark_text:
        ink = 255.0 - ink
    struck, hollow = (
        max(float(cv2.matchTemplate(ink, ring, cv2.TM_CCOEFF_NORMED).max()) for ring in _rings(struck=kind))
        for kind in (True, False)
    )
    return struck >= LEAST_MATCH and struck - hollow >= LEAST_LEAD


@lru_cache(maxsize=2)
def _rings(*, struck: bool) -> tuple[NDArray[np.float32], ...]:
    """Drawn rings, light on dark, a little soft; with a steep stroke from upper right to lower left, or without."""
    rings = []
    for width in RING_WIDTHS_PX:
        for stroke in STROKES_PX:
            ring = np.zeros((HEIGHT_PX, width + 2), np.uint8)
            half = (width // 2 - stroke // 2, HEIGHT_PX // 2 - stroke // 2)
            middle = ((width + 2) // 2, HEIGHT_PX // 2)
            # Plate rings are long ovals with upright sides: two half circles and what is between.
            radius, rise = half[0], half[1] - half[0]
            upper, lower = (middle[0], middle[1] - rise), (middle[0], middle[1] + rise)
            cv2.ellipse(ring, upper, (radius, radius), 0, 180, 360, 255, stroke, cv2.LINE_AA)
            cv2.ellipse(ring, lower, (radius, radius), 0, 0, 180, 255, stroke, cv2.LINE_AA)
            for side in (-radius, radius):
                start, end = (middle[0] + side, upper[1]), (middle[0] + side, lower[1])
                cv2.line(ring, start, end, 255, stroke, cv2.LINE_AA)
            if struck:
                high, low = (middle[0] + radius, upper[1] - radius // 2), (middle[0] - radius, lower[1] + radius // 2)
                cv2.line(ring, high, low, 255, max(3, stroke - 2), cv2.LINE_AA)
            rings.append(cv2.GaussianBlur(ring, (0, 0), 1.5).astype(np.float32))
    return tuple(rings)
