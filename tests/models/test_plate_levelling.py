"""Plates that hang askew are turned before they are read."""

import cv2
import numpy as np
import pytest

from models.plates.levelling import LEAST_DEGREES, askew_degrees, levelled
from tests.models.plate_drawing import BLACK, draw_plate


def hung(degrees: float, style=None) -> np.ndarray:
    """A plate turned counter-clockwise, cut out by an upright box."""
    plate = draw_plate(("H", "1837", "KT"), **({"style": style} if style else {}))
    height, width = plate.shape[:2]
    room = width // 2
    ground = cv2.copyMakeBorder(plate, room, room, room, room, cv2.BORDER_CONSTANT, value=(96, 100, 104))
    middle = (room + width / 2, room + height / 2)
    matrix = cv2.getRotationMatrix2D(middle, degrees, 1.0)
    turned = cv2.warpAffine(ground, matrix, ground.shape[1::-1], borderValue=(96, 100, 104))
    angle = np.radians(abs(degrees))
    wide = width * np.cos(angle) + height * np.sin(angle)
    high = width * np.sin(angle) + height * np.cos(angle)
    x1, y1 = round(middle[0] - wide / 2), round(middle[1] - high / 2)
    return np.ascontiguousarray(turned[max(0, y1) : round(y1 + high), max(0, x1) : round(x1 + wide)])


@pytest.mark.parametrize("style", [None, BLACK])
@pytest.mark.parametrize("degrees", [-28, -16, 14, 25])
def test_it_is_told_by_how_much_a_plate_is_turned(degrees, style):
    assert abs(askew_degrees(hung(degrees, style)) - degrees) <= 4


@pytest.mark.parametrize("degrees", [-24, 24])
def test_a_turned_plate_is_made_level_and_stays_whole(degrees):
    flat, turned = hung(0), levelled(hung(degrees))
    assert abs(askew_degrees(turned)) < LEAST_DEGREES
    # As wide as high as it was, but for a little room.
    assert turned.shape[1] / turned.shape[0] == pytest.approx(flat.shape[1] / flat.shape[0], rel=0.35)


@pytest.mark.parametrize("degrees", [-4, 0, 4])
def test_what_hangs_nearly_level_is_left_alone(degrees):
    crop = hung(degrees)
    assert levelled(crop) is crop


@pytest.mark.parametrize("size", [(1, 1), (10, 24), (3, 400), (400, 3)])
def test_any_size_is_survived(size):
    assert levelled(np.full((*size, 3), 90, np.uint8)).ndim == 3
