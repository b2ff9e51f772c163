from __future__ import annotations

import numpy as np

from models.detection import CLASSES, Detections
from pipeline.perception.head_search import HeadSearch

FRAME = np.full((400, 600, 3), 90, np.uint8)


class Upper:
    """A detector that finds a bare head in the middle of the upper half of whatever it is shown, and a car."""

    def __init__(self) -> None:
        self.shown: list[tuple[int, ...]] = []

    def detect(self, frame_bgr: np.ndarray, *, confidence: float = 0.25) -> Detections:  # noqa: ARG002 - the port's
        self.shown.append(frame_bgr.shape)
        side = frame_bgr.shape[0]
        head = [0.4 * side, 0.2 * side, 0.6 * side, 0.4 * side]
        boxes = np.array([head, [0, 0, side, side]], np.float32)
        classes = np.array([CLASSES.index("bare_head"), CLASSES.index("car")], np.int64)
        return Detections(boxes, np.array([0.6, 0.9], np.float32), classes)


def whole_frame(name: str, box: list[float], score: float) -> Detections:
    return Detections(
        np.array([box], np.float32), np.array([score], np.float32), np.array([CLASSES.index(name)], np.int64)
    )


def test_a_head_above_a_motorcycle_is_added_where_it_is_in_the_frame() -> None:
    motorcycle = (200.0, 200.0, 280.0, 300.0)
    found = HeadSearch(Upper()).added(FRAME, whole_frame("motorcycle", list(motorcycle), 0.8), [motorcycle])
    head = found.only("bare_head").boxes[0]
    assert abs((head[0] + head[2]) / 2 - 240) < 2, "above its middle"
    assert 100 < head[1] < head[3] < 250
    assert found.names.count("motorcycle") == 1
    assert "car" not in found.names, "a second look is for heads only"


def test_a_head_that_the_frame_showed_already_is_there_once() -> None:
    motorcycle = (200.0, 200.0, 280.0, 300.0)
    once = HeadSearch(Upper()).added(FRAME, whole_frame("motorcycle", list(motorcycle), 0.8), [motorcycle])
    again = HeadSearch(Upper()).added(FRAME, once, [motorcycle])
    assert again.names.count("bare_head") == 1


def test_heads_are_sought_in_squares_also_at_the_edge_of_the_frame() -> None:
    detector = Upper()
    HeadSearch(detector).added(FRAME, Detections.empty(), [(560.0, 5.0, 600.0, 60.0), (0.0, 350.0, 50.0, 400.0)])
    assert all(height == width for height, width, _ in detector.shown)
    assert len(detector.shown) == 2


def test_no_second_look_at_a_motorcycle_too_small_to_judge() -> None:
    detector = Upper()
    seen = HeadSearch(detector).added(FRAME, Detections.empty(), [(10.0, 10.0, 25.0, 28.0)])
    assert not detector.shown
    assert not len(seen)
