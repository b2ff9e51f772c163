"""Reads what a signal head shows: a network and a rule, which must not contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve
from models.classifier import CropClassifier
from models.signals.glow import glowing
from models.signals.lamp_image import HEIGHT_PX, STATES, WIDTH_PX, Box, Layout, around, lamp_image, upright

MODEL = "signal-n"
SURE = 0.5
"""Share from which the network's word is taken; chosen on held-out pictures, see the card."""
SURE_ALONE = 0.6
"""The same where the rule sees nothing: two opinions need less than one."""
Shown = Literal["red", "yellow", "green", "unknown"]


@dataclass(frozen=True)
class HeadReading:
    """What one picture of a head shows.

    Attributes:
        state: `red`, `yellow`, `green`, or `unknown` when nobody can tell.
        best: What would be named without abstention; `dark` for no lit lamp.
        share: The network's share for `best` (0..1, calibrated).
        rule: What the rule of glow and place says.
    """

    state: Shown
    best: str
    share: float
    rule: str


class SignalReader(Protocol):
    """Reads one head in one picture."""

    def read(self, frame_bgr: NDArray[np.uint8], box: Box, layout: Layout = "vertical") -> HeadReading:
        """What the head in `box` (pixels of the frame, uint8 [height, width, 3], BGR) shows."""
        ...


class GlowReader:
    """The rule alone: for machines without OpenVINO, and to compare with."""

    def read(self, frame_bgr: NDArray[np.uint8], box: Box, layout: Layout = "vertical") -> HeadReading:
        """See `SignalReader`."""
        state = _rule(frame_bgr, box, layout)
        return HeadReading(_shown(state), state, float(state != "unknown"), state)


class LampReader:
    """Network and rule.

    Args:
        network: tells `STATES` apart.
    """

    def __init__(self, network: CropClassifier) -> None:
        self._network = network

    def read(self, frame_bgr: NDArray[np.uint8], box: Box, layout: Layout = "vertical") -> HeadReading:
        """See `SignalReader`."""
        rule = _rule(frame_bgr, box, layout)
        crop = around(frame_bgr, box)
        if not crop.size:
            return HeadReading("unknown", "dark", 0.0, rule)
        # Some countries have red left, some right: of a lying head both ways up are read.
        views = [crop] if layout != "horizontal" else [upright(crop), upright(crop, red_left=False)]
        shares = self._network.shares(np.stack([lamp_image(view) for view in views]))
        mean = shares.mean(axis=0) if layout == "horizontal" else shares[0]
        place = int(mean.argmax())
        best, share = STATES[place], float(mean[place])
        return HeadReading(agreed(best, share, rule), best, share, rule)


def agreed(best: str, share: float, rule: str) -> Shown:
    """One word of two opinions: `unknown` where they contradict each other or the network is not sure enough."""
    if best == "dark" or rule not in {best, "unknown"}:
        return "unknown"
    return _shown(best) if share >= (SURE if rule == best else SURE_ALONE) else "unknown"


def load_signal_reader(*, threads: int = 1) -> SignalReader:
    """Load the network of the catalogue.

    Raises:
        ModelError: the weights are absent or damaged.
    """
    return LampReader(
        CropClassifier(resolve(MODEL), size_px=(HEIGHT_PX, WIDTH_PX), classes=len(STATES), threads=threads)
    )


def _rule(frame_bgr: NDArray[np.uint8], box: Box, layout: Layout) -> str:
    x1, y1, x2, y2 = (round(value) for value in box)
    crop = frame_bgr[max(0, y1) : max(0, y2), max(0, x1) : max(0, x2)]
    return glowing(crop, layout) if crop.size else "unknown"


def _shown(state: str) -> Shown:
    return state if state in {"red", "yellow", "green"} else "unknown"  # type: ignore[return-value] # one of the three
