"""Networks trained by others, asked for labels.

All speak the classes of `models.detection.CLASSES`; what they know besides is dropped. They run once, on a
developer's machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray

from models.detection import CLASSES, Detections
from models.suppression import suppress

COCO = {2: "car", 3: "motorcycle", 5: "bus", 7: "truck", 1: "bicycle", 0: "person", 9: "signal"}
"""Rows of COCO's 80 classes that are ours."""
LOWEST_SCORE = 0.1
YOLOX_STRIDES = (8, 16, 32)


class Teacher(Protocol):
    """Labels one picture."""

    def look(self, picture_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes with scores of at least `LOWEST_SCORE`."""
        ...


class UltralyticsTeacher:
    """A COCO network, or the one-class plate detector, that ultralytics can load (`.pt` or `.tflite`)."""

    def __init__(self, path: Path, rows: dict[int, str]) -> None:
        from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - heavy; only who trains has it

        self._model: Any = YOLO(str(path), task="detect")
        self._rows = {row: CLASSES.index(name) for row, name in rows.items()}

    def look(self, picture_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes of one picture."""
        found = self._model.predict(
            picture_bgr, conf=LOWEST_SCORE, iou=0.6, imgsz=640, classes=list(self._rows), device="cpu", verbose=False
        )[0].boxes
        return Detections(
            found.xyxy.cpu().numpy().astype(np.float32).reshape(-1, 4),
            found.conf.cpu().numpy().astype(np.float32),
            np.array([self._rows[int(row)] for row in found.cls.tolist()], np.int64),
        )


class PlateTeacher:
    """The plate detector on the picture and on its inverse: Indonesian plates were white on black until 2022."""

    def __init__(self, path: Path) -> None:
        self._teacher = UltralyticsTeacher(path, {0: "plate"})

    def look(self, picture_bgr: NDArray[np.uint8]) -> Detections:
        """Plates of one picture."""
        plain, inverse = self._teacher.look(picture_bgr), self._teacher.look(255 - picture_bgr)
        both = Detections(
            np.concatenate([plain.boxes, inverse.boxes]),
            np.concatenate([plain.scores, inverse.scores]),
            np.concatenate([plain.classes, inverse.classes]),
        )
        return both[suppress(both.boxes, both.scores, both.classes, overlap=0.3)]


class YoloxTeacher:
    """YOLOX-Nano as ONNX, input 416, raw BGR values, grid not decoded."""

    def __init__(self, path: Path, *, side_px: int = 416) -> None:
        core = openvino.Core()
        self._request = core.compile_model(
            str(path), "CPU", {"INFERENCE_NUM_THREADS": 1, "PERFORMANCE_HINT": "LATENCY"}
        ).create_infer_request()
        self._side = side_px
        grids, strides = [], []
        for stride in YOLOX_STRIDES:
            count = side_px // stride
            x, y = np.meshgrid(np.arange(count), np.arange(count))
            grids.append(np.stack([x.ravel(), y.ravel()], axis=1))
            strides.append(np.full((count * count, 1), stride))
        self._grid = np.concatenate(grids).astype(np.float32)
        self._stride = np.concatenate(strides).astype(np.float32)

    def look(self, picture_bgr: NDArray[np.uint8]) -> Detections:
        """Boxes of one picture."""
        height, width = picture_bgr.shape[:2]
        scale = self._side / max(height, width)
        canvas = np.full((self._side, self._side, 3), 114, np.uint8)
        small = cv2.resize(picture_bgr, (max(1, int(width * scale)), max(1, int(height * scale))))
        canvas[: small.shape[0], : small.shape[1]] = small
        self._request.infer({0: canvas.transpose(2, 0, 1)[None].astype(np.float32)})
        head = np.array(self._request.get_output_tensor(0).data[0], np.float32)
        centre = (head[:, :2] + self._grid) * self._stride
        half = np.exp(head[:, 2:4]) * self._stride / 2
        boxes = np.concatenate([centre - half, centre + half], axis=1) / np.float32(scale)
        rows = list(COCO)
        ours = head[:, 5:][:, rows] * head[:, 4:5]
        scores, best = ours.max(axis=1), ours.argmax(axis=1)
        keep = scores >= LOWEST_SCORE
        classes = np.array([CLASSES.index(COCO[rows[index]]) for index in best[keep]], np.int64)
        found = Detections(
            np.clip(boxes[keep], 0, [width, height, width, height]).astype(np.float32),
            scores[keep].astype(np.float32),
            classes,
        )
        return found[suppress(found.boxes, found.scores, found.classes)]
