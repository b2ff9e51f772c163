"""Reads a signal head by rule: which colour glows, and in which lamp's place. No network, and so a second opinion."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from models.signals.lamp_image import Layout

Plane = NDArray[np.float32]
COLOURS: tuple[str, ...] = ("red", "yellow", "green")
# Hue in OpenCV's half degrees. LED greens lean to blue; old lamps' reds lean to orange.
_HUES: dict[str, tuple[tuple[int, int], ...]] = {
    "red": ((0, 11), (158, 180)),
    "yellow": ((12, 33),),
    "green": ((40, 102),),
}
MIN_GLOW = 0.004
"""Least mean glow (saturation times brightness) over the head for a colour to be believed."""
MIN_CONTRAST = 55.0
"""Grey levels by which the lit lamp outshines the rest of the head, for its place to be believed."""
PLACE_SIGMA = 0.16
"""How far from the middle of its third a lamp may shine, as a share of the head's length.

No box is drawn to the pixel.
"""
MIN_SCORE = 0.34
MIN_LEAD = 1.5
"""The lit lamp must score so many times more than the next."""


def glowing(crop_bgr: NDArray[np.uint8], layout: Layout = "vertical") -> str:
    """The colour that glows where it belongs, or `unknown`.

    Args:
        crop_bgr: the head's box without a margin, uint8 [height, width, 3].
        layout: how its lamps are stacked; red is above, or left.
    """
    hue, saturation, value = (
        channel.astype(np.float32) for channel in cv2.split(cv2.cvtColor(crop_bgr, cv2.COLOR_BGR2HSV))
    )
    colour = _colour_shares(hue, saturation, value)
    if layout == "single":
        scores = colour
    else:
        place = _place(value if layout == "vertical" else value.T)
        if place is None and sum(colour.values()) == 0:
            return "unknown"
        # Place and colour both speak. An overexposed lamp is white and has no colour, a dim one at noon stands out by
        # its colour only.
        scores = {
            name: (1.0 if place is None else float(np.exp(-(((place - middle) / PLACE_SIGMA) ** 2))))
            * (0.4 + colour[name])
            for name, middle in zip(COLOURS, (1 / 6, 1 / 2, 5 / 6), strict=True)
        }
    best, second = sorted(COLOURS, key=lambda name: -scores[name])[:2]
    if scores[best] < MIN_SCORE or scores[best] < MIN_LEAD * scores[second]:
        return "unknown"
    # A green glow where red belongs is a misplaced box or a reflection. Amber around a red lamp is only its
    # overexposed rim.
    other = max(COLOURS, key=lambda name: colour[name])
    contradicted = other != best and colour[other] > 0.6 and {best, other} != {"red", "yellow"}
    return "unknown" if contradicted else best


def _colour_shares(hue: Plane, saturation: Plane, value: Plane) -> dict[str, float]:
    """Share of the head's coloured glow that falls on each colour (sum 1, or all 0 when nothing glows)."""
    # Against a bright sky or haze a lamp is paler than its surroundings are dark: saturation counts from the head's
    # own level.
    lively = np.clip(saturation - np.median(saturation) - 25, 0, None)
    glow = np.where((saturation > 60) & (value > 70), lively * value / 65025.0, 0.0)
    amounts: dict[str, float] = {}
    for name in COLOURS:
        match = np.zeros(hue.shape, bool)
        for low, high in _HUES[name]:
            match |= (hue >= low) & (hue <= high)
        amounts[name] = float(np.mean(np.where(match, glow, 0.0)))
    total = sum(amounts.values())
    if max(amounts.values()) < MIN_GLOW:
        return dict.fromkeys(COLOURS, 0.0)
    return {name: amount / total for name, amount in amounts.items()}


def _place(value: Plane) -> float | None:
    """Where along the head the brightest light is (0 = top, 1 = bottom), or None when no lamp outshines the rest."""
    height, width = value.shape
    inner = value[:, round(width * 0.2) : max(round(width * 0.8), round(width * 0.2) + 1)]
    rows = np.sort(inner, axis=1)[:, -max(1, inner.shape[1] // 2) :].mean(axis=1)
    # A lamp is a third of the head: single bright rows (a visor, the sky at the edge) are smoothed away.
    window = max(1, height // 5)
    smooth = np.convolve(np.pad(rows, window // 2, mode="edge"), np.ones(window) / window, mode="valid")[:height]
    if smooth.max() - np.median(smooth) < MIN_CONTRAST:
        return None
    lit = np.clip(smooth - (smooth.max() - 0.35 * (smooth.max() - smooth.min())), 0, None)
    return float(np.average((np.arange(len(smooth)) + 0.5) / len(smooth), weights=lit))
