"""Reads the phase of signal heads from their place in the picture: which lamp is lit, by colour and by position."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.perception.phase import PhaseChange, PhaseLog, State
from pipeline.scene import SignalHead

COLOURS: tuple[State, ...] = ("red", "yellow", "green")
# Hue in OpenCV's half degrees. LED greens lean to blue; old lamps' reds lean to orange.
_HUES: dict[State, tuple[tuple[int, int], ...]] = {
    "red": ((0, 11), (165, 180)),
    "yellow": ((12, 34),),
    "green": ((38, 105),),
}
MIN_LIT = 0.035
"""Least share of a lamp's section that glows in its colour."""
MIN_LEAD = 1.6
"""The lit lamp must glow so many times more than the next."""
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
    hsv = cv2.cvtColor(crop, cv2.COLOR_BGR2HSV)
    glow = {colour: _glow(hsv, colour) for colour in COLOURS}
    scores = {
        colour: float(np.mean(section)) if section.size else 0.0
        for place, colour in enumerate(COLOURS)
        for section in [_section(glow[colour], place, head.layout)]
    }
    best, second = sorted(COLOURS, key=lambda colour: -scores[colour])[:2]
    if scores[best] >= MIN_LIT and scores[best] >= MIN_LEAD * scores[second]:
        return best
    if head.layout == "single":
        return "unknown"
    # Lamps overexposed to white have no colour left: then the one bright section tells by its place.
    value = hsv[:, :, 2].astype(np.float32)
    bright = [float(np.percentile(_section(value, place, head.layout), 90)) for place in range(3)]
    order = np.argsort(bright)
    if bright[order[2]] >= 200 and bright[order[2]] - bright[order[1]] >= 80:
        return COLOURS[int(order[2])]
    return "unknown"


def _glow(hsv: NDArray[np.uint8], colour: State) -> NDArray[np.float32]:
    hue, saturation, value = (hsv[:, :, channel].astype(np.float32) for channel in range(3))
    match = np.zeros(hue.shape, bool)
    for low, high in _HUES[colour]:
        match |= (hue >= low) & (hue <= high)
    lit = match & (saturation > 75) & (value > 110)
    glow: NDArray[np.float32] = np.where(lit, saturation * value / 65025.0, 0.0).astype(np.float32)
    return glow


def _section(values: NDArray[np.float32], place: int, layout: str) -> NDArray[np.float32]:
    if layout == "single":
        return values
    axis = 0 if layout == "vertical" else 1
    length = values.shape[axis]
    # A third each, a little widened: no box is drawn to the pixel.
    start, stop = round(length * (place / 3 - 0.05)), round(length * ((place + 1) / 3 + 0.05))
    part = slice(max(0, start), min(length, max(stop, start + 1)))
    return values[part] if axis == 0 else values[:, part]


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
