"""Reads the phase of signal heads from their place in the picture: which lamp is lit, by colour and by position."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.perception.phase import PhaseChange, PhaseLog, State
from pipeline.scene import SignalHead

Plane = NDArray[np.float32]
COLOURS: tuple[State, ...] = ("red", "yellow", "green")
# Hue in OpenCV's half degrees. LED greens lean to blue; old lamps' reds lean to orange.
_HUES: dict[State, tuple[tuple[int, int], ...]] = {
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
CONFIRM_S = 0.15
"""A new phase counts once it was read twice and for this long: one odd picture changes nothing."""
FORGET_S = 0.7
"""Unreadable for longer than this is `unknown` (LED lamps flicker dark in single pictures)."""


def read_head(frame_bgr: NDArray[np.uint8], head: SignalHead) -> State:
    """The phase that one picture shows.

    Args:
        frame_bgr: uint8 [height, width, 3].
        head: Where the head is and how its lamps are stacked.

    Returns:
        The colour that glows where it belongs, or `unknown`.
    """
    x1, y1, x2, y2 = (round(value) for value in head.box)
    crop = frame_bgr[max(0, y1) : y2, max(0, x1) : x2]
    if crop.size == 0:
        return "unknown"
    hue, saturation, value = (
        channel.astype(np.float32) for channel in cv2.split(cv2.cvtColor(crop, cv2.COLOR_BGR2HSV))
    )
    colour = _colour_shares(hue, saturation, value)
    if head.layout == "single":
        scores = colour
    else:
        place = _place(value if head.layout == "vertical" else value.T)
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


def _colour_shares(hue: Plane, saturation: Plane, value: Plane) -> dict[State, float]:
    """Share of the head's coloured glow that falls on each colour (sum 1, or all 0 when nothing glows)."""
    # Against a bright sky or haze a lamp is paler than its surroundings are dark: saturation counts from the head's
    # own level.
    lively = np.clip(saturation - np.median(saturation) - 25, 0, None)
    glow = np.where((saturation > 60) & (value > 70), lively * value / 65025.0, 0.0)
    amounts: dict[State, float] = {}
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


@dataclass
class _Pending:
    state: State
    since_s: float
    frame: int
    readings: int


class Signals:
    """Keeps the phase log of a camera's signal heads.

    Args:
        heads: The scene's signal heads.
    """

    def __init__(self, heads: tuple[SignalHead, ...]) -> None:
        self._heads = heads
        self._current: dict[str, State] = {}
        self._pending: dict[str, _Pending] = {}
        self.log = PhaseLog()

    def read(self, frame_bgr: NDArray[np.uint8], at_s: float, frame: int) -> list[PhaseChange]:
        """Take in one picture.

        Returns:
            The phases that are certain since this picture; their onset is where they were first read.
        """
        changes = [
            change for head in self._heads if (change := self._settle(head.id, read_head(frame_bgr, head), at_s, frame))
        ]
        for change in changes:
            self.log = self.log.with_change(change)
        return changes

    def _settle(self, signal: str, state: State, at_s: float, frame: int) -> PhaseChange | None:
        if state == self._current.get(signal):
            self._pending.pop(signal, None)
            return None
        pending = self._pending.get(signal)
        if pending is None or pending.state != state:
            self._pending[signal] = _Pending(state, at_s, frame, 1)
            return None
        pending.readings += 1
        if at_s - pending.since_s < (FORGET_S if state == "unknown" and signal in self._current else CONFIRM_S):
            return None
        del self._pending[signal]
        self._current[signal] = state
        return PhaseChange(signal, state, pending.since_s, pending.frame)
