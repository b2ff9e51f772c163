"""What was seen in a picture that has not changed since: it is the same now, and nobody need look again."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.suppression import FAMILY, overlaps
from pipeline.ingest.motion_gate import levelled

DIFFERENCE: Final = 10.0
SHARE: Final = 0.001
"""Grey levels, and share of the small picture, by which it may differ from the one that was looked at: noise, and the
seconds of a clock that a camera writes into its pictures."""
LOOKS: Final = 3
"""Looks at the same picture before it is believed: what only one of them saw was a chance."""
AGREEMENT: Final = 0.5
LONGEST_S: Final = 20.0
"""After so long it is looked at again in any case."""


class StillPicture:
    """Remembers what the detector saw for as long as the picture stays what it was.

    It is compared with the picture that was looked at, not with the one before: who creeps is noticed as well.
    """

    def __init__(self) -> None:
        self._anchor: NDArray[np.float32] | None = None
        self._looks = 0
        self._looked_at_s = float("-inf")
        self._seen = Detections.empty()

    def holds(self, luma: NDArray[np.float32], at_s: float) -> Detections | None:
        """What is to be seen in this picture; None where it must be looked at.

        Args:
            luma: The small brightness picture, float32 [h, w].
            at_s: Capture time.
        """
        if self._looks < LOOKS or at_s - self._looked_at_s > LONGEST_S or not self._is_same(luma):
            return None
        return self._seen

    def looked(self, luma: NDArray[np.float32], at_s: float, seen: Detections) -> None:
        """The detector has looked at this picture, later than all before, and saw this."""
        self._looked_at_s = at_s
        if self._is_same(luma):
            self._looks += 1
            self._seen = _seen_twice(seen, self._seen)
            return
        self._anchor, self._looks, self._seen = luma, 1, seen

    def _is_same(self, luma: NDArray[np.float32]) -> bool:
        if self._anchor is None or self._anchor.shape != luma.shape:
            return False
        return float(np.mean(np.abs(levelled(luma - self._anchor)) > DIFFERENCE)) <= SHARE


def _seen_twice(seen: Detections, before: Detections) -> Detections:
    """Those boxes that the look before saw in the same place as well."""
    if not len(seen) or not len(before):
        return Detections.empty()
    same_sort = FAMILY[seen.classes][:, None] == FAMILY[before.classes][None, :]
    return seen[(same_sort & (overlaps(seen.boxes, before.boxes) > AGREEMENT)).any(axis=1)]
