"""A YOLO detector in an ONNX file, whatever runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.detection import CLASS_COUNTS, CLASSES, Detections
from models.errors import ModelError
from models.letterbox import LONG_SIDE_PX, Letterbox
from models.suppression import decode


class Runner(Protocol):
    """Runs one network: a blob [1, 3, h, w] in, the head's output [4 + classes, anchors] out."""

    def __call__(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run it."""
        ...


class OnnxDetector:
    """Letterbox, network, suppression; frames of any size.

    Args:
        path: the network's file, for messages.
        runner: runs it.
        long_side_px: longer side of the network's input.
    """

    def __init__(self, path: Path, runner: Runner, *, long_side_px: int = LONG_SIDE_PX) -> None:
        self._path = path
        self._run = runner
        self._long_side_px = long_side_px

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """Find the objects of one frame.

        Args:
            frame_bgr: uint8 [height, width, 3].
            confidence: lowest score to keep, 0..1.

        Raises:
            ValueError: the frame is not a colour image.
            ModelError: the file is not a detector of `CLASSES`.
        """
        if frame_bgr.ndim != 3 or frame_bgr.shape[2] != 3:
            raise ValueError(f"a frame is an array [height, width, 3], not {list(frame_bgr.shape)}")
        height, width = frame_bgr.shape[:2]
        fit = Letterbox.for_frame(width, height, long_side_px=self._long_side_px)
        output = self._run(fit.blob(frame_bgr))
        if output.ndim != 2 or output.shape[0] - 4 not in CLASS_COUNTS:
            raise ModelError(
                f"{self._path.name} is no detector of {len(CLASSES)} classes (its output is {list(output.shape)}): "
                "fetch it again with `tertib models fetch`"
            )
        boxes, scores, classes = decode(output, confidence=confidence)
        return Detections(fit.to_frame(boxes, width, height), scores, classes)
