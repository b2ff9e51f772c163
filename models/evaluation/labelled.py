"""The detector on frames that were labelled by hand: average precision, recall by class, size and light, confusion.

Labels lie in `tests/truth/detector`, a file a clip; the frames themselves are not redistributed, so they are read from
the clips. Regions that could not be judged are `ignored`: what is found there is neither right nor wrong.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector
from models.errors import ModelError
from models.evaluation.figures import ROOM
from models.evaluation.matching import Tally, mean, pairs
from models.suppression import suppress

TRUTH = ROOM.parent / "tests" / "truth" / "detector"
FAMILIES = {"vehicle": ("car", "motorcycle", "bus", "truck"), "person": ("person",), "signal": ("signal",)}
CLASSES = ("car", "motorcycle", "bus", "truck", "person", "signal")
CONFIDENCE = 0.25
LOWEST_SCORE = 0.01
SIZES_PX = ((0, 16), (16, 32), (32, 64), (64, 100_000))
LIGHTS = {"crosswalk": "night", "motorway-rain-1": "rain", "motorway-rain-2": "low sun"}
"""What is not plain daylight."""
Boxes = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LabelledFrame:
    """One frame and what is on it.

    Attributes:
        clip: name of the clip.
        learned: whether other frames of this clip were learned from.
        bgr: uint8 [height, width, 3].
        boxes: float32 [n, 4], pixels.
        names: class of each box.
        ignored: float32 [m, 4]: regions that nobody could judge.
    """

    clip: str
    learned: bool
    bgr: NDArray[np.uint8]
    boxes: Boxes
    names: tuple[str, ...]
    ignored: Boxes

    def only(self, *names: str) -> Boxes:
        """Boxes of some classes."""
        return self.boxes[[name in names for name in self.names]].reshape(-1, 4)


def labelled_frames(data: Path, truth: Path = TRUTH) -> Iterator[LabelledFrame]:
    """All labelled frames, clip by clip.

    Raises:
        ModelError: no labels, or a clip is absent or shorter than its labels say.
    """
    files = sorted(truth.glob("*.json"))
    if not files:
        raise ModelError(f"no labelled frames in {truth}: they are part of the repository")
    for file in files:
        notes = json.loads(file.read_text(encoding="utf-8"))
        path = data / notes["folder"] / f"{notes['clip']}.mp4"
        wanted = {frame["frame"]: frame for frame in notes["frames"]}
        capture = cv2.VideoCapture(str(path))
        # Decoded in order: seeking lands on other frames in other builds of FFmpeg.
        for index in range(max(wanted) + 1):
            good, bgr = capture.read()
            if not good:
                raise ModelError(f"{path} is absent or ends before frame {max(wanted)}, which {file.name} labels")
            if index in wanted:
                yield _frame(notes, wanted[index], bgr.astype(np.uint8, copy=False))
        capture.release()


def _frame(notes: dict[str, Any], frame: dict[str, Any], bgr: NDArray[np.uint8]) -> LabelledFrame:
    boxes = np.array([entry["box"] for entry in frame["objects"]], np.float32).reshape(-1, 4)
    names = tuple(str(entry["class"]) for entry in frame["objects"])
    ignored = np.array(frame["ignored"], np.float32).reshape(-1, 4)
    return LabelledFrame(notes["clip"], notes["folder"].endswith("ship"), bgr, boxes, names, ignored)


def on_labelled_frames(detector: Detector, data: Path, truth: Path = TRUTH) -> dict[str, Any]:
    """Measure on the hand-labelled frames.

    Returns:
        `dev` (clips never learned from) and `ship` (other frames of clips that were learned from), each with `n`,
        `map50` over classes, `by_class`, `vehicles` (merged), `by_size`, `by_light` and `named` (their class: ours).
    """
    groups: dict[str, Group] = {"dev": Group(), "ship": Group()}
    for frame in labelled_frames(data, truth):
        groups["ship" if frame.learned else "dev"].add(frame, detector.detect(frame.bgr, confidence=LOWEST_SCORE))
    return {name: group.told() for name, group in groups.items()}


class Group:
    """Gathers the frames of one group."""

    def __init__(self) -> None:
        self._count = 0
        self._classes: dict[str, Tally] = {name: Tally() for name in CLASSES}
        self._families: dict[str, Tally] = {name: Tally() for name in FAMILIES}
        self._sizes: dict[str, list[bool]] = defaultdict(list)
        self._lights: dict[str, list[bool]] = defaultdict(list)
        self._named: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, frame: LabelledFrame, found: Detections) -> None:
        """Count one frame."""
        self._count += 1
        for name in CLASSES:
            chosen = _judged(found.only(name), frame, (name,))
            self._classes[name].add(chosen, frame.only(name))
        for family, names in FAMILIES.items():
            truth = frame.only(*names)
            chosen = _once(_judged(found.only(*names), frame, names))
            self._families[family].add(chosen, truth)
            if family != "vehicle":
                continue
            sure = chosen[chosen.scores >= CONFIDENCE]
            theirs = [name for name in frame.names if name in names]
            for box, name, other in zip(truth, theirs, pairs(sure, truth), strict=True):
                hit = other is not None
                self._named[name][sure.names[other] if other is not None else "nothing"] += 1
                side = float(np.sqrt(max(0.0, float((box[2:] - box[:2]).prod()))))
                low, high = next(span for span in SIZES_PX if span[0] <= side < span[1])
                self._sizes[f"{low}-{high}px" if high < 1000 else f"over_{low}px"].append(hit)
                self._lights[LIGHTS.get(frame.clip, "day")].append(hit)

    def told(self) -> dict[str, Any]:
        """The figures."""
        return {
            "n": self._count,
            "map50": _rounded(mean([tally.average_precision() for tally in self._classes.values()])),
            "by_class": {name: _of(tally) for name, tally in self._classes.items() if tally.objects},
            "merged": {name: _of(tally) for name, tally in self._families.items() if tally.objects},
            "by_size": {name: _share(hits) for name, hits in sorted(self._sizes.items())},
            "by_light": {name: _share(hits) for name, hits in sorted(self._lights.items())},
            "named": {name: dict(counts.most_common()) for name, counts in self._named.items()},
        }


def _judged(found: Detections, frame: LabelledFrame, names: tuple[str, ...]) -> Detections:
    """Without what lies mostly in a region that nobody could judge, unless it is one of the labelled objects."""
    regions = frame.ignored
    if names == ("person",):
        # People behind windscreens are not labelled.
        regions = np.concatenate([regions, frame.only("car", "bus", "truck")])
    if not len(found) or not len(regions):
        return found
    inside = _inside(found.boxes, regions) >= 0.5
    hits = np.zeros(len(found), np.bool_)
    truth = frame.only(*names)
    if len(truth):
        order = found[np.argsort(-found.scores, kind="stable")]
        hits_of = {index for index in pairs(order, truth) if index is not None}
        places = np.argsort(-found.scores, kind="stable")
        for index in hits_of:
            hits[places[index]] = True
    return found[hits | ~inside]


def _inside(boxes: Boxes, regions: Boxes) -> NDArray[np.float32]:
    """Largest share of each box that lies in one region."""
    top_left = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    inner = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area = np.maximum((boxes[:, 2:] - boxes[:, :2]).prod(axis=1), 1e-6)
    shares: NDArray[np.float32] = (inner.max(axis=1) / area).astype(np.float32)
    return shares


def _once(found: Detections) -> Detections:
    return found[suppress(found.boxes, found.scores, np.zeros(len(found), np.int64))]


def _of(tally: Tally) -> dict[str, Any]:
    return {
        "objects": tally.objects,
        "ap50": _rounded(tally.average_precision()),
        "recall": _rounded(tally.recall(CONFIDENCE)),
        "precision": _rounded(tally.precision(CONFIDENCE)),
    }


def _share(hits: list[bool]) -> dict[str, Any]:
    return {"objects": len(hits), "recall": _rounded(sum(hits) / len(hits) if hits else None)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
