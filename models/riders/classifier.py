"""Judges heads: helmet, bare, or nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve
from models.classifier import CropClassifier
from models.riders.head_image import CLASSES, SIDE_PX, Box, head_image, head_square

MODEL = "helmet-n"
SMALLEST_PX = 10.0
"""Shorter side of a head below which nobody can tell."""
SURE = 0.8
SURE_BARE = 0.9
"""Shares from which a word is taken, chosen on held-out pictures (see the card); the one that accuses needs more."""
Word = Literal["helmet", "bare", "cannot_tell"]


@dataclass(frozen=True)
class HeadLook:
    """What one picture says of one head.

    Attributes:
        state: `helmet`, `bare`, or `cannot_tell`.
        helmet: Calibrated share for a helmet (0..1).
        bare: The same for none; a cap, a hijab and a songkok are none.
        no_head: The same for there being no head in the box at all.
        size_px: Shorter side of the box.
    """

    state: Word
    helmet: float
    bare: float
    no_head: float
    size_px: float

    @property
    def share(self) -> float:
        """The share of the likelier of both states."""
        return max(self.helmet, self.bare)


class HelmetClassifier(Protocol):
    """Judges the heads of one picture."""

    def judge(self, frame_bgr: NDArray[np.uint8], boxes: Sequence[Box]) -> list[HeadLook]:
        """One look a box (x1, y1, x2, y2 in pixels of the frame, uint8 [height, width, 3], BGR)."""
        ...


class HeadClassifier:
    """The network of the catalogue and its thresholds.

    Args:
        network: tells `CLASSES` apart.
    """

    def __init__(self, network: CropClassifier) -> None:
        self._network = network

    def judge(self, frame_bgr: NDArray[np.uint8], boxes: Sequence[Box]) -> list[HeadLook]:
        """See `HelmetClassifier`."""
        squares = [head_square(frame_bgr, box) for box in boxes]
        seen = [place for place, square in enumerate(squares) if square.size]
        looks = [HeadLook("cannot_tell", 0.0, 0.0, 1.0, 0.0)] * len(boxes)
        if not seen:
            return looks
        views = np.stack([head_image(squares[place]) for place in seen])
        # A head and its mirror image wear the same.
        shares = self._network.shares(np.concatenate([views, views[:, :, :, ::-1]]))
        for place, each in zip(seen, (shares[: len(seen)] + shares[len(seen) :]) / 2, strict=True):
            x1, y1, x2, y2 = boxes[place]
            helmet, bare, no_head = (float(value) for value in each)
            size_px = min(x2 - x1, y2 - y1)
            looks[place] = HeadLook(word(helmet, bare, size_px), helmet, bare, no_head, size_px)
        return looks


def word(helmet: float, bare: float, size_px: float) -> Word:
    """What may be said of a head with these shares (0..1) and this size."""
    if size_px >= SMALLEST_PX and bare >= SURE_BARE:
        return "bare"
    if size_px >= SMALLEST_PX and helmet >= SURE:
        return "helmet"
    return "cannot_tell"


def load_helmet_classifier(*, threads: int = 1) -> HelmetClassifier:
    """Load the network of the catalogue.

    Raises:
        ModelError: the weights are absent or damaged.
    """
    return HeadClassifier(
        CropClassifier(resolve(MODEL), size_px=(SIDE_PX, SIDE_PX), classes=len(CLASSES), threads=threads)
    )
