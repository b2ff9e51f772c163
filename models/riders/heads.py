"""Finds the heads of one picture: those that the detector names, and the upper ends of persons without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.riders.classifier import HeadLook, HelmetClassifier
from models.riders.head_image import Box

HEAD_CLASSES = {"helmeted_head": "helmet", "bare_head": "bare"}
LEAST_SCORE = 0.15
"""Score from which the detector's heads are looked at."""
CONTRADICTS = 0.5
"""Score from which the detector's word counts against the classifier's."""
SAME_HEAD = 0.45
"""Two head boxes of which so much of the smaller lies in the other are one: persons are found twice, too."""
UPPER_END = ((0.16, 0.0), (0.16, 0.28), (0.16, -0.28), (0.24, 0.0), (0.24, 0.3), (0.24, -0.3), (0.33, 0.0))
"""Where a head is looked for in a person: its side as a share of the person's height, and how far beside the middle.

The last is a share of the person's width.
"""
GUESSED = 0.05
"""Weight of the classifier's word that there is a head where only a person was seen: such a box is placed by a rule.

With full weight guesses outrank what the detector found: the AP50 of heads in drawn traffic, on which it was chosen by
`tertib models limits riders`, falls from .31 to .11.
"""
NO_HEAD = 0.5
"""Share of `no_head` from which a found box is taken for something else."""


@dataclass(frozen=True)
class SeenHead:
    """One head in one picture.

    Attributes:
        box: In pixels.
        look: What the classifier says.
        score: That there is a head (0..1).
        named: What the detector calls it, `helmet` or `bare`; None where only a person was seen.
        person: The person's box, if one was seen.
    """

    box: Box
    look: HeadLook
    score: float
    named: str | None = None
    person: Box | None = None

    @property
    def state(self) -> str:
        """`helmet`, `bare`, or `cannot_tell`: also where detector and classifier contradict each other."""
        if self.look.state != "cannot_tell" and self.named not in {None, self.look.state} and self.score >= CONTRADICTS:
            return "cannot_tell"
        return self.look.state


def heads_of(
    frame_bgr: NDArray[np.uint8], detections: Detections, classifier: HelmetClassifier, persons: Sequence[Box]
) -> list[SeenHead]:
    """The heads of a picture.

    Args:
        frame_bgr: uint8 [height, width, 3].
        detections: all that the detector saw; head classes are used where its weights know them.
        classifier: judges what the heads wear.
        persons: boxes of persons in whose upper ends heads are looked for, if none is named there.
    """
    named = _named(detections)
    looks = classifier.judge(frame_bgr, [box for box, _, _ in named])
    found: list[SeenHead] = []
    taken: set[int] = set()
    for (box, score, name), look in zip(named, looks, strict=True):
        if look.no_head > NO_HEAD and score < CONTRADICTS:
            continue
        owner = _owner(box, persons, taken)
        if owner is not None:
            taken.add(owner)
        found.append(SeenHead(box, look, score, name, None if owner is None else persons[owner]))
    for place, person in enumerate(persons):
        if place not in taken:
            head = _upper_end(frame_bgr, person, classifier)
            if head is not None and all(_same(head.box, other.box) < SAME_HEAD for other in found):
                found.append(head)
    return found


def _named(detections: Detections) -> list[tuple[Box, float, str]]:
    """Heads that the detector names, each once."""
    kept: list[tuple[Box, float, str]] = []
    for box, score, name in zip(detections.boxes.tolist(), detections.scores.tolist(), detections.names, strict=True):
        if name in HEAD_CLASSES and score >= LEAST_SCORE:
            x1, y1, x2, y2 = box
            if all(_same((x1, y1, x2, y2), other) < SAME_HEAD for other, _, _ in kept):
                kept.append(((x1, y1, x2, y2), score, HEAD_CLASSES[name]))
    return kept


def _owner(head: Box, persons: Sequence[Box], taken: set[int]) -> int | None:
    """The person at whose upper end a head is, the tightest around it."""
    x, y = (head[0] + head[2]) / 2, (head[1] + head[3]) / 2
    fits = [
        (abs(y - y1), place)
        for place, (x1, y1, x2, y2) in enumerate(persons)
        if place not in taken and x1 <= x <= x2 and y1 - 0.1 * (y2 - y1) <= y <= y1 + 0.4 * (y2 - y1)
    ]
    return min(fits)[1] if fits else None


def _upper_end(frame_bgr: NDArray[np.uint8], person: Box, classifier: HelmetClassifier) -> SeenHead | None:
    """The head of a person: of some places at its upper end the one that looks most like a head."""
    x1, y1, x2, y2 = person
    width, height = x2 - x1, y2 - y1
    places: list[Box] = []
    for share, beside in UPPER_END:
        side = share * height
        x = (x1 + x2) / 2 + beside * width
        places.append((x - side / 2, y1 - 0.02 * height, x + side / 2, y1 - 0.02 * height + side))
    looks = classifier.judge(frame_bgr, places)
    best = min(range(len(places)), key=lambda place: looks[place].no_head)
    if looks[best].no_head > NO_HEAD:
        return None
    return SeenHead(places[best], looks[best], GUESSED * (1 - looks[best].no_head), None, person)


def _same(one: Box, other: Box) -> float:
    """Share of the smaller box that lies in the other (0..1)."""
    width, height = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(0.0, width) * max(0.0, height) / max(smaller, 1e-6)
