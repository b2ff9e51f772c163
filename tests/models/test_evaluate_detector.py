from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from models.catalogue import load_catalogue
from models.detection import CLASSES, Detections
from models.detector import load_detector
from models.errors import ModelError
from models.evaluation import detector as suite
from models.evaluation.detector import FLOOR, against_reference
from models.evaluation.figures import FIGURES, ROOM, stamped
from models.evaluation.labelled import TRUTH, on_labelled_frames
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


FALLEN_BELOW = {
    "sets/dev-clips-vs-yolo11n/found_of_yolo11n/vehicles": 0.945,
    "sets/signals-id-valid/by_class/signal/ap50": 0.91,
    "sets/plates-vehicles-valid/by_class/plate/recall": 0.78,
    "sets/hand-labelled/dev/merged/vehicle/recall": 0.87,
    "sets/hand-labelled/dev/by_class/motorcycle/recall": 0.72,
    "sets/hand-labelled/dev/by_class/bus/recall": 0.7,
    "int8/sets/dev-clips-vs-yolo11n/found_of_yolo11n/vehicles": 0.88,
    "heads/sets/helmets-valid/by_class/any_head/ap50": 0.64,
}
COMMITTED = json.loads((FIGURES / "detector.json").read_text(encoding="utf-8"))


def figure(path: str) -> float:
    found = COMMITTED
    for key in path.split("/"):
        found = found[key]
    return found


@pytest.mark.parametrize(("path", "least"), FALLEN_BELOW.items())
def test_no_committed_figure_has_fallen_by_more_than_its_noise(path, least):
    # Noise: two standard errors of a share of that many objects.
    assert figure(path) >= least


@pytest.mark.parametrize("key", ["int8", "heads"])
def test_the_figures_of_the_other_networks_are_of_their_committed_weights(key):
    assert COMMITTED[key]["sha256"] == load_catalogue().model(COMMITTED[key]["model"]).sha256


@pytest.fixture(scope="module")
def sample_frames(tmp_path_factory):
    """The labelled frames of clips that are in the repository, laid out as the footage is."""
    here = tmp_path_factory.mktemp("ship")
    (here / "video").mkdir()
    (here / "video" / "ship").symlink_to(ROOM.parent / "samples" / "clips")
    truth = here / "truth"
    truth.mkdir()
    for path in TRUTH.glob("*.json"):
        if json.loads(path.read_text(encoding="utf-8"))["folder"] == "video/ship":
            (truth / path.name).symlink_to(path)
    return here, truth


@pytest.mark.parametrize(("name", "slack"), [("traffic-n", 0.02), ("traffic-n-int8", 0.05)])
def test_the_weights_do_on_the_sample_clips_what_the_figures_say(sample_frames, name, slack):
    found = on_labelled_frames(load_detector(name), *sample_frames)["ship"]["merged"]["vehicle"]
    assert found["recall"] >= figure("sets/hand-labelled/ship/merged/vehicle/recall") - slack
