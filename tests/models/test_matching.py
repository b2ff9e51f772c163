from __future__ import annotations

import numpy as np
import pytest

from models.detection import Detections
from models.evaluation.matching import Tally, match

TRUE = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32)


def found(*rows):
    boxes = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
    return Detections(boxes, np.array([row[1] for row in rows], np.float32), np.zeros(len(rows), np.int64))


def test_one_box_finds_one_object():
    assert match(found(([0, 0, 10, 10], 0.9), ([0, 0, 10, 9], 0.8)), TRUE).tolist() == [True, False]


def test_perfect_boxes_have_average_precision_one():
    tally = Tally()
    tally.add(found(([0, 0, 10, 10], 0.9), ([20, 0, 30, 10], 0.8)), TRUE)
    assert tally.average_precision() == pytest.approx(1)


def test_a_false_box_before_the_right_one_costs_precision():
    tally = Tally()
    tally.add(found(([50, 50, 60, 60], 0.9), ([0, 0, 10, 10], 0.8), ([20, 0, 30, 10], 0.7)), TRUE)
    assert tally.average_precision() == pytest.approx(2 / 3, abs=0.01)
    assert (tally.recall(0.75), tally.precision(0.75)) == (0.5, 0.5)


def test_a_false_box_in_an_ignored_region_costs_nothing():
    tally = Tally()
    away = np.array([[50, 50, 60, 60]], np.float32)
    tally.add(found(([50, 50, 60, 60], 0.9), ([0, 0, 10, 10], 0.8)), TRUE[:1], ignored=away)
    assert tally.average_precision() == pytest.approx(1)


def test_no_true_boxes_give_no_figure():
    tally = Tally()
    tally.add(found(([0, 0, 1, 1], 0.9)), np.zeros((0, 4), np.float32))
    assert tally.average_precision() is None
    assert tally.recall(0.1) is None
