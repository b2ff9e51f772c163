"""Which found boxes are which true ones, and what that makes: recall and average precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.suppression import overlaps

SAME_OBJECT = 0.5
"""IoU from which a found box is a true one."""


def match(found: Detections, boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which true boxes [n, 4] are found: the best-scored box takes its best free match; one box, one object."""
    taken = np.zeros(len(boxes), np.bool_)
    for hit in _hits(found, boxes):
        if hit >= 0:
            taken[hit] = True
    return taken


def pairs(found: Detections, boxes: NDArray[np.float32]) -> list[int | None]:
    """For each true box [n, 4] the index of the found box that takes it, or None."""
    taken: list[int | None] = [None] * len(boxes)
    order = np.argsort(-found.scores, kind="stable").tolist()
    for index, hit in zip(order, _hits(found, boxes), strict=True):
        if hit >= 0:
            taken[hit] = int(index)
    return taken


def _hits(found: Detections, boxes: NDArray[np.float32]) -> list[int]:
    """For each found box, best first, the index of the true box it takes, or -1."""
    hits = []
    free = np.ones(len(boxes), np.bool_)
    for index in np.argsort(-found.scores, kind="stable"):
        best = -1
        if free.any():
            shares = np.where(free, overlaps(found.boxes[index : index + 1], boxes)[0], -1)
            if shares.max() >= SAME_OBJECT:
                best = int(shares.argmax())
                free[best] = False
        hits.append(best)
    return hits


@dataclass
class Tally:
    """Gathers one class over many pictures.

    Attributes:
        objects: how many true boxes there were.
        scores: of all found boxes.
        right: whether each of them was right.
    """

    objects: int = 0
    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)

    def add(self, found: Detections, boxes: NDArray[np.float32], *, ignored: NDArray[np.float32] | None = None) -> None:
        """Count one picture; a found box that is mostly one of the `ignored` regions is neither right nor wrong."""
        self.objects += len(boxes)
        order = np.argsort(-found.scores, kind="stable")
        for index, hit in zip(order, _hits(found, boxes), strict=True):
            unsure = (
                ignored is not None and len(ignored) and overlaps(found.boxes[index : index + 1], ignored).max() >= 0.5
            )
            if hit < 0 and unsure:
                continue
            self.scores.append(float(found.scores[index]))
            self.right.append(hit >= 0)

    def recall(self, confidence: float) -> float | None:
        """Share of the true boxes found with at least this score; None without true boxes."""
        if not self.objects:
            return None
        return (
            sum(good for good, score in zip(self.right, self.scores, strict=True) if score >= confidence) / self.objects
        )

    def precision(self, confidence: float) -> float | None:
        """Share of the found boxes of at least this score that are right; None without found boxes."""
        chosen = [good for good, score in zip(self.right, self.scores, strict=True) if score >= confidence]
        return sum(chosen) / len(chosen) if chosen else None

    def average_precision(self) -> float | None:
        """Area under precision over recall (101 points, COCO's way); None without true boxes."""
        if not self.objects:
            return None
        order = np.argsort(-np.array(self.scores), kind="stable")
        right = np.array(self.right, np.bool_)[order]
        recall = np.cumsum(right) / self.objects
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1] if len(precision) else precision
        points = np.linspace(0, 1, 101)
        places = np.searchsorted(recall, points, side="left")
        values = [float(envelope[place]) if place < len(envelope) else 0.0 for place in places]
        return float(np.mean(values))


def mean(values: Sequence[float | None]) -> float | None:
    """Mean of what is there; None if nothing is."""
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None
