"""Heads above motorcycles, looked for once more in an enlarged cut-out: in a whole frame they are too small to name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector, load_detector
from models.letterbox import cut_square
from models.riders.heads import HEAD_CLASSES, LEAST_SCORE
from models.suppression import suppress
from pipeline.perception.track import Box

MODEL = "heads-n"
SIDE_PX = 320
"""Side of the network's input: half of what a frame gets, for a quarter of its time."""
REACH = 1.9
"""Side of the cut-out in the motorcycle's longer sides: the riders are above it, and a little to both sides."""
RAISED = 0.42
"""How far the cut-out's middle lies above the middle of the motorcycle, in its longer sides."""
SMALLEST_PX = 24.0
"""Longer side of a motorcycle below which no head above it has pixels enough to be judged."""
SAME = 0.5
"""IoU from which two boxes are one head."""


class HeadSearch:
    """Adds to what a detector saw the heads that a second look at each motorcycle finds.

    Args:
        detector: knows heads; by default `heads-n`, loaded at the first search.
    """

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector

    def added(self, frame_bgr: NDArray[np.uint8], detections: Detections, motorcycles: Sequence[Box]) -> Detections:
        """All detections, and heads besides; of one head found twice the surer stays.

        Args:
            frame_bgr: uint8 [height, width, 3].
            detections: of the whole frame.
            motorcycles: boxes to search above, in pixels.

        Raises:
            ModelError: the network is absent or damaged.
        """
        large = [box for box in motorcycles if max(box[2] - box[0], box[3] - box[1]) >= SMALLEST_PX]
        if not large:
            return detections
        if self._detector is None:
            self._detector = load_detector(MODEL, long_side_px=SIDE_PX)
        found = [detections, *(self._above(frame_bgr, box, self._detector) for box in large)]
        boxes = np.concatenate([one.boxes for one in found])
        scores = np.concatenate([one.scores for one in found])
        classes = np.concatenate([one.classes for one in found])
        everything = Detections(boxes, scores, classes)
        heads = np.isin(everything.names, list(HEAD_CLASSES))
        once = suppress(boxes[heads], scores[heads], np.zeros(int(heads.sum()), np.int64), overlap=SAME)
        keep = np.concatenate([np.flatnonzero(~heads), np.flatnonzero(heads)[once]])
        return everything[keep[np.argsort(-scores[keep], kind="stable")]]

    @staticmethod
    def _above(frame_bgr: NDArray[np.uint8], motorcycle: Box, detector: Detector) -> Detections:
        """The heads in a motorcycle's cut-out, in pixels of the frame."""
        x1, y1, x2, y2 = motorcycle
        size = max(x2 - x1, y2 - y1)
        side = max(2, round(REACH * size))
        left = round((x1 + x2) / 2 - side / 2)
        top = round((y1 + y2) / 2 - RAISED * size - side / 2)
        seen = detector.detect(cut_square(frame_bgr, left, top, side), confidence=LEAST_SCORE).only(*HEAD_CLASSES)
        height, width = frame_bgr.shape[:2]
        boxes = np.clip(seen.boxes + np.array([left, top] * 2, np.float32), 0, np.array([width, height] * 2))
        inside: NDArray[np.bool_] = np.all(boxes[:, 2:] - boxes[:, :2] > 1, axis=1)
        return Detections(boxes.astype(np.float32), seen.scores, seen.classes)[inside]
