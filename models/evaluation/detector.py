"""How well the detector does: on boxes that people drew, and against YOLO11n on frames of real cameras."""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.catalogue import in_use, load_catalogue, resolve, sha256_of
from models.detection import Detections
from models.detector import Detector, load_detector
from models.evaluation.figures import extra_data
from models.evaluation.labelled import on_labelled_frames
from models.evaluation.matching import SAME_OBJECT, Tally, match
from models.evaluation.photographs import on_drawn, on_heads, on_photographs, rounded
from models.evaluation.reference import Frame, frames, reference
from models.suppression import overlaps, suppress

CONFIDENCE = 0.25
EIGHT_BITS = "traffic-n-int8"
HEADS = "heads-n"
FLOOR = 0.9
"""Share of YOLO11n's objects that must be found: less means that fine-tuning lost what COCO taught."""
VEHICLES = ("car", "motorcycle", "bus", "truck")
LOWEST_SCORE = 0.01
SIZES_PX = ((0, 16), (16, 32), (32, 64), (64, 10_000))


def evaluate(
    data: Path | None = None, *, detector: Detector | None = None, drawn: Path | None = None, speed: bool = True
) -> dict[str, Any]:
    """Measure the detector in use, its eight-bit form on what shows what eight bits cost, and the network for heads.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        detector: another detector than the one in use.
        drawn: folder of streets that the stage drew (`tertib models draw --black-plates`), if any.
        speed: also time both forms on one thread.

    Returns:
        `sets` (a set's n, map50, recall at `CONFIDENCE`, by_class), for the clips the shares of YOLO11n's objects, for
        the hand-labelled frames average precision and recall by class, size and light; `int8` and `heads` alike.

    Raises:
        ModelError: the footage or a model is absent.
    """
    data = data or extra_data()
    name = in_use()
    used = detector or load_detector(name)
    found: dict[str, Any] = {
        "model": name,
        "confidence": CONFIDENCE,
        "floor": FLOOR,
        "sets": {
            **on_photographs(used, data),
            **({"drawn-streets": on_drawn(used, drawn)} if drawn else {}),
            "dev-clips-vs-yolo11n": against_reference(used, data),
            "hand-labelled": on_labelled_frames(used, data),
        },
    }
    if detector is not None:
        return found
    found["sha256"] = sha256_of(resolve(name))
    if EIGHT_BITS in load_catalogue().models:
        small = load_detector(EIGHT_BITS)
        found["int8"] = {
            "model": EIGHT_BITS,
            "sha256": sha256_of(resolve(EIGHT_BITS)),
            "sets": {
                **({"drawn-streets": on_drawn(small, drawn)} if drawn else {}),
                "dev-clips-vs-yolo11n": against_reference(small, data),
                "hand-labelled": on_labelled_frames(small, data),
            },
        }
    if HEADS in load_catalogue().models:
        sets = {"helmets-valid": on_heads(load_detector(HEADS), data)}
        found["heads"] = {"model": HEADS, "sha256": sha256_of(resolve(HEADS)), "sets": sets}
    if speed:
        forms = [form for form in (name, EIGHT_BITS, HEADS) if form in load_catalogue().models]
        found["ms_1280x720_one_thread"] = {form: speed_ms(form) for form in forms}
    return found


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
        "map50": rounded(tally.average_precision()),
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


def speed_ms(name: str, backend: str = "openvino", *, runs: int = 30) -> dict[str, float]:
    """Milliseconds for one 1280x720 frame on one thread, letterbox and suppression included: medians.

    Beside the time on the wall stands the processor's, which other work on the machine disturbs less.
    """
    detector = load_detector(name, backend=backend, threads=1)
    random = np.random.default_rng(0)
    frame = cv2.resize(random.integers(0, 255, (90, 160, 3), dtype=np.uint8), (1280, 720))
    wall, processor = [], []
    for _ in range(runs):
        began, used = time.perf_counter(), time.process_time()
        detector.detect(frame)
        wall.append((time.perf_counter() - began) * 1000)
        processor.append((time.process_time() - used) * 1000)
    return {"wall": round(statistics.median(wall[3:]), 1), "processor": round(statistics.median(processor[3:]), 1)}


def _share(hits: list[bool]) -> float | None:
    return rounded(sum(hits) / len(hits)) if hits else None
