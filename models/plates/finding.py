"""Plates that a detector misses in a whole picture, looked for once more on the motorcycle they hang on.

White on black, two lines, no wider than a hand: of such plates a network sees few that looks at a whole frame at half
its size, and was taught mostly with light ones. So the motorcycle is shown to it enlarged, and then as a negative.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector, load_detector
from models.letterbox import cut_square

Box = tuple[float, float, float, float]

MODEL = "heads-n"
SIDE_PX = 320
REACH = 1.15
"""Side of the cut-out in the motorcycle's longer sides."""
SMALLEST_PX = 60.0
"""Longer side of a motorcycle below which its plate has no pixels enough to be read."""
LEAST_SCORE = 0.15
WIDEST_SHARE = 0.75
"""Of the motorcycle's width: no plate is wider."""


class PlateFinder:
    """Looks for the plate of a motorcycle.

    Args:
        detector: knows dark plates; by default `heads-n`, loaded at the first search.
    """

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector

    def missing(self, picture_bgr: NDArray[np.uint8], seen: Detections) -> Detections:
        """The plates of the motorcycles among `seen` on which none was seen: the best of each, if there is one.

        Args:
            picture_bgr: uint8 [height, width, 3].
            seen: what a detector found in the whole picture.

        Raises:
            ModelError: the network is absent or damaged.
        """
        plates = seen.only("plate").boxes
        bare = [
            box for box in _boxes(seen, "motorcycle") if not any(holds_middle(box, plate) for plate in plates.tolist())
        ]
        return joined([self.on(picture_bgr, box) for box in bare])

    def on(self, picture_bgr: NDArray[np.uint8], motorcycle: Box) -> Detections:
        """The best plate on one motorcycle: of the picture, else of its negative; or nothing."""
        x1, y1, x2, y2 = motorcycle
        size = max(x2 - x1, y2 - y1)
        if size < SMALLEST_PX:
            return Detections.empty()
        if self._detector is None:
            self._detector = load_detector(MODEL, long_side_px=SIDE_PX)
        side = round(REACH * size)
        left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
        square = cut_square(picture_bgr, left, top, side)
        for view in (square, np.asarray(255 - square, np.uint8)):
            found = self._detector.detect(view, confidence=LEAST_SCORE).only("plate")
            height, width = picture_bgr.shape[:2]
            moved = found.boxes + np.array([left, top] * 2, np.float32)
            boxes = np.clip(moved, 0, np.array([width, height] * 2)).astype(np.float32)
            fits = np.array([_hangs_on(box, motorcycle) for box in boxes.tolist()], np.bool_)
            if fits.any():
                return Detections(boxes, found.scores, found.classes)[fits][:1]
        return Detections.empty()


def joined(parts: Sequence[Detections]) -> Detections:
    """All of several, in their order."""
    if not parts:
        return Detections.empty()
    return Detections(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.classes for part in parts]),
    )


def _boxes(seen: Detections, name: str) -> list[Box]:
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in seen.only(name).boxes.tolist()]


def holds_middle(vehicle: Box, plate: Sequence[float]) -> bool:
    """Whether a plate's middle lies in a vehicle's box; both in pixels."""
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    return vehicle[0] <= x <= vehicle[2] and vehicle[1] <= y <= vehicle[3]


def _hangs_on(plate: Sequence[float], vehicle: Box) -> bool:
    return holds_middle(vehicle, plate) and 2 < plate[2] - plate[0] <= WIDEST_SHARE * (vehicle[2] - vehicle[0])
