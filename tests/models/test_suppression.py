from __future__ import annotations

import numpy as np
import pytest

from models.suppression import decode, overlaps, suppress


def boxes(*rows):
    return np.array(rows, np.float32)


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ([0, 0, 10, 10], [0, 0, 10, 10], 1.0),
        ([0, 0, 10, 10], [5, 0, 15, 10], 1 / 3),
        ([0, 0, 10, 10], [20, 20, 30, 30], 0.0),
        ([0, 0, 0, 0], [0, 0, 10, 10], 0.0),
    ],
)
def test_overlap_is_intersection_over_union(first, second, share):
    assert overlaps(boxes(first), boxes(second))[0, 0] == pytest.approx(share)


def test_two_boxes_of_one_object_become_one_and_the_better_stays():
    kept = suppress(boxes([0, 0, 10, 10], [0, 0, 10, 11]), np.array([0.4, 0.8], np.float32), np.array([1, 1]))
    assert kept.tolist() == [1]


def test_a_rider_does_not_suppress_the_motorcycle():
    kept = suppress(boxes([0, 0, 10, 10], [0, 0, 10, 10]), np.array([0.8, 0.4], np.float32), np.array([1, 5]))
    assert kept.tolist() == [0, 1]


def test_a_van_is_not_car_and_truck_at_once():
    head = np.zeros((12, 2), np.float32)
    head[:4] = [[100, 101], [50, 50], [40, 40], [30, 30]]
    head[4 + 0, 0], head[4 + 3, 1] = 0.6, 0.5
    assert decode(head, confidence=0.25)[2].tolist() == [0]


def test_no_boxes_are_no_error():
    assert suppress(boxes().reshape(0, 4), np.zeros(0, np.float32), np.zeros(0, np.int64)).tolist() == []


def test_the_head_is_read_as_centre_and_size():
    head = np.zeros((12, 3), np.float32)
    head[:4, 1] = [100, 50, 20, 10]
    head[4 + 7, 1] = 0.7
    found, scores, classes = decode(head, confidence=0.25)
    assert found.tolist() == [[90, 45, 110, 55]]
    assert (scores[0], classes[0]) == (pytest.approx(0.7), 7)
