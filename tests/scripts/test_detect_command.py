from __future__ import annotations

import re
from pathlib import Path

import cv2
import pytest

from tests.pipeline.roadside import Onlooker, Vehicle, downwards, write_clip
from tests.scripts.terminal import Terminal

CLIPS = Path(__file__).parents[2] / "samples" / "clips"
CAR = Vehicle(200, downwards(90, 45))


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


def test_a_line_a_picture_with_tracks(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.commands.detect.load_detector", lambda *_, **__: Onlooker([CAR]))
    clip = write_clip(tmp_path / "clip.mp4", [CAR], 3)
    told = terminal.tertib("detect", clip, "--jsonl", "--every", "2")
    assert (told.code, told.err) == (0, "")
    assert [line["frame"] for line in told.lines] == list(range(0, 30, 2))
    assert all(re.fullmatch(r"1970-01-01T00:00:0\d\.\d{6}Z", line["time"]) for line in told.lines)
    cars = [item for line in told.lines[2:] for item in line["objects"] if item["class"] == "car"]
    assert {item["track"] for item in cars} == {0}
    assert all(0 < item["score"] <= 1 and len(item["box"]) == 4 for item in cars)
    assert {item["track"] for line in told.lines for item in line["objects"] if item["class"] == "plate"} == {None}


def test_pictures_with_the_boxes_are_written(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.commands.detect.load_detector", lambda *_, **__: Onlooker([CAR]))
    clip = write_clip(tmp_path / "clip.mp4", [CAR], 1)
    told = terminal.tertib("detect", clip, "--every", "5", "--pictures", tmp_path / "seen")
    assert (told.code, told.err) == (0, "")
    assert [path.name for path in sorted((tmp_path / "seen").iterdir())] == ["0000-frame-0.jpg", "0001-frame-5.jpg"]


def test_a_real_picture_holds_a_car_and_its_plate(terminal: Terminal, tmp_path: Path) -> None:
    capture = cv2.VideoCapture(str(CLIPS / "parkpow-cars.mp4"))
    cv2.imwrite(str(tmp_path / "toll.png"), capture.read()[1])
    told = terminal.tertib("detect", tmp_path / "toll.png", "--jsonl")
    assert told.code == 0, told.err
    classes = {item["class"] for item in told.lines[0]["objects"]}
    assert {"car", "plate"} <= classes


@pytest.mark.parametrize(
    ("name", "sentence"), [("none.mp4", "no such file"), ("text.mp4", "cannot be opened as video")]
)
def test_what_is_no_media_is_said_in_one_line(terminal: Terminal, tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "text.mp4").write_text("no clip")
    told = terminal.tertib("detect", tmp_path / name, "--jsonl")
    assert (told.code, told.out) == (2, "")
    assert sentence in told.err
    assert told.err.count("\n") == 1
