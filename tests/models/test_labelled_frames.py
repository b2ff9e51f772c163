from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from models.detection import CLASSES, Detections
from models.errors import ModelError
from models.evaluation.labelled import TRUTH, labelled_frames, on_labelled_frames


class Sees:
    def __init__(self, *rows):
        corners = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
        scores = np.array([row[2] if len(row) > 2 else 0.9 for row in rows], np.float32)
        self.seen = Detections(corners, scores, np.array([CLASSES.index(row[1]) for row in rows], np.int64))

    def detect(self, frame_bgr, *, confidence=0.25):  # noqa: ARG002 - the port's arguments
        return self.seen


CAR, BUS, FAR = [0, 0, 30, 20], [40, 0, 60, 30], [44, 34, 56, 44]


@pytest.fixture
def road(tmp_path):
    (tmp_path / "video" / "dev").mkdir(parents=True)
    writer = cv2.VideoWriter(
        str(tmp_path / "video" / "dev" / "road.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48)
    )
    for _ in range(4):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    truth = tmp_path / "truth"
    truth.mkdir()
    objects = [{"class": "car", "box": CAR}, {"class": "bus", "box": BUS}]
    notes = {
        "clip": "road",
        "folder": "video/dev",
        "frames": [{"frame": 2, "objects": objects, "ignored": [[40, 32, 64, 48]]}],
    }
    (truth / "road.json").write_text(json.dumps(notes))
    return tmp_path, truth


def test_recall_precision_and_names_are_counted(road):
    found = on_labelled_frames(Sees((CAR, "car"), (BUS, "truck")), *road)["dev"]
    assert found["n"] == 1
    assert found["merged"]["vehicle"]["recall"] == 1.0
    assert found["by_class"]["bus"]["recall"] == 0.0
    assert found["named"] == {"car": {"car": 1}, "bus": {"truck": 1}}
    assert found["by_size"]["16-32px"] == {"objects": 2, "recall": 1.0}


def test_what_nobody_could_judge_is_neither_right_nor_wrong(road):
    alone = on_labelled_frames(Sees((CAR, "car")), *road)["dev"]["merged"]["vehicle"]
    more = on_labelled_frames(Sees((CAR, "car"), (FAR, "car")), *road)["dev"]["merged"]["vehicle"]
    assert alone == more
    wrong = on_labelled_frames(Sees((CAR, "car"), ([0, 30, 20, 46], "car")), *road)["dev"]["merged"]["vehicle"]
    assert wrong["precision"] == 0.5


def test_a_driver_behind_the_windscreen_is_not_held_against_the_detector(road):
    found = on_labelled_frames(Sees((CAR, "car"), ([10, 4, 16, 10], "person")), *road)["dev"]
    assert "person" not in found["by_class"]
    assert found["merged"]["vehicle"]["precision"] == 1.0


def test_a_clip_that_is_not_here_is_told(road):
    data, truth = road
    (data / "video" / "dev" / "road.mp4").unlink()
    with pytest.raises(ModelError, match=r"road\.mp4 is absent or ends before frame 2"):
        list(labelled_frames(data, truth))


def test_at_least_two_hundred_frames_are_labelled_and_their_labels_make_sense():
    frames = objects = 0
    for path in TRUTH.glob("*.json"):
        notes = json.loads(path.read_text(encoding="utf-8"))
        for frame in notes["frames"]:
            frames += 1
            for entry in frame["objects"]:
                objects += 1
                x1, y1, x2, y2 = entry["box"]
                assert entry["class"] in CLASSES, path
                assert 0 <= x1 < x2 <= notes["width"] + 1, (path.name, frame["frame"], entry)
                assert 0 <= y1 < y2 <= notes["height"] + 1, (path.name, frame["frame"], entry)
    assert frames >= 200
    assert objects > 1000
