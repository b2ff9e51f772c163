from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from pipeline.scene import SceneError, load_scene
from pipeline.scene.model import Hours

SAMPLES = Path(__file__).parents[3] / "samples" / "scenes"

GOOD = """
schema: tertib.scene/1
name: test
camera: {id: test-1, name: Test, agency: test, jurisdiction: jateng, place: Nowhere, latitude: -7, longitude: 110}
frame: {width_px: 640, height_px: 360}
media: {source: clip.mp4, recorded_at: 2026-03-02T07:00:00+07:00}
signals:
  - {id: head, box: [600, 10, 610, 40]}
lanes:
  - id: up
    polygon: [[100, 350], [200, 50], [300, 50], [400, 350]]
    direction: [[250, 300], [250, 100]]
    stop_line: [[150, 200], [350, 200]]
    signal: head
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "scene.yaml"
    path.write_text(text)
    return path


def test_a_good_scene_is_read_and_its_media_is_found_beside_it(tmp_path: Path) -> None:
    scene = load_scene(written(tmp_path, GOOD))
    assert scene.lanes[0].signal == "head"
    assert scene.media_path() == str(tmp_path / "clip.mp4")


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_sample_scene_is_good_and_says_that_its_place_is_invented(path: Path) -> None:
    scene = load_scene(path)
    assert scene.name == path.stem
    assert "rekaan" in scene.camera.place
    assert Path(scene.media_path() or "").is_file()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("direction:", "directoin:", r"lanes\.up\.directoin: unknown key; did you mean `direction`\?"),
        ("frame:", "farme:", r"farme: unknown key; did you mean `frame`\?"),
        ("latitude: -7", "latitude: -97", r"camera\.latitude: .*greater than or equal to -90"),
        ("latitude: -7, ", "", r"camera\.latitude: is missing"),
        ("[200, 50], [300, 50]", "[300, 50], [200, 50]", r"lanes\.up\.polygon: crosses itself .*corners in order"),
        ("[[150, 200], [350, 200]]", "[[150, 200], [650, 200]]", r"up\.stop_line: .*\[650, 200\].*outside.*640 x 360"),
        ("[600, 10, 610, 40]", "[610, 10, 600, 40]", r"signals\.head\.box: .*x1 < x2"),
        ("signal: head", "signal: haed", r"lane `up`.*`haed`.*does not have \(it has: head\)"),
        ("    direction: [[250, 300], [250, 100]]\n", "", r"stop_line but no direction"),
        ("id: head", "id: up", r"`up` is used twice"),
        ("+07:00", "", r"recorded_at: has no UTC offset"),
        ("id: test-1", "id: Test 1", r"camera\.id: must be 1 to 63 small letters"),
        ("longitude: 110", "longitude: 110, timezone: Asia/Semarang", r"timezone: `Asia/Semarang` is no IANA"),
        ("name: test\n", "name: [test\n", r"line \d+, column \d+: is not valid YAML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_file_and_key(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(SceneError) as told:
        load_scene(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)
    assert re.search(sentence, str(told.value)), str(told.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("none.yaml", "there is no such scene file"), (".", "is a folder"), ("clip.mp4", "cannot be read as text")],
)
def test_what_is_no_scene_file_is_told(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "clip.mp4").write_bytes(bytes(range(256)))
    with pytest.raises(SceneError, match=sentence):
        load_scene(tmp_path / name)


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="must hold keys"):
        load_scene(written(tmp_path, ""))


def test_the_version_follows_the_meaning_and_not_the_writing(tmp_path: Path) -> None:
    version = load_scene(written(tmp_path, GOOD)).version_sha256
    assert load_scene(written(tmp_path, "# a remark\n" + GOOD)).version_sha256 == version
    assert load_scene(written(tmp_path, GOOD.replace("350, 200", "351, 200"))).version_sha256 != version


@pytest.mark.parametrize(
    ("hours", "when", "covered"),
    [
        ({"days": ["mon"], "from": "06:00", "to": "09:00"}, "2026-03-02T06:00", True),
        ({"days": ["mon"], "from": "06:00", "to": "09:00"}, "2026-03-02T09:01", False),
        ({"days": ["mon"], "from": "06:00", "to": "09:00"}, "2026-03-03T07:00", False),
        ({"days": ["mon"], "from": 360, "to": "24:00"}, "2026-03-02T23:59", True),
        ({"days": ["mon"], "from": "22:00", "to": "05:00"}, "2026-03-03T04:00", True),
        ({"days": ["mon"], "from": "22:00", "to": "05:00"}, "2026-03-02T04:00", False),
        ({}, "2026-03-01T12:00", True),
    ],
)
def test_hours_of_the_week(hours: dict[str, object], when: str, covered: bool) -> None:
    moment = datetime.fromisoformat(when).replace(tzinfo=ZoneInfo("Asia/Jakarta"))
    assert Hours.model_validate(hours).covers(moment) is covered
