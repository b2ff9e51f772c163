"""Buses and trucks of the training pictures, put right by eye.

Teachers disagree about vans, auto-rickshaws and rear views: of their 381 boxes of buses and trucks, 158 were cars, and
of 87 nobody could tell. Vans and pickups count as cars here, as in the drawn streets; auto-rickshaws are undecided.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from models.detection import CLASSES
from models.suppression import overlaps
from models.training.traffic.agreement import UNDECIDED, Labels

FILE = Path(__file__).with_suffix(".json")
SAME_BOX = 0.6
LARGE = [CLASSES.index("bus"), CLASSES.index("truck")]


@cache
def _all() -> dict[str, list[tuple[list[float], str]]]:
    notes = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: [(entry["box"], entry["class"]) for entry in entries] for name, entries in notes.items()}


def corrected(picture: str, labels: Labels, width: int, height: int) -> Labels:
    """The labels of a picture with its buses and trucks put right.

    Args:
        picture: its name, without suffix.
        labels: boxes in pixels and classes.
        width: of the picture, pixels.
        height: of the picture, pixels.
    """
    known = _all().get(picture)
    boxes, classes = labels
    if not known or not len(boxes):
        return labels
    shares = np.array([box for box, _ in known], np.float32)
    half = shares[:, 2:] / 2
    theirs = np.concatenate([shares[:, :2] - half, shares[:, :2] + half], axis=1) * np.array([width, height] * 2)
    table = overlaps(boxes, theirs.astype(np.float32))
    classes, keep = classes.copy(), np.ones(len(boxes), np.bool_)
    for index in np.flatnonzero(np.isin(classes, LARGE)).tolist():
        best = int(table[index].argmax())
        if table[index, best] < SAME_BOX:
            continue
        name = known[best][1]
        keep[index] = name != "nothing"
        classes[index] = CLASSES.index(name) if name in CLASSES else UNDECIDED
    return boxes[keep], classes[keep]
