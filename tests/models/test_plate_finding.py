from __future__ import annotations

import numpy as np

from models.detection import CLASSES, Detections
from models.plates.finding import PlateFinder, is_faint

PICTURE = np.full((600, 800, 3), 200, np.uint8)
MOTORCYCLE = (300.0, 200.0, 400.0, 400.0)


def found(*things: tuple[str, tuple[float, float, float, float], float]) -> Detections:
    boxes = np.array([box for _, box, _ in things], np.float32).reshape(-1, 4)
    names = np.array([CLASSES.index(name) for name, _, _ in things], np.int64)
    return Detections(boxes, np.array([score for _, _, score in things], np.float32), names)


class OnlyNegatives:
    """Sees a plate in the middle of dark pictures only."""

    def __init__(self, share: float = 0.1) -> None:
        self.share = share
        self.asked = 0

    def detect(self, frame_bgr: np.ndarray, *, confidence: float = 0.25) -> Detections:
        self.asked += 1
        side = frame_bgr.shape[0]
        if frame_bgr.mean() > 128 or confidence > 0.4:
            return Detections.empty()
        low, high = side / 2 - self.share * side, side / 2 + self.share * side
        return found(("plate", (low, low, high, high), 0.4))


def test_a_dark_plate_is_found_on_the_negative_and_put_where_it_is() -> None:
    missing = PlateFinder(OnlyNegatives()).missing(PICTURE, found(("motorcycle", MOTORCYCLE, 0.9)))
    assert missing.names == ("plate",)
    x1, y1, x2, y2 = missing.boxes[0].tolist()
    assert abs((x1 + x2) / 2 - 350) < 2
    assert abs((y1 + y2) / 2 - 300) < 2


def test_a_motorcycle_whose_plate_was_seen_is_not_searched() -> None:
    detector = OnlyNegatives()
    seen = found(("motorcycle", MOTORCYCLE, 0.9), ("plate", (330, 330, 370, 350), 0.5))
    assert not len(PlateFinder(detector).missing(PICTURE, seen))
    assert not detector.asked


def test_what_is_as_wide_as_the_motorcycle_is_no_plate() -> None:
    assert not len(PlateFinder(OnlyNegatives(share=0.4)).missing(PICTURE, found(("motorcycle", MOTORCYCLE, 0.9))))


def test_cars_and_tiny_motorcycles_cost_no_second_look() -> None:
    detector = OnlyNegatives()
    seen = found(("car", MOTORCYCLE, 0.9), ("motorcycle", (10, 10, 40, 50), 0.9))
    assert not len(PlateFinder(detector).missing(PICTURE, seen))
    assert not detector.asked


def test_a_plate_hardly_seen_by_the_second_look_is_faint_and_one_of_the_first_look_is_not() -> None:
    box = (10.0, 20.0, 60.0, 40.0)
    seen = Detections(np.array([box], np.float32), np.array([0.1], np.float32), np.array([7], np.int64))
    assert is_faint(box, 0.1, Detections.empty())
    assert not is_faint(box, 0.2, Detections.empty())
    assert not is_faint(box, 0.1, seen)
