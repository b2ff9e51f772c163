"""One detector a process, shared by its cameras: the weights are loaded once and one picture is inferred at a time."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector


class SharedDetector:
    """Lets several cameras' threads use one detector.

    Args:
        detector: Not safe to be called from two threads at once.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._lock = threading.Lock()
        self.inferences = 0

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """See `models.detector.Detector`."""
        with self._lock:
            self.inferences += 1
            return self._detector.detect(frame_bgr, confidence=confidence)
