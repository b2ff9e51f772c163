"""One opinion out of several teachers'.

Two teachers that agree make a label; one that is sure makes one too; a box that only one teacher half sees is
undecided: the network is taught nothing there, rather than something wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES, Detections
from models.suppression import overlaps

UNDECIDED = len(CLASSES)
"""Class index of a region in which no class is taught."""
HEADS_UNDECIDED = UNDECIDED + 1
"""Class index of a region in which nothing is taught about heads: people marked few of the heads in the footage."""
SAME_OBJECT = 0.5
AGREED = 0.3
"""Mean score from which two agreeing teachers are believed."""
SURE = 0.6
"""Score from which one teacher alone is believed."""
HALF_SEEN = 0.25
PLATE_SURE = 0.5
PLATE_ALONE = 0.75
"""Score from which a plate outside every vehicle is believed: captions and watermarks look like plates."""
FOUR_WHEELS = frozenset(CLASSES.index(name) for name in ("car", "bus", "truck"))

Labels = tuple[NDArray[np.float32], NDArray[np.int64]]
"""Boxes [n, 4] in pixels and classes [n], where `UNDECIDED` is one."""


def _same_kind(first: int, second: int) -> bool:
    return first == second or (first in FOUR_WHEELS and second in FOUR_WHEELS)


def agree(opinions: Sequence[Detections]) -> Labels:
    """Merge what several teachers saw in one picture.

    Args:
        opinions: one `Detections` a teacher; a teacher votes once for an object.

    Returns:
        Boxes (score-weighted means) and classes.
    """
    boxes = np.concatenate([seen.boxes for seen in opinions])
    scores = np.concatenate([seen.scores for seen in opinions])
    classes = np.concatenate([seen.classes for seen in opinions])
    teacher = np.concatenate([np.full(len(seen), index) for index, seen in enumerate(opinions)])
    order = np.argsort(-scores, kind="stable")
    free = np.ones(len(boxes), np.bool_)
    table = overlaps(boxes, boxes) if len(boxes) else np.zeros((0, 0), np.float32)
    merged: list[NDArray[np.float32]] = []
    names: list[int] = []
    for seed in order:
        if not free[seed]:
            continue
        group = [int(seed)]
        voted = {int(teacher[seed])}
        for other in order:
            close = free[other] and other != seed and table[seed, other] >= SAME_OBJECT
            if not close or not _same_kind(int(classes[seed]), int(classes[other])):
                continue
            free[other] = False
            if int(teacher[other]) not in voted:
                voted.add(int(teacher[other]))
                group.append(int(other))
        free[seed] = False
        if scores[seed] < HALF_SEEN:
            continue
        believed = (len(group) >= 2 and scores[group].mean() >= AGREED) or scores[seed] >= SURE
        votes = np.bincount(classes[group], weights=scores[group], minlength=len(CLASSES))
        merged.append(np.average(boxes[group], axis=0, weights=scores[group]).astype(np.float32))
        names.append(int(votes.argmax()) if believed else UNDECIDED)
    return np.array(merged, np.float32).reshape(-1, 4), np.array(names, np.int64)


def with_plates(labels: Labels, plates: Detections) -> Labels:
    """Add the plate teacher's boxes: believed inside a vehicle, or when very sure."""
    boxes, classes = labels
    vehicles = boxes[np.isin(classes, [CLASSES.index(name) for name in ("car", "motorcycle", "bus", "truck")])]
    added, names = [], []
    for box, score in zip(plates.boxes, plates.scores, strict=True):
        if score < HALF_SEEN:
            continue
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        held = bool(((vehicles[:, :2] <= [x, y]) & (vehicles[:, 2:] >= [x, y])).all(axis=1).any())
        believed = score >= (PLATE_SURE if held else PLATE_ALONE)
        added.append(box)
        names.append(CLASSES.index("plate") if believed else UNDECIDED)
    return _joined(labels, (np.array(added, np.float32).reshape(-1, 4), np.array(names, np.int64)))


def humans_win(labels: Labels, human: Labels, *, overlap: float = 0.3) -> Labels:
    """Put human boxes in place of the teachers' boxes of the same kind on the same spot.

    A human car turns a teacher's truck or bus into a car (SUVs); teachers' signals inside a human signal go too.
    """
    boxes, classes = labels
    keep = np.ones(len(boxes), np.bool_)
    if len(boxes) and len(human[0]):
        table = overlaps(boxes, human[0])
        for index, name in enumerate(classes):
            for other in np.flatnonzero(table[index] > 0):
                same = _same_kind(int(name), int(human[1][other])) or name == UNDECIDED
                if same and (table[index, other] >= overlap or _inside(boxes[index], human[0][other])):
                    keep[index] = False
    return _joined((boxes[keep], classes[keep]), human)


def heads_unmarked(labels: Labels) -> Labels:
    """Add regions in which nothing is taught about heads: those of people whose head nobody marked.

    A head that is marked in the upper half of a person decides for that person. Where a motorcycle or bicycle has no
    person on it, the rider may have been missed, and the region is what is above the machine.
    """
    boxes, classes = labels
    heads = boxes[np.isin(classes, [CLASSES.index(name) for name in ("helmeted_head", "bare_head")])]
    persons = boxes[classes == CLASSES.index("person")]
    regions: list[NDArray[np.float32]] = []
    for x1, y1, x2, y2 in persons.tolist():
        wide, high = x2 - x1, y2 - y1
        if not _centre_within(heads, (x1, y1 - 0.1 * high, x2, y1 + high / 2)):
            regions.append(np.array([x1 - 0.1 * wide, y1 - 0.1 * high, x2 + 0.1 * wide, y1 + 0.45 * high], np.float32))
    for x1, y1, x2, y2 in boxes[np.isin(classes, [CLASSES.index(n) for n in ("motorcycle", "bicycle")])].tolist():
        above = (x1, y1 - 0.9 * (y2 - y1), x2, y1 + 0.3 * (y2 - y1))
        if not _centre_within(heads, above) and not _centre_within(persons, (above[0], above[1], x2, y2)):
            regions.append(np.array(above, np.float32))
    extra = np.array(regions, np.float32).reshape(-1, 4)
    return _joined(labels, (extra, np.full(len(extra), HEADS_UNDECIDED, np.int64)))


def _centre_within(boxes: NDArray[np.float32], region: tuple[float, float, float, float]) -> bool:
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    return bool(((x >= region[0]) & (x <= region[2]) & (y >= region[1]) & (y <= region[3])).any())


def undecide(labels: Labels, name: str) -> Labels:
    """Make the teachers' boxes of one class undecided: where humans labelled that class and did not mark these."""
    boxes, classes = labels
    return boxes, np.where(classes == CLASSES.index(name), UNDECIDED, classes)


def _inside(box: NDArray[np.float32], outer: NDArray[np.float32]) -> bool:
    inner = np.clip(np.minimum(box[2:], outer[2:]) - np.maximum(box[:2], outer[:2]), 0, None).prod()
    return bool(inner >= 0.7 * max(1e-6, float((box[2:] - box[:2]).prod())))


def _joined(first: Labels, second: Labels) -> Labels:
    return np.concatenate([first[0], second[0]]).astype(np.float32), np.concatenate([first[1], second[1]])
