"""A road on which invented vehicles drive, as a clip and as what a detector would see in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import av
import numpy as np

from models.detection import CLASSES, Detections
from models.plates.reading import PlateReading
from pipeline.scene import Scene

WIDTH, HEIGHT, FPS = 320, 240, 10
MORNING = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
CAMERA = {
    "id": "test-1",
    "name": "Test",
    "agency": "test",
    "jurisdiction": "jateng",
    "place": "Nowhere",
    "latitude": -7,
    "longitude": 110,
}


@dataclass(frozen=True)
class Vehicle:
    """A grey rectangle of one brightness; `place(t)` is its lower middle, or None while it is not there."""

    brightness: int
    place: Callable[[float], tuple[float, float] | None]
    kind: str = "car"
    size: tuple[int, int] = (50, 40)
    plate: bool = True

    def box(self, at_s: float) -> tuple[float, float, float, float] | None:
        middle = self.place(at_s)
        if middle is None:
            return None
        x, y = middle
        box = (x - self.size[0] / 2, y - self.size[1], x + self.size[0] / 2, min(y, HEIGHT))
        return box if box[0] >= 0 and box[2] <= WIDTH and box[1] >= 0 and box[3] - box[1] > 8 else None


def upwards(x: float, start: float, speed: float, since: float = 0.0) -> Callable[[float], tuple[float, float] | None]:
    return lambda t: (x, start - speed * (t - since)) if t >= since else None


def downwards(x: float, speed: float, since: float = 0.0) -> Callable[[float], tuple[float, float] | None]:
    return lambda t: (x, 50 + speed * (t - since)) if t >= since else None


def write_clip(path: Path, vehicles: list[Vehicle], seconds: float) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = FPS
        stream.options = {"preset": "ultrafast", "crf": "12"}
        for index in range(round(seconds * FPS)):
            pixels = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            for vehicle in vehicles:
                box = vehicle.box(index / FPS)
                if box:
                    x1, y1, x2, y2 = (round(v) for v in box)
                    pixels[y1:y2, x1:x2] = vehicle.brightness
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="bgr24")))
        output.mux(stream.encode(None))
    return path


class Onlooker:
    """Knows where the vehicles are, and which picture it is shown by counting; sees a plate below each."""

    def __init__(self, vehicles: list[Vehicle]) -> None:
        self._vehicles = vehicles
        self.at_s = 0.0

    def detect(self, frame_bgr: np.ndarray, *, confidence: float = 0.25) -> Detections:  # noqa: ARG002 - the port's
        found: list[tuple[tuple[float, float, float, float], str]] = []
        for vehicle in self._vehicles:
            box = self._find(frame_bgr, vehicle.brightness)
            if box:
                found.append((box, vehicle.kind))
                if vehicle.plate:
                    middle, bottom = (box[0] + box[2]) / 2, box[3]
                    found.append(((middle - 14, bottom - 12, middle + 14, bottom - 4), "plate"))
        boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
        classes = np.array([CLASSES.index(name) for _, name in found], np.int64)
        return Detections(boxes, np.full(len(found), 0.9, np.float32), classes)

    @staticmethod
    def _find(frame: np.ndarray, brightness: int) -> tuple[float, float, float, float] | None:
        rows, columns = np.nonzero(np.abs(frame[:, :, 1].astype(int) - brightness) < 8)
        if len(rows) < 60:
            return None
        low, high = np.percentile(columns, [1, 99]), np.percentile(rows, [1, 99])
        return float(low[0]), float(high[0]), float(low[1] + 1), float(high[1] + 1)


class PlateOf:
    """Reads one text for each brightness of the crop."""

    def __init__(self, texts: dict[int, str]) -> None:
        self._texts = texts

    def read(self, crop_bgr: np.ndarray) -> PlateReading:
        level = float(np.median(crop_bgr))
        near = min(self._texts, key=lambda brightness: abs(brightness - level), default=None)
        if near is None or abs(near - level) > 15:
            return PlateReading(None, 0.0, "nothing legible", (), (), None)
        return PlateReading(self._texts[near], 0.95, None, (), ((self._texts[near], 0.95),), None)


def scene(**parts: Any) -> Scene:
    frame = {"width_px": WIDTH, "height_px": HEIGHT}
    return Scene.model_validate({"name": "test", "camera": CAMERA, "frame": frame, **parts})


ROAD = [[20, 239], [20, 1], [300, 1], [300, 239]]
ONE_WAY_UP = {"id": "up", "polygon": ROAD, "direction": [[160, 200], [160, 50]]}
BUSES_ONLY = {"id": "bus", "polygon": ROAD, "reserved_for": {"classes": ["bus"]}}
