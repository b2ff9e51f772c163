from __future__ import annotations

import numpy as np

from models.detection import CLASSES, Detections
from pipeline.perception.tracker import Tracker


def seen(*items: tuple[str, float, float, float]) -> Detections:
    """(class, x, y, score): boxes of 60 x 40."""
    boxes = np.array([[x, y, x + 60, y + 40] for _, x, y, _ in items], np.float32).reshape(-1, 4)
    scores = np.array([score for *_, score in items], np.float32)
    return Detections(boxes, scores, np.array([CLASSES.index(name) for name, *_ in items], np.int64))


def test_a_vehicle_keeps_its_number_through_weak_and_missing_sightings() -> None:
    tracker, numbers = Tracker(), set()
    for index in range(30):
        score = 0.2 if index % 7 == 3 else 0.9
        items = [] if index in {12, 13} else [("car", 10.0 + 8 * index, 100.0, score)]
        tracks, _ = tracker.update(seen(*items), index / 10, index)
        numbers |= {track.id for track in tracks}
    assert numbers == {0}
    assert tracker.count == 1


def test_two_boxes_of_two_classes_on_one_vehicle_are_one_track_with_votes() -> None:
    tracker = Tracker()
    for index in range(10):
        both = seen(("car", 100 + 5 * index, 100, 0.9), ("truck", 102 + 5 * index, 101, 0.6))
        tracks, numbers = tracker.update(both, index / 10, index)
    assert len(tracks) == 1
    assert tracks[0].vehicle_class == "car"
    assert sorted(numbers.tolist()) == [-1, 0]


def test_plates_persons_and_signals_are_not_followed() -> None:
    tracker = Tracker()
    for index in range(5):
        tracks, numbers = tracker.update(
            seen(("plate", 10, 10, 0.9), ("person", 200, 10, 0.9), ("signal", 300, 10, 0.9)), index / 10, index
        )
    assert tracks == []
    assert numbers.tolist() == [-1, -1, -1]


def test_a_vehicle_that_was_gone_for_long_comes_back_as_another() -> None:
    tracker = Tracker()
    for index in [*range(5), *range(60, 65)]:
        tracks, _ = tracker.update(seen(("car", 100, 100, 0.9)), index / 10, index)
        if index == 60:
            assert tracker.alive(6.0) == set()
    assert [track.id for track in tracks] == [1]
    assert tracks[0].first.frame >= 60


def test_a_new_segment_never_uses_an_old_number() -> None:
    tracker = Tracker()
    for index in range(4):
        tracker.update(seen(("car", 100, 100, 0.9)), index / 10, index)
    tracker.reset()
    for index in range(4):
        tracks, _ = tracker.update(seen(("car", 100, 100, 0.9)), index / 10, index)
    assert [track.id for track in tracks] == [1]


def test_no_detection_at_all_is_no_trouble() -> None:
    assert Tracker().update(Detections.empty(), 0.0, 0)[0] == []
