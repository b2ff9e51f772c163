from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from models.catalogue import load_catalogue
from models.detection import CLASSES, Detections
from models.errors import ModelError
from models.evaluation import detector as suite
from models.evaluation.detector import FLOOR, against_reference
from models.evaluation.figures import FIGURES, stamped
from models.evaluation.reference import frames
from scripts.tertib import main


def boxes(*rows):
    corners = np.array([row[0] for row in rows], np.float32).reshape(-1, 4)
    names = np.array([CLASSES.index(row[1]) for row in rows], np.int64)
    return Detections(corners, np.full(len(rows), 0.9, np.float32), names)


class Sees:
    def __init__(self, *rows):
        self.seen = boxes(*rows)

    def detect(self, frame_bgr, *, confidence=0.25):  # noqa: ARG002 - the port's arguments
        return self.seen


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "video" / "dev"
    folder.mkdir(parents=True)
    writer = cv2.VideoWriter(str(folder / "road.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 10, (64, 48))
    for level in range(10):
        writer.write(np.full((48, 64, 3), level * 20, np.uint8))
    writer.release()
    return tmp_path


@pytest.mark.parametrize(
    ("ours", "share"),
    [
        ([([0, 0, 20, 20], "truck")], 1.0),
        ([([0, 0, 20, 20], "person")], 0.0),
        ([([30, 30, 40, 40], "car")], 0.0),
    ],
    ids=["vehicles are merged", "a person is no vehicle", "elsewhere"],
)
def test_the_share_of_what_the_reference_sees(clips, monkeypatch, ours, share):
    # The reference calls one van car and truck: that is one object.
    theirs = boxes(([0, 0, 20, 20], "car"), ([0, 0, 20, 21], "truck"))
    monkeypatch.setattr(suite, "reference", lambda _data, seen: {frame.key: theirs for frame in seen})
    found = against_reference(Sees(*ours), clips)
    assert found["n"] == 8
    assert found["found_of_yolo11n"]["vehicles"] == share
    assert found["by_class"]["vehicle"]["objects"] == 8
    assert found["passes_floor"] == (share >= FLOOR)


def test_frames_are_spread_over_the_clip(clips):
    assert [frame.key for frame in frames(clips / "video" / "dev", count=2)] == ["road-2", "road-7"]


def test_a_folder_without_clips_is_told(tmp_path):
    with pytest.raises(ModelError, match="no clips"):
        list(frames(tmp_path))


def test_figures_say_machine_date_and_commit():
    found = stamped("detector", {"sets": {}})
    assert {"suite", "machine", "date", "commit", "sets"} <= set(found)
    assert found["date"].endswith("+00:00")


def test_without_the_footage_the_command_says_what_to_set(monkeypatch, capsys):
    monkeypatch.delenv("TERTIB_EXTRA_DATA", raising=False)
    monkeypatch.setattr("sys.argv", ["tertib", "evaluate", "detector", "--json"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "set TERTIB_EXTRA_DATA to its folder" in capsys.readouterr().err


def test_an_unknown_suite_lists_the_known(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tertib", "evaluate", "weather"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    assert "detector" in capsys.readouterr().err


def test_the_committed_figures_are_those_of_the_committed_weights_and_hold_the_floor():
    figures = json.loads((FIGURES / "detector.json").read_text(encoding="utf-8"))
    assert figures["sha256"] == load_catalogue().model("traffic-n").sha256
    assert figures["sets"]["dev-clips-vs-yolo11n"]["found_of_yolo11n"]["vehicles"] >= FLOOR
