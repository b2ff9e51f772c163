from __future__ import annotations

import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.training.traffic import corrections
from models.training.traffic.agreement import (
    HEADS_UNDECIDED,
    UNDECIDED,
    agree,
    heads_unmarked,
    humans_win,
    undecide,
    with_plates,
)

BOX = [10, 10, 50, 50]
NEAR = [12, 10, 50, 52]
FAR = [200, 200, 240, 240]
NOBODY = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


def saw(*rows):
    boxes = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[2] for row in rows], np.float32)
    return Detections(boxes, scores, np.array([CLASSES.index(row[1]) for row in rows], np.int64))


def names(labels):
    return ["undecided" if name == UNDECIDED else CLASSES[name] for name in labels[1]]


@pytest.mark.parametrize(
    ("opinions", "expected"),
    [
        ([saw((BOX, "car", 0.4)), saw((NEAR, "car", 0.3))], ["car"]),
        ([saw((BOX, "car", 0.7)), saw()], ["car"]),
        ([saw((BOX, "car", 0.4)), saw()], ["undecided"]),
        ([saw((BOX, "car", 0.4)), saw((FAR, "car", 0.4))], ["undecided", "undecided"]),
        ([saw((BOX, "truck", 0.5)), saw((NEAR, "car", 0.8))], ["car"]),
        ([saw((BOX, "person", 0.4)), saw((NEAR, "motorcycle", 0.4))], ["undecided", "undecided"]),
        ([saw((BOX, "car", 0.2)), saw((NEAR, "car", 0.2))], []),
        ([saw((BOX, "car", 0.4), (NEAR, "truck", 0.35)), saw()], ["undecided"]),
    ],
    ids=[
        "two agree",
        "one is sure",
        "one half sees",
        "two see different things",
        "the better vote names it",
        "rider and motorcycle are two things",
        "nobody believes it",
        "one teacher has one vote",
    ],
)
def test_what_teachers_agree_on_is_taught(opinions, expected):
    assert names(agree(opinions)) == expected


def test_a_human_car_replaces_the_teachers_truck():
    human = (np.array([NEAR], np.float32), np.array([CLASSES.index("car")]))
    assert names(humans_win(agree([saw((BOX, "truck", 0.9), (FAR, "bus", 0.9))]), human)) == ["bus", "car"]


def test_a_human_car_leaves_the_driver_alone():
    human = (np.array([BOX], np.float32), np.array([CLASSES.index("car")]))
    assert names(humans_win(agree([saw(([20, 20, 30, 30], "person", 0.9))]), human)) == ["person", "car"]


def test_a_plate_needs_a_vehicle_or_much_certainty():
    car = agree([saw((BOX, "car", 0.9))])
    plates = saw(
        ([20, 40, 30, 45], "plate", 0.55), ([300, 300, 320, 310], "plate", 0.55), ([400, 0, 420, 9], "plate", 0.8)
    )
    assert names(with_plates(car, plates)) == ["car", "plate", "undecided", "plate"]


def test_what_people_did_not_mark_is_undecided_where_they_marked_that_class():
    assert names(undecide(agree([saw((BOX, "signal", 0.9), (FAR, "car", 0.9))]), "signal")) == ["undecided", "car"]


def test_nobody_saw_anything():
    assert names(with_plates(humans_win(agree([saw(), saw()]), NOBODY), saw())) == []


def marked(*rows):
    boxes = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
    return boxes, np.array([CLASSES.index(row[1]) for row in rows], np.int64)


PERSON = [100, 100, 140, 200]


@pytest.mark.parametrize(
    ("labels", "regions"),
    [
        (marked((PERSON, "person")), 1),
        (marked((PERSON, "person"), ([112, 98, 128, 118], "bare_head")), 0),
        (marked((PERSON, "person"), ([112, 170, 128, 190], "helmeted_head")), 1),
        (marked(([100, 100, 160, 160], "motorcycle")), 1),
        (marked(([100, 100, 160, 160], "motorcycle"), ([115, 60, 145, 140], "person")), 1),
        (marked(([100, 100, 160, 160], "car")), 0),
    ],
    ids=["nobody marked the head", "marked", "a helmet in the hand", "a rider missed?", "a rider", "no person"],
)
def test_where_nobody_marked_a_head_nothing_is_taught_about_heads(labels, regions):
    after = heads_unmarked(labels)
    assert (after[1] == HEADS_UNDECIDED).sum() == regions
    assert np.array_equal(after[1][: len(labels[1])], labels[1])


def test_the_body_below_an_unmarked_head_still_teaches_that_it_is_no_head():
    region = heads_unmarked(marked((PERSON, "person")))[0][-1]
    assert region[1] < PERSON[1]
    assert region[3] < PERSON[1] + 0.5 * (PERSON[3] - PERSON[1])


@pytest.mark.parametrize(("said", "after"), [("car", ["car"]), ("undecided", ["undecided"]), ("nothing", [])])
def test_a_truck_that_the_eye_put_right(monkeypatch, said, after):
    monkeypatch.setattr(corrections, "_all", lambda: {"a": [([0.3, 0.3, 0.4, 0.4], said)]})
    assert names(corrections.corrected("a", marked(([10, 10, 50, 50], "truck")), 100, 100)) == after
    assert names(corrections.corrected("b", marked(([10, 10, 50, 50], "truck")), 100, 100)) == ["truck"]
    assert names(corrections.corrected("a", marked(([60, 60, 90, 90], "truck")), 100, 100)) == ["truck"]
