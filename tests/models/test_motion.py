from __future__ import annotations

import cv2
import numpy as np

from models.training.traffic.motion import background, changed, moving_boxes, still


def road(random):
    return np.clip(random.normal(100, 4, (240, 320, 3)), 0, 255).astype(np.uint8)


def with_car(frame, x, y):
    picture = frame.copy()
    cv2.rectangle(picture, (x, y), (x + 40, y + 80), (230, 230, 230), -1)
    return picture


def test_cars_abreast_are_two_boxes_even_when_the_exposure_changes():
    random = np.random.default_rng(3)
    empty = background([road(random) for _ in range(9)])
    frame = with_car(with_car(road(random), 60, 40), 140, 90)
    darker = (frame * 0.7).astype(np.uint8)
    boxes = moving_boxes(darker, empty)
    corners = sorted(boxes[:, :2].round(-1).tolist())
    assert corners == [[60, 40], [140, 90]]


def test_an_empty_road_has_no_cars():
    random = np.random.default_rng(3)
    assert len(moving_boxes(road(random), background([road(random) for _ in range(9)]))) == 0


def test_what_never_moves_is_scenery():
    random = np.random.default_rng(3)
    empty = background([road(random) for _ in range(9)])
    mask = changed(with_car(road(random), 60, 40), empty)
    boxes = np.array([[60, 40, 100, 120], [200, 40, 240, 120]], np.float32)
    assert still(boxes, mask).tolist() == [False, True]
