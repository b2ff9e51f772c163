"""What YOLO11n sees on frames of real cameras: the mark that `traffic-n` must not fall behind."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import home, sha256_of
from models.detection import CLASSES, Detections
from models.errors import ModelError

FRAMES_A_CLIP = 8
REFERENCE_SCORE = 0.4
WEIGHTS = Path("weights") / "yolo11n_full_integer_quant.tflite"
COCO_ROWS = {2: "car", 3: "motorcycle", 5: "bus", 7: "truck", 1: "bicycle", 0: "person", 9: "signal"}


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a clip; the key names both."""

    key: str
    bgr: NDArray[np.uint8]


def frames(clips: Path, *, count: int = FRAMES_A_CLIP) -> Iterator[Frame]:
    """Evenly spread frames of every clip in a folder.

    Raises:
        ModelError: the folder holds no clips.
    """
    paths = sorted(clips.glob("*.mp4"))
    if not paths:
        raise ModelError(f"{clips} holds no clips to measure on")
    for path in paths:
        capture = cv2.VideoCapture(str(path))
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        wanted = {int((place + 0.5) / count * total) for place in range(count)}
        # Decoded in order: seeking lands on other frames in other builds of FFmpeg.
        for index in range(max(wanted, default=-1) + 1):
            good, frame = capture.read()
            if not good:
                break
            if index in wanted:
                yield Frame(f"{path.stem}-{index}", frame)
        capture.release()


def reference(data: Path, seen: list[Frame]) -> dict[str, Detections]:
    """YOLO11n's boxes of at least `REFERENCE_SCORE` on these frames, computed once and kept under `TERTIB_HOME`.

    Raises:
        ModelError: the weights are absent, or nothing here can run them.
    """
    weights = data / WEIGHTS
    if not weights.exists():
        raise ModelError(f"the reference detector {weights} is missing: without it there is nothing to compare with")
    mark = hashlib.sha256(("\n".join(frame.key for frame in seen) + sha256_of(weights)).encode()).hexdigest()[:16]
    cache = home() / "evaluation" / f"yolo11n-{mark}.json"
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(json.dumps(_look(weights, seen)), encoding="utf-8")
    rows = json.loads(cache.read_text(encoding="utf-8"))
    return {
        key: Detections(
            np.array([row[0] for row in found], np.float32).reshape(-1, 4),
            np.array([row[1] for row in found], np.float32),
            np.array([CLASSES.index(row[2]) for row in found], np.int64),
        )
        for key, found in rows.items()
    }


def _look(weights: Path, seen: list[Frame]) -> dict[str, list[tuple[list[float], float, str]]]:
    if importlib.util.find_spec("ultralytics") is None or importlib.util.find_spec("ai_edge_litert") is None:
        raise ModelError(
            "computing the reference boxes needs the extra `train` and the package ai-edge-litert: pip install it"
        )
    from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - only in the extra `train`

    model = YOLO(str(weights), task="detect")
    found: dict[str, list[tuple[list[float], float, str]]] = {}
    for frame in seen:
        boxes = model.predict(
            frame.bgr, conf=REFERENCE_SCORE, iou=0.6, classes=list(COCO_ROWS), device="cpu", verbose=False
        )[0].boxes
        names = [COCO_ROWS[int(row)] for row in boxes.cls.tolist()]
        corners = [[round(value, 1) for value in box] for box in boxes.xyxy.tolist()]
        found[frame.key] = list(zip(corners, (round(score, 3) for score in boxes.conf.tolist()), names, strict=True))
    return found
