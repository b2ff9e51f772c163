from __future__ import annotations

import numpy as np
import pytest

from models.letterbox import Letterbox


@pytest.mark.parametrize(
    ("width", "height", "shape"),
    [
        (1280, 720, (384, 640)),
        (768, 432, (384, 640)),
        (720, 1280, (640, 384)),
        (640, 640, (640, 640)),
        (7, 3, (320, 640)),
    ],
)
def test_the_input_keeps_the_frames_aspect(width, height, shape):
    blob = Letterbox.for_frame(width, height).blob(np.zeros((height, width, 3), np.uint8))
    assert blob.shape == (1, 3, *shape)


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (352, 288), (640, 1137), (4000, 10)])
def test_a_box_comes_back_where_it_was(width, height):
    fit = Letterbox.for_frame(width, height)
    box = np.array([[0.1 * width, 0.2 * height, 0.9 * width, 0.8 * height]], np.float32)
    inside = box * fit.scale + np.array([fit.left_px, fit.top_px] * 2, np.float32)
    assert fit.to_frame(inside, width, height) == pytest.approx(box, abs=0.01)


def test_boxes_never_leave_the_frame():
    fit = Letterbox.for_frame(1280, 720)
    boxes = fit.to_frame(np.array([[-50, -50, 5000, 5000]], np.float32), 1280, 720)
    assert boxes.tolist() == [[0, 0, 1280, 720]]


def test_colours_arrive_as_red_green_blue_between_0_and_1():
    frame = np.zeros((360, 640, 3), np.uint8)
    frame[:, :, 2] = 255
    blob = Letterbox.for_frame(640, 360).blob(frame)
    assert blob[0, :, 192, 320].tolist() == [1.0, 0.0, 0.0]


def test_a_frame_without_pixels_is_refused():
    with pytest.raises(ValueError, match="0x720"):
        Letterbox.for_frame(0, 720)
