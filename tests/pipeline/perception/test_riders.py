from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.riders.classifier import HeadLook
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.riders import RiderTally, RiderVerdict
from pipeline.perception.track import Box, Sighting, Track

FRAME = np.zeros((400, 900, 3), np.uint8)
LOOKS = {
    "helmet": HeadLook("helmet", 0.95, 0.03, 0.02, 30),
    "bare": HeadLook("bare", 0.03, 0.95, 0.02, 30),
    "cannot_tell": HeadLook("cannot_tell", 0.5, 0.4, 0.1, 8),
}


class Wearing:
    """A classifier that knows what is worn where: the head whose middle is nearest to a given place counts."""

    def __init__(self) -> None:
        self.heads: list[tuple[Box, str]] = []

    def judge(self, _: np.ndarray, boxes: Sequence[Box]) -> list[HeadLook]:
        found = []
        for box in boxes:
            near = [state for head, state in self.heads if abs(head[0] - box[0]) + abs(head[1] - box[1]) < 12]
            found.append(LOOKS[near[0]] if near else HeadLook("cannot_tell", 0.1, 0.1, 0.8, 30))
        return found


class Nowhere(HeadSearch):
    """A second look that finds nothing."""

    def added(self, _: np.ndarray, detections: Detections, __: Sequence[Box]) -> Detections:
        return detections


def seen(*things: tuple[str, Box]) -> Detections:
    boxes = np.array([box for _, box in things], np.float32).reshape(-1, 4)
    classes = np.array([CLASSES.index(name) for name, _ in things], np.int64)
    return Detections(boxes, np.full(len(things), 0.9, np.float32), classes)


def head_box(place: int, x: float) -> Box:
    """The `place`-th head from the front of a motorcycle at x."""
    left = x + 20 + 38 * place
    return left, 120.0, left + 30, 150.0


def ride(
    wears: Sequence[Sequence[str]],
    *,
    speed_px: float = 12.0,
    fps: float = 10.0,
    beside: Sequence[str] = (),
    named: bool = True,
    neighbour: bool = False,
) -> RiderVerdict | None:
    """A motorcycle passes; `wears` lists a picture's heads, front first, `beside` those of standing pedestrians."""
    classifier = Wearing()
    tally = RiderTally(classifier, Nowhere())
    sightings: list[Sighting] = []
    for index, states in enumerate(wears):
        x = 40 + speed_px * index
        own: Box = (x, 160.0, x + 130, 280.0)
        sightings.append(Sighting(100 + index / fps, index, own, 0.9))
        heads = [(head_box(place, x), state) for place, state in enumerate(states) if state]
        heads += [((150.0 + 60 * place, 120.0, 180.0 + 60 * place, 150.0), state) for place, state in enumerate(beside)]
        classifier.heads = heads
        things = [("motorcycle", own)]
        if named:
            things += [("bare_head" if state == "bare" else "helmeted_head", box) for box, state in heads]
        if neighbour:
            things.append(("motorcycle", (x + 60, 165.0, x + 190, 285.0)))
        track = Track(7, tuple(sightings), {"motorcycle": 1.0})
        tally.look(100 + index / fps, index, FRAME, [track], seen(*things))
    return tally.verdict(7)


def test_a_helmeted_rider_and_a_bare_passenger_are_told_apart() -> None:
    verdict = ride([["helmet", "bare"]] * 12)
    assert verdict is not None
    assert (verdict.riders, verdict.bare, verdict.helmeted, verdict.unclear) == (2, 1, 1, 0)
    assert verdict.reason is None
    assert verdict.best_frame is not None
    # The bare head comes first: it is what an officer must look at.
    assert verdict.head_boxes[0] == pytest.approx(head_box(1, 40 + 12 * verdict.best_frame))


def test_three_on_a_motorcycle_are_three_a_child_counts() -> None:
    verdict = ride([["helmet", "bare", "helmet"]] * 12)
    assert verdict is not None
    assert verdict.riders == 3


