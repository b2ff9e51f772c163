from __future__ import annotations

import re
from pathlib import Path

import pytest

from models.detection import Detections
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify
from tests.pipeline.ingest.clips import write_sound
from tests.pipeline.roadside import Onlooker, PlateOf, Vehicle, downwards, write_clip
from tests.scripts.terminal import Terminal

SAMPLES = Path(__file__).parents[2] / "samples" / "scenes"
WRONG = Vehicle(200, downwards(90, 45))
SCENE = """
name: test
camera:
  {id: test-1, name: Test, agency: test, jurisdiction: jateng, place: "<b>Nowhere</b>", latitude: -7, longitude: 110}
frame: {width_px: 320, height_px: 240}
media: {source: clip.mp4, recorded_at: 2026-03-02T07:00:00+07:00}
lanes:
  - {id: up, polygon: [[20, 239], [20, 1], [300, 1], [300, 239]], direction: [[160, 200], [160, 50]]}
count_lines:
  - {id: line, line: [[20, 140], [300, 140]], left: in, right: out}
"""


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The invented road's detector and reader in place of the networks."""
    monkeypatch.setattr("scripts.commands.observe.load_detector", lambda *_, **__: Onlooker([WRONG]))
    monkeypatch.setattr("scripts.commands.observe.load_plate_reader", lambda **_: PlateOf({200: "H1234AB"}))


