from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.detector import load_detector
from models.errors import ModelError
from models.suppression import overlaps

CLIPS = Path(__file__).resolve().parents[2] / "samples" / "clips"


def frame(clip: str, index: int) -> np.ndarray:
    path = CLIPS / f"{clip}.mp4"
    if not path.exists():
        pytest.skip(f"the sample clip {path.name} is not here")
    capture = cv2.VideoCapture(str(path))
    for _ in range(index + 1):
        good, picture = capture.read()
        assert good, f"{path.name} has no frame {index}"
    return picture


@pytest.fixture(scope="module")
def detector():
    return load_detector("traffic-n")


def test_a_car_at_the_toll_and_its_plate_are_found(detector):
    seen = detector.detect(frame("parkpow-cars", 120))
    cars, plates = seen.only("car"), seen.only("plate")
    assert len(cars) >= 1
    assert len(plates) >= 1
    x, y = plates.boxes[0].reshape(2, 2).mean(axis=0)
    assert ((cars.boxes[:, :2] <= [x, y]) & (cars.boxes[:, 2:] >= [x, y])).all(axis=1).any()


def test_cars_seen_from_above_are_cars(detector):
    # COCO's networks call these "cell phone".
    seen = detector.detect(frame("intel-car-detection", 200)).only("car")
    assert len(seen) == 2


def test_the_junction_is_full_of_cars(detector):
    assert len(detector.detect(frame("junction-opendatacam", 150)).only("car")) >= 8


def test_an_empty_frame_holds_nothing(detector):
    assert len(detector.detect(np.full((720, 1280, 3), 90, np.uint8))) == 0


def test_a_portrait_picture_is_as_good_as_a_landscape_one(detector):
    wide = frame("intel-car-detection", 200)
    tall = cv2.copyMakeBorder(wide, 700, 0, 0, 0, cv2.BORDER_CONSTANT, value=(80, 80, 80))
    here, there = detector.detect(wide).only("car"), detector.detect(tall).only("car")
    moved = here.boxes + np.array([0, 700, 0, 700], np.float32)
    assert len(there) >= 1
    assert overlaps(there.boxes, moved).max(axis=1).min() > 0.5


@pytest.mark.parametrize("backend", ["onnxruntime", "ultralytics"])
def test_every_backend_sees_the_same(detector, backend):
    pytest.importorskip(backend, reason=f"{backend} is only in the extra `train`")
    picture = frame("junction-opendatacam", 150)
    ours = detector.detect(picture, confidence=0.5)
    other = load_detector("traffic-n", backend=backend).detect(picture, confidence=0.4)
    table = overlaps(ours.boxes, other.boxes)
    found = (table * (ours.classes[:, None] == other.classes[None, :])).max(axis=1) > 0.7
    assert found.mean() > 0.9


@pytest.mark.parametrize("shape", [(720, 1280), (720, 1280, 4), (0, 0, 3)])
def test_what_is_no_colour_picture_is_refused(detector, shape):
    with pytest.raises(ValueError, match=r"array \[height, width, 3\]|holds nothing"):
        detector.detect(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"name": "nothing"}, "the model catalogue holds no 'nothing'"),
        ({"backend": "abacus"}, "unknown backend 'abacus': choose one of openvino"),
    ],
)
def test_a_wrong_choice_is_told(arguments, sentence):
    with pytest.raises(ModelError, match=sentence):
        load_detector(**{"name": "traffic-n"} | arguments)


def test_a_device_that_is_not_here_is_told_with_those_that_are(detector):
    absent = load_detector("traffic-n", device="NPU")
    with pytest.raises(ModelError, match=r"cannot run traffic-n\.onnx on NPU \(devices here: .*CPU"):
        absent.detect(np.zeros((64, 64, 3), np.uint8))