@pytest.mark.parametrize(
    ("wears", "fps"), [([["bare"]] * 4, 4.0), ([["bare"]] * 9, 30.0)], ids=["four pictures", "a third of a second"]
)
def test_nothing_is_told_of_few_looks_or_a_short_time(wears: list[list[str]], fps: float) -> None:
    verdict = ride(wears, fps=fps)
    assert verdict is not None
    assert (verdict.riders, verdict.bare) == (None, 0)
    assert verdict.reason is not None
    assert "only" in verdict.reason


def test_looks_that_contradict_each_other_accuse_nobody() -> None:
    verdict = ride([["bare"], ["helmet"]] * 8)
    assert verdict is not None
    assert (verdict.riders, verdict.bare, verdict.unclear) == (1, 0, 1)
    assert verdict.reason == "the looks at a head do not agree"


def test_one_odd_look_among_many_changes_nothing() -> None:
    verdict = ride([["helmet"]] * 7 + [["bare"]] + [["helmet"]] * 7)
    assert verdict is not None
    assert (verdict.bare, verdict.helmeted) == (0, 1)


def test_heads_too_small_to_judge_are_counted_and_not_judged() -> None:
    verdict = ride([["cannot_tell"]] * 12)
    assert verdict is not None
    assert (verdict.riders, verdict.bare, verdict.helmeted, verdict.unclear) == (1, 0, 0, 1)
    assert verdict.reason == "a head is only 8 pixels large"


def test_who_stands_beside_the_road_is_no_rider() -> None:
    verdict = ride([["helmet"]] * 20, beside=["bare", "bare", "bare"])
    assert verdict is not None
    assert (verdict.riders, verdict.bare) == (1, 0)


def test_at_a_standstill_nobody_knows_who_sits_and_who_stands() -> None:
    verdict = ride([["bare", "bare", "bare"]] * 20, speed_px=0.2)
    assert verdict is not None
    assert (verdict.riders, verdict.bare) == (None, 0)
    assert verdict.reason is not None
    assert "did not move" in verdict.reason


def test_in_a_crowd_of_motorcycles_nothing_is_told() -> None:
    verdict = ride([["bare"]] * 15, neighbour=True)
    assert verdict is not None
    assert (verdict.riders, verdict.bare) == (None, 0)


def test_a_passenger_who_shows_only_now_and_then_is_not_counted_for_sure() -> None:
    verdict = ride([["helmet", "helmet", "bare" if index % 4 == 0 else ""] for index in range(24)])
    assert verdict is not None
    assert verdict.riders in {2, None}
    assert verdict.bare == 0


def test_where_detector_and_classifier_contradict_each_other_nobody_is_accused() -> None:
    class Contradicting(Wearing):
        def judge(self, _: np.ndarray, boxes: Sequence[Box]) -> list[HeadLook]:
            return [LOOKS["bare"]] * len(boxes)

    tally = RiderTally(Contradicting(), Nowhere())
    sightings: list[Sighting] = []
    for index in range(15):
        x = 40.0 + 12 * index
        sightings.append(Sighting(100 + index / 10, index, (x, 160.0, x + 130, 280.0), 0.9))
        things = seen(("motorcycle", sightings[-1].box), ("helmeted_head", head_box(0, x)))
        tally.look(100 + index / 10, index, FRAME, [Track(7, tuple(sightings), {"motorcycle": 1.0})], things)
    verdict = tally.verdict(7)
    assert verdict is not None
    assert (verdict.bare, verdict.unclear) == (0, 1)


def test_an_unknown_or_forgotten_motorcycle_has_no_verdict() -> None:
    tally = RiderTally(Wearing(), Nowhere())
    assert tally.verdict(3) is None
    box: Box = (0.0, 160.0, 130.0, 280.0)
    tally.look(1.0, 1, FRAME, [Track(3, (Sighting(1.0, 1, box, 0.9),), {"motorcycle": 1.0})], seen(("motorcycle", box)))
    assert tally.verdict(3) is not None
    tally.forget(3)
    assert tally.verdict(3) is None
