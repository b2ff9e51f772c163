from __future__ import annotations

import numpy as np
import pytest

from models.detection import CLASSES, Detections


def seen() -> Detections:
    boxes = np.array([[0, 0, 10, 10], [5, 5, 20, 20], [1, 1, 3, 3]], np.float32)
    names = [CLASSES.index("car"), CLASSES.index("plate"), CLASSES.index("bus")]
    return Detections(boxes, np.array([0.9, 0.5, 0.3], np.float32), np.array(names, np.int64))


def test_only_keeps_the_named_classes_in_order():
    assert seen().only("bus", "car").names == ("car", "bus")


def test_a_mask_and_an_index_array_choose_the_same_boxes():
    chosen = seen()
    by_mask = chosen[chosen.scores > 0.4]
    by_index = chosen[np.array([0, 1])]
    assert by_mask.names == by_index.names == ("car", "plate")


def test_an_unknown_class_is_named_in_the_error():
    with pytest.raises(ValueError, match="unknown class 'lorry': the classes are car, motorcycle"):
        seen().only("lorry")


def test_arrays_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="boxes"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.float32), np.zeros(2, np.int64))


def test_nothing_seen_is_no_special_case():
    assert len(Detections.empty().only("car")) == 0


def test_classes_are_only_ever_appended():
    # Weights and label files hold indices.
    assert CLASSES[:8] == ("car", "motorcycle", "bus", "truck", "bicycle", "person", "signal", "plate")
    assert CLASSES[8:10] == ("helmeted_head", "bare_head")
