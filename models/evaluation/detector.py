"""How well the detector does: on boxes that people drew, and against YOLO11n on frames of real cameras."""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import in_use, resolve, sha256_of
from models.detection import CLASSES, Detections
from models.detector import Detector, load_detector
from models.evaluation.figures import extra_data
from models.evaluation.matching import SAME_OBJECT, Tally, match, mean
from models.evaluation.reference import Frame, frames, reference
from models.suppression import overlaps, suppress

CONFIDENCE = 0.25
FLOOR = 0.88
"""Share of YOLO11n's objects that must be found: less means that fine-tuning lost what COCO taught."""
VEHICLES = ("car", "motorcycle", "bus", "truck")
LOWEST_SCORE = 0.01
SIZES_PX = ((0, 16), (16, 32), (32, 64), (64, 10_000))


def evaluate(data: Path | None = None, *, detector: Detector | None = None, speed: bool = True) -> dict[str, Any]:
    """Measure the detector in use.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        detector: another detector than the one in use.
        speed: also time both run times on one thread.

    Returns:
        `sets` (a set's n, map50, recall at `CONFIDENCE`, by_class) and, for the clips, the shares of YOLO11n's objects.

    Raises:
        ModelError: the footage or a model is absent.
    """
    data = data or extra_data()
    name = in_use()
    used = detector or load_detector(name)
    sets = {
        "plates-vehicles-valid": _on_labelled(used, _plates_vehicles(data), merge=("car", "bus", "truck")),
        "signals-id-valid": _on_labelled(used, _signals(data), merge=()),
        "dev-clips-vs-yolo11n": against_reference(used, data),
    }
    found: dict[str, Any] = {"model": name, "confidence": CONFIDENCE, "floor": FLOOR, "sets": sets}
    if detector is None:
        found["sha256"] = sha256_of(resolve(name))
    if speed and detector is None:
        found["ms_1280x720_one_thread"] = {backend: _speed_ms(name, backend) for backend in ("openvino", "onnxruntime")}
    return found


Labelled = Iterable[tuple[NDArray[np.uint8], dict[str, NDArray[np.float32]]]]
"""Pictures with the true boxes of each labelled class."""


def _on_labelled(detector: Detector, pictures: Labelled, *, merge: tuple[str, ...]) -> dict[str, Any]:
    tallies: dict[str, Tally] = defaultdict(Tally)
    count = 0
    for bgr, truth in pictures:
        count += 1
        found = detector.detect(bgr, confidence=LOWEST_SCORE)
        for name, boxes in truth.items():
            chosen = found.only(*merge) if name in merge else found.only(name)
            tallies[name].add(chosen, boxes)
    by_class = {
        name: {
            "objects": tally.objects,
            "ap50": _rounded(tally.average_precision()),
            "recall": _rounded(tally.recall(CONFIDENCE)),
            "precision": _rounded(tally.precision(CONFIDENCE)),
        }
        for name, tally in tallies.items()
    }
    return {
        "n": count,
        "map50": _rounded(mean([tally.average_precision() for tally in tallies.values()])),
        "recall": _rounded(mean([tally.recall(CONFIDENCE) for tally in tallies.values()])),
        "by_class": by_class,
    }


