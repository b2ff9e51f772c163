"""What a user would assemble today, as the opponent of `tertib bench camera`."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve
from models.plates.reader import PlateReader, TwoStageReader
from models.plates.reading import PlateReading

SCORE: Final = 0.15
"""From here on boxes count, as in `pipeline.camera`: both are to look for the same things."""
USUAL_SCORE: Final = 0.25
"""The library's own default."""


@dataclass(frozen=True)
class Assembled:
    """What the opponent did with a clip.

    Attributes:
        tracks: Road users that it followed.
        reads: Plate boxes of the detector, each read.
        usual: Those of them with a score of at least `USUAL_SCORE`.
        returned: Those that came back from `track()`, which drops boxes that its tracker does not follow.
        reading_s: CPU seconds of reading.
    """

    tracks: int = 0
    reads: int = 0
    usual: int = 0
    returned: int = 0
    reading_s: float = 0.0


@dataclass
class Counting:
    """A plate reader of two stages that counts each call of either network's reader as a call of its own."""

    reader: TwoStageReader
    calls: int = 0

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """See `models.plates.reader.PlateReader`."""
        self.calls += 1
        return self.reader.read(crop_bgr)

    def glance(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """See `models.plates.reader.TwoStageReader`."""
        self.calls += 1
        return self.reader.glance(crop_bgr)

    def confirm(self, crop_bgr: NDArray[np.uint8], own: PlateReading) -> PlateReading:
        """See `models.plates.reader.TwoStageReader`."""
        self.calls += 1
        return self.reader.confirm(crop_bgr, own)


def ultralytics_track(reader: PlateReader) -> Callable[[Path], Assembled] | None:
    """`model.track()` on every picture of a clip and a reading of every plate box; None where it is not installed.

    The weights are the same as ours. The detector's boxes are taken before its tracker drops those that it does not
    follow: nearly all plates. Loading happens once, at the first clip, as it does with ours.
    """
    try:
        from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - a competitor, no dependency
    except ImportError:
        return None
    model = YOLO(str(resolve("traffic-n")), task="detect")
    detected: list[Any] = []

    def note(predictor: Any) -> None:  # noqa: ANN401 - ultralytics carries no types
        detected[:] = [result.boxes for result in predictor.results]

    # Before the tracker's own callback of that name, which replaces the boxes.
    model.add_callback("on_predict_postprocess_end", note)

    def watch(clip: Path) -> Assembled:
        done, tracks = Assembled(), set[int]()
        for result in model.track(source=str(clip), stream=True, verbose=False, conf=SCORE, device="cpu"):
            plates = [box for boxes in detected for box in boxes if result.names[int(box.cls)] == "plate"]
            began_s = time.process_time()
            for box in plates:
                x1, y1, x2, y2 = (max(0, int(value)) for value in box.xyxy[0])
                if x2 > x1 and y2 > y1:
                    reader.read(result.orig_img[y1:y2, x1:x2])
            done = replace(
                done,
                reads=done.reads + len(plates),
                usual=done.usual + sum(float(box.conf) >= USUAL_SCORE for box in plates),
                returned=done.returned + sum(result.names[int(box.cls)] == "plate" for box in result.boxes),
                reading_s=done.reading_s + time.process_time() - began_s,
            )
            followed = [box for box in result.boxes if box.id is not None and result.names[int(box.cls)] != "plate"]
            tracks |= {int(box.id) for box in followed}
        return replace(done, tracks=len(tracks))

    return watch


def version() -> str:
    """The opponent's name for a table."""
    for name in ("ultralytics", "ultralytics-opencv-headless"):
        try:
            number = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return f"ultralytics {number} track() on every frame + OCR of every plate box"
    return "ultralytics is absent"


def decoding(clip: Path) -> None:
    """What ultralytics' loader does to every picture before anything else."""
    pictures = cv2.VideoCapture(str(clip))
    while pictures.read()[0]:
        pass
    pictures.release()
