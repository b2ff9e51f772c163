"""How long one camera's pictures are with the detector, for the figures of a box."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector


class TimedDetector:
    """One camera's view of a detector that it may share.

    Args:
        detector: Does the work.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.spent_s = 0.0

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """See `models.detector.Detector`."""
        began_s = time.perf_counter()
        try:
            return self._detector.detect(frame_bgr, confidence=confidence)
        finally:
            self.spent_s += time.perf_counter() - began_s
