"""How what riders are counted by is chosen: on drawn traffic, whatever the networks say."""

import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.riders.classifier import HeadLook
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.riders_limits import GUESSED_TRIED, SURE_TRIED, choose, ridden

MOTORCYCLE = (100.0, 200.0, 200.0, 300.0)
RIDER, BELOW_RIDER = (135.0, 120.0, 165.0, 150.0), (125.0, 118.0, 175.0, 290.0)
PASSER, PASSER_TWO = (170.0, 150.0, 200.0, 180.0), (100.0, 150.0, 130.0, 180.0)


class Sees:
    """Always sees the same."""

    def __init__(self, *found: tuple[str, tuple[float, float, float, float], float]) -> None:
        self.found = found

    def detect(self, frame_bgr: np.ndarray, *, confidence: float = 0.25) -> Detections:
        assert frame_bgr.ndim == 3
        kept = [one for one in self.found if one[2] >= confidence]
        boxes = np.array([box for _, box, _ in kept], np.float32).reshape(-1, 4)
        scores = np.array([score for _, _, score in kept], np.float32)
        return Detections(boxes, scores, np.array([CLASSES.index(name) for name, _, _ in kept], np.int64))


class Helmets:
    """Every box is a head with a helmet."""

    def judge(self, frame_bgr: np.ndarray, boxes: list) -> list[HeadLook]:
        assert frame_bgr.ndim == 3
        return [HeadLook("helmet", 0.95, 0.02, 0.03, 30.0) for _ in boxes]


@pytest.fixture
def labels():
    return [
        ("car", (400.0, 200.0, 500.0, 260.0)),
        ("motorcycle", MOTORCYCLE),
        ("person", BELOW_RIDER),
        ("helmeted_head", RIDER),
        ("plate", (140.0, 270.0, 160.0, 280.0)),
        ("bicycle", (300.0, 200.0, 360.0, 300.0)),
        ("bare_head", (320.0, 120.0, 350.0, 150.0)),
    ]


def test_heads_belong_to_the_vehicle_before_them_in_the_list(labels):
    assert [(one.box, one.riders) for one in ridden(labels)] == [(MOTORCYCLE, 1)]


def test_a_limit_is_chosen_at_which_passers_by_are_no_riders(labels):
    person = ("person", BELOW_RIDER, 0.9)
    heads = [("helmeted_head", RIDER, 0.9), ("bare_head", PASSER, 0.4), ("bare_head", PASSER_TWO, 0.4)]
    above = Sees(*heads)

    class Nowhere(HeadSearch):
        def added(self, frame_bgr, detections, motorcycles):
            assert len(detections.only("person")) == len(motorcycles) == 1
            return Sees(person, *heads).detect(frame_bgr)

    frame = np.zeros((400, 600, 3), np.uint8)
    told = choose([(frame, labels)], Sees(person), above, Helmets(), Nowhere())
    assert told["sure_without_body"] == max(SURE_TRIED)
    assert told["counted"]["0.35"]["false_more"] == 1
    assert told["counted"]["0.5"] == {"n": 1, "right": 1, "too_many": 0, "one_or_two": 1, "false_more": 0}
    assert told["guessed"] in GUESSED_TRIED
