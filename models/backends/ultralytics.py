"""ultralytics on torch: for GPU boxes and for weights (`.pt`) that were not exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES, Detections
from models.errors import ModelError
from models.suppression import OVERLAP

ALIASES = {"traffic light": "signal", "license_plate": "plate", "license plate": "plate"}
"""Names of other people's networks for our classes."""


class UltralyticsDetector:
    """Runs a `.pt` or `.onnx` file; classes that are not ours are left out.

    Raises:
        ModelError: the extra `train` is not installed, or the file is no detector.
    """

    def __init__(self, path: Path, *, threads: int, device: str) -> None:
        try:
            import torch  # noqa: PLC0415 - only who chooses this backend has torch

            from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise ModelError("the backend `ultralytics` needs the extra `train`: run scripts/setup dev") from error
        if device == "CPU":
            torch.set_num_threads(threads)
        self._device = device.lower()
        self._model = YOLO(str(path), task="detect")
        names: dict[int, str] = self._model.names
        plain = {index: ALIASES.get(name.lower(), name.lower()) for index, name in names.items()}
        self._ours = {index: CLASSES.index(name) for index, name in plain.items() if name in CLASSES}
        if not self._ours:
            raise ModelError(f"{path.name} knows none of the classes {', '.join(CLASSES)}")

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """Find the objects of one frame (uint8 [height, width, 3]) with at least the given score."""
        result = self._model.predict(
            frame_bgr, conf=confidence, iou=OVERLAP, device=self._device, classes=list(self._ours), verbose=False
        )[0].boxes
        classes = np.array([self._ours[int(index)] for index in result.cls.tolist()], np.int64)
        return Detections(
            result.xyxy.cpu().numpy().astype(np.float32).reshape(-1, 4),
            result.conf.cpu().numpy().astype(np.float32),
            classes,
        )
