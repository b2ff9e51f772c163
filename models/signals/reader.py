"""Reads what a signal head shows: a network and a rule, which must not contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve
from models.classifier import CropClassifier
from models.signals.glow import glowing
from models.signals.lamp_image import HEIGHT_PX, STATES, WIDTH_PX, Box, Layout, around, lamp_image, upright

MODEL = "signal-n"
SURE = 0.45
"""Share from which the network's word is taken; chosen on held-out pictures, see the card."""
SURE_ALONE = 0.5
"""The same where the rule sees nothing: two opinions need less than one."""
SURE_AGAINST = 0.95
"""The same where the rule speaks for or against yellow: it calls many clear reds so where the box is not tight.

Where one says red and the other green, nothing is named however sure the network is.
"""
LEAST_PX = 12
"""Width from which a standing head is read by the network at the roadside.

Of held-out heads made so narrow one or two of a hundred are named wrong, of narrower ones more.
"""
Shown = Literal["red", "yellow", "green", "unknown"]


@dataclass(frozen=True)
class HeadReading:
    """What one picture of a head shows.

    Attributes:
        state: `red`, `yellow`, `green`, or `unknown` when nobody can tell.
        best: What would be named without abstention; `dark` for no lit lamp.
        share: The network's share for `best` (0..1, calibrated).
        rule: What the rule of glow and place says.
        colour: The likeliest of the three colours even where no lamp seems lit: only to measure with, never to act on.
    """

    state: Shown
    best: str
    share: float
    rule: str
    colour: str = ""


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
        colour = STATES[int(mean[: STATES.index("dark")].argmax())]
        return HeadReading(agreed(best, share, rule), best, share, rule, colour)


class RoadsideReader:
    """The rule for heads that are small, lie or have one lamp; for all others network and rule.

    Args:
        network: loads the reader of the others; called when the first such head is read.
        least_px: width of a standing head from which it is one of them.
    """

    def __init__(self, network: Callable[[], SignalReader] | None = None, *, least_px: float = LEAST_PX) -> None:
        self._load = network or load_signal_reader
        self._least_px = least_px
        self._rule = GlowReader()
        self._network: SignalReader | None = None

    def read(self, frame_bgr: NDArray[np.uint8], box: Box, layout: Layout = "vertical") -> HeadReading:
        """See `SignalReader`.

        Raises:
            ModelError: the weights are absent or damaged.
        """
        if layout != "vertical" or box[2] - box[0] < self._least_px:
            return self._rule.read(frame_bgr, box, layout)
        self._network = self._network or self._load()
        return self._network.read(frame_bgr, box, layout)


def agreed(best: str, share: float, rule: str) -> Shown:
    """One word of two opinions: `unknown` where the network is not sure enough for what the rule says."""
    if {best, rule} == {"red", "green"}:
        return "unknown"
    needed = {best: SURE, "unknown": SURE_ALONE}.get(rule, SURE_AGAINST)
    return _shown(best) if share >= needed else "unknown"


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
