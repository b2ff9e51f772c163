"""The detector on pictures with boxes that people drew, and on streets that the stage drew.

None of them was learned from: the valid parts of the photographs, and streets of another seed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES
from models.detector import Detector
from models.evaluation.matching import Tally, match, mean

CONFIDENCE = 0.25
PLATE_CONFIDENCE = 0.15
"""Plates are asked for from this score on by the pipeline, inside a vehicle's box only."""
LOWEST_SCORE = 0.01
HEADS = ("helmeted_head", "bare_head")
LEGIBLE_PX = 40
"""Width from which a drawn plate could be read."""
Truth = dict[str, NDArray[np.float32]]
Labelled = Iterable[tuple[NDArray[np.uint8], Truth]]
"""Pictures with the true boxes of each labelled class."""


def on_photographs(detector: Detector, data: Path) -> dict[str, Any]:
    """Vehicles and plates, plates as negatives, and signals, each a set with `n`; most with `map50` and `by_class`."""
    vehicles = ("car", "bus", "truck")
    return {
        "plates-vehicles-valid": on_labelled(
            detector, _of_set(data, "plates-", ("car", "motorcycle", "plate")), vehicles
        ),
        "plates-vehicles-valid-negatives": negatives(detector, _of_set(data, "plates-", ("plate",))),
        "signals-id-valid": on_labelled(detector, _of_set(data, "signals-", ("signal",))),
    }


def on_labelled(detector: Detector, pictures: Labelled, merge: tuple[str, ...] = ()) -> dict[str, Any]:
    """Average precision and recall a class; classes of `merge` are one."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    count = 0
    for bgr, truth in pictures:
        count += 1
        found = detector.detect(bgr, confidence=LOWEST_SCORE)
        for name, boxes in truth.items():
            tallies[name].add(found.only(*merge) if name in merge else found.only(name), boxes)
    return told(count, tallies)


def on_heads(detector: Detector, data: Path) -> dict[str, Any]:
    """Heads with and without helmets; `any_head` asks only where heads are."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    count = 0
    for bgr, truth in _helmets(data / "images" / "helmets" / "valid"):
        count += 1
        found = detector.detect(bgr, confidence=LOWEST_SCORE)
        for name in HEADS:
            tallies[name].add(found.only(name), truth[name])
        tallies["any_head"].add(found.only(*HEADS), np.concatenate([truth[name] for name in HEADS]))
    figures = told(count, tallies)
    return {**figures, "map50": rounded(mean([tallies[name].average_precision() for name in HEADS]))}


def negatives(detector: Detector, pictures: Labelled) -> dict[str, Any]:
    """Plates turned into their negative where they are: light ones become dark, as Indonesia's were until 2022."""
    hits: list[bool] = []
    for bgr, truth in pictures:
        if not len(truth.get("plate", ())):
            continue
        for x1, y1, x2, y2 in truth["plate"].astype(int).clip(0).tolist():
            bgr[y1:y2, x1:x2] = 255 - bgr[y1:y2, x1:x2]
        hits += match(detector.detect(bgr, confidence=PLATE_CONFIDENCE).only("plate"), truth["plate"]).tolist()
    return {"n": len(hits), "recall": _share(hits), "confidence": PLATE_CONFIDENCE}


def on_drawn(detector: Detector, folder: Path) -> dict[str, Any]:
    """Streets that the stage drew, all plates white on black; the classes, and the plates of motorcycles by width."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    plates: dict[str, list[bool]] = defaultdict(list)
    count = 0
    for path in sorted((folder / "images").glob("*.jpg")):
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        count += 1
        height, width = bgr.shape[:2]
        truth, unsure = _yolo(folder / "labels" / f"{path.stem}.txt", width, height)
        found = detector.detect(bgr.astype(np.uint8, copy=False), confidence=LOWEST_SCORE)
        for name, boxes in truth.items():
            tallies[name].add(found.only(name), boxes, ignored=unsure)
        seen = found.only("plate")
        dark = truth.get("plate", np.zeros((0, 4), np.float32))
        for box, hit in zip(dark, match(seen[seen.scores >= PLATE_CONFIDENCE], dark).tolist(), strict=True):
            plates["legible" if box[2] - box[0] >= LEGIBLE_PX else "smaller"].append(hit)
            plates["all"].append(hit)
    dark_plates = {name: {"objects": len(hits), "recall": _share(hits)} for name, hits in plates.items()}
    return {**told(count, tallies), "dark_plates": {**dark_plates, "confidence": PLATE_CONFIDENCE}}


def told(count: int, tallies: dict[str, Tally]) -> dict[str, Any]:
    """The figures of a set."""
    by_class = {
        name: {
            "objects": tally.objects,
            "ap50": rounded(tally.average_precision()),
            "recall": rounded(tally.recall(CONFIDENCE)),
            "precision": rounded(tally.precision(CONFIDENCE)),
        }
        for name, tally in tallies.items()
        if tally.objects
    }
    return {
        "n": count,
        "map50": rounded(mean([tally.average_precision() for tally in tallies.values()])),
        "recall": rounded(mean([tally.recall(CONFIDENCE) for tally in tallies.values()])),
        "by_class": by_class,
    }


def _of_set(data: Path, prefix: str, names: tuple[str, ...]) -> Iterator[tuple[NDArray[np.uint8], Truth]]:
    # Labelled by people, mostly one object a picture, so precision is a lower bound.
    from models.training.traffic.sources import pictures  # noqa: PLC0415 - readers of the training data

    for picture in pictures(data, valid=True, prefix=prefix):
        boxes, classes = picture.human
        found = {name: boxes[classes == CLASSES.index(name)] for name in names}
        yield picture.bgr, {name: chosen for name, chosen in found.items() if len(chosen)}


def _helmets(folder: Path) -> Iterator[tuple[NDArray[np.uint8], Truth]]:
    from models.training.traffic.sources import helmets  # noqa: PLC0415 - as above

    for picture in helmets(folder):
        boxes, classes = picture.human
        yield picture.bgr, {name: boxes[classes == CLASSES.index(name)] for name in HEADS}


def _yolo(path: Path, width: int, height: int) -> tuple[Truth, NDArray[np.float32]]:
    """Boxes by class in pixels, and those that are undecided."""
    rows = [[float(part) for part in line.split()] for line in path.read_text(encoding="utf-8").splitlines() if line]
    table = np.array(rows, np.float32).reshape(-1, 5)
    half = table[:, 3:] / 2
    boxes = np.concatenate([table[:, 1:3] - half, table[:, 1:3] + half], axis=1) * np.array([width, height] * 2)
    kinds = table[:, 0].astype(int)
    truth = {name: boxes[kinds == index].astype(np.float32) for index, name in enumerate(CLASSES) if index in kinds}
    return truth, boxes[kinds >= len(CLASSES)].astype(np.float32)


def _share(hits: list[bool]) -> float | None:
    return rounded(sum(hits) / len(hits)) if hits else None


def rounded(value: float | None) -> float | None:
    """Four places are enough."""
    return None if value is None else round(value, 4)
