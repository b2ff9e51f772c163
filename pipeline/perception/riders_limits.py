"""Chooses what riders are counted by, on drawn traffic whose riders are known; `tertib models limits riders` runs it.

What it tells is written by hand into `riders.py` and `models/riders/heads.py`, and the card of `helmet-n` tells it. No
photograph is looked at: neither those that riders are counted on nor any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.detection import Detections
from models.detector import Detector
from models.evaluation.matching import Tally
from models.riders.classifier import HelmetClassifier
from models.riders.heads import GUESSED, SeenHead, heads_of
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.rider_seats import long_side, sits_on
from pipeline.perception.riders import candidate_heads, riders_of
from pipeline.perception.track import Box

SURE_TRIED = (0.15, 0.25, 0.35, 0.5, 0.65, 0.8)
GUESSED_TRIED = (1.0, 0.5, 0.25, 0.1, 0.05, 0.02)
ENOUGH = 0.005
"""Average precision that counts as no difference: of weights as good as the best the largest is taken."""
SMALLEST_PX = 60.0
"""Longer side of a motorcycle that is counted on."""
CONFIDENCE = 0.25
LOW_CONFIDENCE = 0.05
LOWEST_SCORE = 0.01
HEADS = {"helmeted_head": "helmet", "bare_head": "bare"}
VEHICLES = frozenset({"car", "motorcycle", "bus", "truck", "bicycle"})
Label = tuple[str, Box]


@dataclass(frozen=True)
class Ridden:
    """A drawn motorcycle and how many heads are seen on it."""

    box: Box
    riders: int


def ridden(labels: Iterable[Label]) -> list[Ridden]:
    """The motorcycles of a drawn picture.

    Args:
        labels: as `pipeline.stage.labels.labelled` gives them: behind each vehicle its riders, their heads, its plate.
    """
    found: list[tuple[str, Box, int]] = []
    for name, box in labels:
        if name in VEHICLES:
            found.append((name, box, 0))
        elif name in HEADS and found and sits_on(box, found[-1][1]) is not None:
            found[-1] = (found[-1][0], found[-1][1], found[-1][2] + 1)
    return [Ridden(box, riders) for name, box, riders in found if name == "motorcycle"]


def choose(
    pictures: Iterable[tuple[NDArray[np.uint8], Sequence[Label]]],
    detector: Detector,
    finder: Detector,
    classifier: HelmetClassifier,
    search: HeadSearch,
) -> dict[str, Any]:
    """Count riders and find heads in drawn pictures, and say which of the limits that were tried does best.

    Args:
        pictures: uint8 [height, width, 3], BGR, each with its labels.
        detector: sees persons in whole frames, as at the roadside.
        finder: sees heads in whole pictures.
        classifier: judges heads.
        search: finds heads above motorcycles.

    Returns:
        `sure_without_body` and `guessed`, the chosen ones; `counted` and `heads`, what each that was tried gave.
    """
    counts = {sure: _Counts() for sure in SURE_TRIED}
    tallies = {weight: {state: Tally() for state in HEADS.values()} for weight in GUESSED_TRIED}
    number = 0
    for bgr, labels in pictures:
        number += 1
        for seen in _counted(bgr, labels, detector, classifier, search):
            for sure, count in counts.items():
                count.add(
                    seen.riders, len(riders_of(seen.heads, [seen.box], others=seen.others, sure_without_body=sure)[0])
                )
        found = finder.detect(bgr, confidence=LOWEST_SCORE)
        persons = [(a, b, c, d) for a, b, c, d in found.only("person").boxes.tolist()]
        heads = heads_of(bgr, found, classifier, persons)
        for weight, by_state in tallies.items():
            for state, tally in by_state.items():
                wanted = [box for name, box in labels if HEADS.get(name) == state]
                tally.add(*_scored([_weighed(head, weight) for head in heads], state, wanted))
    precision = {
        weight: sum(tally.average_precision() or 0.0 for tally in by_state.values()) / len(by_state)
        for weight, by_state in tallies.items()
    }
    return {
        "pictures": number,
        "sure_without_body": _surest(counts),
        "guessed": max(weight for weight, value in precision.items() if value >= max(precision.values()) - ENOUGH),
        "counted": {str(sure): count.told() for sure, count in counts.items()},
        "heads": {str(weight): round(value, 4) for weight, value in precision.items()},
    }


@dataclass
class _Counts:
    """How often riders were counted right."""

    n: int = 0
    right: int = 0
    too_many: int = 0
    one_or_two: int = 0
    false_more: int = 0

    def add(self, riders: int, counted: int) -> None:
        self.n += 1
        self.right += counted == riders
        self.too_many += counted > riders
        self.one_or_two += riders <= 2
        self.false_more += riders <= 2 < counted

    def told(self) -> dict[str, int]:
        return dict(vars(self))


def _surest(counts: dict[float, _Counts]) -> float:
    """The score that seldomest sees more than two where there are not, for that accuses; of equals, the most right."""
    return min(counts, key=lambda sure: (counts[sure].false_more, -counts[sure].right, -sure))


@dataclass(frozen=True)
class _Seen:
    box: Box
    riders: int
    heads: list[SeenHead]
    others: list[Box]


def _counted(
    bgr: NDArray[np.uint8],
    labels: Sequence[Label],
    detector: Detector,
    classifier: HelmetClassifier,
    search: HeadSearch,
) -> Iterator[_Seen]:
    """Each motorcycle that is large enough and ridden, in its true box, and what may be heads there."""
    every = ridden(labels)
    seen = detector.detect(bgr, confidence=LOW_CONFIDENCE)
    kept = seen[(seen.scores >= CONFIDENCE) | np.isin(seen.names, list(HEADS))]
    for one in every:
        if one.riders and long_side(one.box) >= SMALLEST_PX:
            heads = candidate_heads(bgr, kept, [one.box], classifier, search)
            yield _Seen(one.box, one.riders, heads, [other.box for other in every if other is not one])


def _weighed(head: SeenHead, weight: float) -> SeenHead:
    return head if head.named else replace(head, score=head.score / GUESSED * weight)


def _scored(heads: Sequence[SeenHead], state: str, wanted: Sequence[Box]) -> tuple[Detections, NDArray[np.float32]]:
    boxes = np.array([head.box for head in heads], np.float32).reshape(-1, 4)
    shares = [head.score * (head.look.helmet if state == "helmet" else head.look.bare) for head in heads]
    found = Detections(boxes, np.array(shares, np.float32), np.zeros(len(heads), np.int64))
    return found, np.array(wanted, np.float32).reshape(-1, 4)