def against_reference(detector: Detector, data: Path) -> dict[str, Any]:
    """Share of YOLO11n's objects that are found, vehicles merged, by class, size and clip."""
    seen: list[Frame] = list(frames(data / "video" / "dev"))
    truth = reference(data, seen)
    tally = Tally()
    objects: dict[str, list[bool]] = defaultdict(list)
    sizes: dict[str, list[bool]] = defaultdict(list)
    clips: dict[str, list[bool]] = defaultdict(list)
    named: dict[str, Counter[str]] = defaultdict(Counter)
    for frame in seen:
        theirs, ours = truth[frame.key], detector.detect(frame.bgr, confidence=LOWEST_SCORE)
        for group in (VEHICLES, ("person",), ("bicycle",), ("signal",)):
            # Without its own doubles: YOLO11n calls one van car and truck.
            wanted, all_found = _once(theirs.only(*group)), ours.only(*group)
            found = all_found[all_found.scores >= CONFIDENCE]
            hit = match(found, wanted.boxes)
            label = "vehicle" if group is VEHICLES else group[0]
            objects[label].extend(hit.tolist())
            clips[frame.key.rsplit("-", 1)[0]].extend(hit.tolist())
            for theirs_name, ours_name in _names(wanted, found):
                named[theirs_name][ours_name] += 1
            if group is VEHICLES:
                tally.add(all_found, wanted.boxes)
                for good, size in zip(hit.tolist(), _sides(wanted), strict=True):
                    low, high = next(span for span in SIZES_PX if span[0] <= size < span[1])
                    sizes[f"{low}-{high}px" if high < 10_000 else f"over_{low}px"].append(good)
    everything = [hit for hits in objects.values() for hit in hits]
    return {
        "n": len(seen),
        "map50": _rounded(tally.average_precision()),
        "recall": _share(objects["vehicle"]),
        "found_of_yolo11n": {"vehicles": _share(objects["vehicle"]), "all_classes": _share(everything)},
        "passes_floor": (_share(objects["vehicle"]) or 0) >= FLOOR,
        "by_class": {name: {"objects": len(hits), "recall": _share(hits)} for name, hits in objects.items()},
        "named_by_us": {name: dict(counts) for name, counts in named.items()},
        "by_size": {name: {"objects": len(hits), "recall": _share(hits)} for name, hits in sorted(sizes.items())},
        "by_clip": {name: {"objects": len(hits), "recall": _share(hits)} for name, hits in clips.items()},
    }


def _names(wanted: Detections, found: Detections) -> list[tuple[str, str]]:
    """What they call an object and what we call it, where both see one."""
    if not len(wanted) or not len(found):
        return []
    table = overlaps(wanted.boxes, found.boxes)
    best = table.argmax(axis=1)
    pairs = zip(wanted.names, best.tolist(), table.max(axis=1).tolist(), strict=True)
    return [(name, found.names[index]) for name, index, share in pairs if share >= SAME_OBJECT]


def _once(found: Detections) -> Detections:
    return found[suppress(found.boxes, found.scores, np.zeros(len(found), np.int64))]


def _sides(found: Detections) -> list[float]:
    sides = found.boxes[:, 2:] - found.boxes[:, :2]
    return [float(value) for value in np.sqrt(np.maximum(sides.prod(axis=1), 0))]


def _plates_vehicles(data: Path) -> Labelled:
    # Labelled by people, mostly one object a picture, so precision is a lower bound.
    from models.training.traffic.sources import pictures  # noqa: PLC0415 - readers of the training data

    for picture in pictures(data, valid=True):
        if picture.name.startswith("plates-"):
            yield picture.bgr, _by_name(picture.human, ("car", "motorcycle", "plate"))


def _signals(data: Path) -> Labelled:
    from models.training.traffic.sources import pictures  # noqa: PLC0415 - as above

    for picture in pictures(data, valid=True):
        if picture.name.startswith("signals-"):
            yield picture.bgr, _by_name(picture.human, ("signal",))


def _by_name(
    human: tuple[NDArray[np.float32], NDArray[np.int64]], names: tuple[str, ...]
) -> dict[str, NDArray[np.float32]]:
    boxes, classes = human
    found = {name: boxes[classes == CLASSES.index(name)] for name in names}
    return {name: chosen for name, chosen in found.items() if len(chosen)}


def _speed_ms(name: str, backend: str, *, runs: int = 30) -> float:
    detector = load_detector(name, backend=backend, threads=1)
    random = np.random.default_rng(0)
    frame = cv2.resize(random.integers(0, 255, (90, 160, 3), dtype=np.uint8), (1280, 720))
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        detector.detect(frame)
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took[3:]), 1)


def _share(hits: list[bool]) -> float | None:
    return _rounded(sum(hits) / len(hits)) if hits else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
