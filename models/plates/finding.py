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
FAINT_SCORE = 0.08
"""Score of a plate that is only faintly seen, chosen on drawn traffic by `models.evaluation.finding_limits`.

Its box is often narrower than the plate, and what is left of a text can fit the grammar: it is read, and never named.
"""
FAINTLY = "the plate is only faintly seen, its ends may be cut off"
WIDEST_SHARE = 0.75
"""Of the motorcycle's width: no plate is wider."""


class PlateFinder:
    """Looks for the plate of a motorcycle.

    Args:
        detector: knows dark plates; by default `heads-n`, loaded at the first search.
        least_score: of a plate.
    """

    def __init__(self, detector: Detector | None = None, *, least_score: float = LEAST_SCORE) -> None:
        self._detector = detector
        self._least_score = least_score

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
        """The surest plate on one motorcycle, of the picture or of its negative; or nothing."""
        x1, y1, x2, y2 = motorcycle
        size = max(x2 - x1, y2 - y1)
        if size < SMALLEST_PX:
            return Detections.empty()
        if self._detector is None:
            self._detector = load_detector(MODEL, long_side_px=SIDE_PX)
        side = round(REACH * size)
        left, top = round((x1 + x2 - side) / 2), round((y1 + y2 - side) / 2)
        square = cut_square(picture_bgr, left, top, side)
        height, width = picture_bgr.shape[:2]
        found = []
        for view in (square, np.asarray(255 - square, np.uint8)):
            plates = self._detector.detect(view, confidence=self._least_score).only("plate")
            boxes = plates.boxes + np.array([left, top] * 2, np.float32)
            fits = np.array([_hangs_on(box, motorcycle) for box in boxes.tolist()], np.bool_)
            inside = np.clip(boxes, 0, np.array([width, height] * 2)).astype(np.float32)
            found.append(Detections(inside, plates.scores, plates.classes)[fits][:1])
        return max(found, key=lambda plates: float(plates.scores.max(initial=0.0)))


def is_faint(plate: Sequence[float], score: float, seen: Detections) -> bool:
    """Whether a plate was only found by a second look, and hardly.

    Args:
        plate: its box in pixels.
        score: of the plate.
        seen: what the detector found in the whole picture.
    """
    return score < LEAST_SCORE and list(plate) not in seen.only("plate").boxes.tolist()


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