@pytest.fixture
def scene_file(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mp4", [WRONG], 6)
    path = tmp_path / "scene.yaml"
    path.write_text(SCENE)
    return path


@pytest.mark.usefixtures("staged")
def test_a_line_a_candidate_and_with_verbose_the_crossings(terminal: Terminal, scene_file: Path) -> None:
    told = terminal.tertib("observe", scene_file, "--jsonl", "--verbose")
    assert told.code == 0, told.err
    assert told.err == ""
    assert {line["kind"] for line in told.lines} == {"crossing", "offence"}
    offence = next(line for line in told.lines if line["kind"] == "offence")
    assert offence["offence"] == "wrong_way"
    assert offence["class"] == "car"
    assert offence["plate"] == offence["plate"] | {"text": "H1234AB", "abstained": False}
    assert re.fullmatch(r"2026-03-02T00:00:0\d\.\d{6}Z", offence["time"])
    assert len(offence["box"]) == 4
    assert offence["doubts"] == []
    crossing = next(line for line in told.lines if line["kind"] == "crossing")
    assert (crossing["line"], crossing["toward"], crossing["class"]) == ("line", "out", "car")
    assert terminal.tertib("observe", scene_file, "--jsonl").out.count("\n") == 1


@pytest.mark.usefixtures("staged")
def test_packages_are_sealed_with_a_key_made_on_the_spot_and_the_page_shows_the_stills(
    terminal: Terminal, scene_file: Path, tmp_path: Path
) -> None:
    folder, page = tmp_path / "packages", tmp_path / "report"
    told = terminal.tertib("observe", scene_file, "--packages", folder, "--report", page)
    assert told.code == 0, told.err
    assert "wrong_way: car, plate H1234AB" in told.out
    ring = PublicKeyRing.load(folder / "keys" / "keys.json")
    packages = list(folder.glob("*.tertib"))
    assert len(packages) == 1
    assert verify(packages[0].read_bytes(), ring).manifest.plate.text == "H1234AB"
    assert (folder / "keys" / "test-1.pem").stat().st_mode & 0o077 == 0
    html = (page / "index.html").read_text()
    for picture in re.findall(r'(?:src|href|poster)="([^"]+)"', html):
        assert (page / picture).stat().st_size > 0
    assert "<strong>H1234AB</strong>" in html
    assert "<b>Nowhere" not in html
    assert "&lt;b&gt;Nowhere" in html


@pytest.mark.usefixtures("staged")
def test_another_clip_was_not_recorded_when_the_scene_s_was(
    terminal: Terminal, scene_file: Path, tmp_path: Path
) -> None:
    other = write_clip(tmp_path / "other.mp4", [WRONG], 6)
    line = terminal.tertib("observe", scene_file, "--media", other, "--jsonl").lines[0]
    assert line["clock"]["source"] == "assumed"
    assert "time are assumed" in line["doubts"][-1]
    line = terminal.tertib(
        "observe", scene_file, "--media", other, "--recorded-at", "2026-05-01T12:00:00+07:00", "--jsonl"
    ).lines[0]
    assert line["clock"]["source"] == "file"
    assert line["time"].startswith("2026-05-01T05:00:0")


@pytest.mark.usefixtures("staged")
def test_what_cannot_be_used_is_said_in_one_line(terminal: Terminal, scene_file: Path, tmp_path: Path) -> None:
    def complaint(*arguments: object) -> str:
        told = terminal.tertib("observe", *arguments)
        assert told.code == 2
        assert told.out == ""
        assert told.err.count("\n") == 1
        return told.err

    assert "there is no such scene file" in complaint(tmp_path / "none.yaml")
    assert "none.mp4: there is no such file" in complaint(scene_file, "--media", tmp_path / "none.mp4")
    assert "has no video stream" in complaint(scene_file, "--media", write_sound(tmp_path / "sound.mp4"))
    assert "has no UTC offset" in complaint(scene_file, "--recorded-at", "2026-05-01T12:00:00")
    small = (tmp_path / "clip.mp4").read_bytes()[:3000]
    (tmp_path / "small.mp4").write_bytes(small)
    assert "damaged, cut off" in complaint(scene_file, "--media", tmp_path / "small.mp4")
    scene_file.write_text(SCENE.replace("direction", "driection"))
    assert "did you mean `direction`?" in complaint(scene_file)
    scene_file.write_text(SCENE.replace("media: {", "# media: {"))
    assert "say which clip or stream with --media" in complaint(scene_file)


def test_a_picture_of_another_size_than_the_scene_s_is_refused(
    terminal: Terminal, scene_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blind:
        def detect(self, *_: object, **__: object) -> Detections:
            return Detections.empty()

    monkeypatch.setattr("scripts.commands.observe.load_detector", lambda *_, **__: Blind())
    scene_file.write_text(SCENE.replace("width_px: 320", "width_px: 640"))
    told = terminal.tertib("observe", scene_file)
    assert told.code == 2
    assert "drawn on 640 x 240 pixels, but the pictures are 320 x 240" in told.err


@pytest.mark.slow
def test_the_toll_lane_gives_its_private_cars_with_their_plates(terminal: Terminal) -> None:
    told = terminal.tertib("observe", SAMPLES / "parkpow-cars.yaml", "--jsonl")
    assert told.code == 0, told.err
    assert {line["offence"] for line in told.lines} == {"bus_lane"}
    cars = [line["plate"]["text"] for line in told.lines if line["class"] == "car"]
    assert sorted(cars) == ["34A23126", "34A36837"]
    # A lorry comes last, far away: its plate may be left unread, but not be misread.
    assert {line["plate"]["text"] for line in told.lines if line["class"] != "car"} <= {None, "89C20339"}


@pytest.mark.slow
def test_on_the_one_way_road_those_two_are_found_who_come_towards_the_camera(terminal: Terminal) -> None:
    told = terminal.tertib("observe", SAMPLES / "intel-car-detection.yaml", "--jsonl")
    assert told.code == 0, told.err
    assert [line["offence"] for line in told.lines] == ["wrong_way", "wrong_way"]
    # By eye: one comes between pictures 183 and 230, the other between 316 and 350.
    assert [183 < told.lines[0]["frame"] < 230, 316 < told.lines[1]["frame"] < 350] == [True, True]


@pytest.mark.slow
def test_at_the_junction_everybody_is_counted_in_the_direction_in_which_he_drives(terminal: Terminal) -> None:
    told = terminal.tertib("observe", SAMPLES / "junction-opendatacam.yaml", "--jsonl", "--verbose")
    assert told.code == 0, told.err
    assert {(line["line"], line["toward"]) for line in told.lines} == {
        ("lajur-barat", "mendekat"),
        ("lajur-timur", "menjauh"),
    }
    # Where another detector's boxes disagreed with these counts the pictures were looked at: each one counted was real.
    assert 22 <= sum(line["line"] == "lajur-barat" for line in told.lines) <= 25
