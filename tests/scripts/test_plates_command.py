"""`tertib plates`: JSON lines, folders and patterns, and that a broken picture loses no other."""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest

from models.catalogue import resolve
from models.detection import Detections
from models.errors import ModelError
from scripts.tertib import run
from tests.models.plate_drawing import BLACK, draw_plate

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def tertib(capsys):
    def call(*arguments: object) -> Done:
        code = run(["plates", *map(str, arguments)])
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return call


@pytest.fixture(scope="module", autouse=True)
def weights():
    try:
        resolve("rapidocr", offline=True)
    except ModelError as error:
        pytest.skip(f"the reader's weights are not here: {error}")


@pytest.fixture
def crops(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), draw_plate(("H", "1837", "KT"), expiry="08-27"))
    cv2.imwrite(str(tmp_path / "b.jpg"), draw_plate(("AD", "4821", "PX"), expiry="11-28", style=BLACK))
    (tmp_path / "notes.txt").write_text("not a picture")
    return tmp_path


def test_reads_a_folder_of_crops_as_json_lines(tertib, crops):
    done = tertib("--crop", "--jsonl", crops)
    assert (done.returncode, done.stderr) == (0, "")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(row["image"]).name for row in rows] == ["a.png", "b.jpg"]
    plates = [row["plates"][0] for row in rows]
    assert [plate["text"] for plate in plates] == ["H1837KT", "AD4821PX"]
    assert [plate["expiry"] for plate in plates] == ["08.27", "11.28"]
    height, width = cv2.imread(str(crops / "a.png")).shape[:2]
    assert plates[0]["box"] == [0, 0, width, height]
    assert not plates[0]["abstained"]
    assert plates[0]["reason"] is None
    assert plates[0]["candidates"][0]["text"] == "H1837KT"
    assert 0.5 < plates[0]["confidence"] <= 1


def test_an_abstention_is_null_with_its_reason(tertib, crops):
    cv2.imwrite(str(crops / "gray.png"), np.full((60, 200, 3), 128, np.uint8))
    done = tertib("--crop", "--jsonl", crops / "gray.png")
    plate = json.loads(done.stdout)["plates"][0]
    assert done.returncode == 0
    assert plate["text"] is None
    assert plate["abstained"]
    assert plate["reason"]


def test_broken_pictures_are_named_and_the_others_read(tertib, crops):
    whole = (crops / "b.jpg").read_bytes()
    (crops / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (crops / "empty.png").write_bytes(b"")
    done = tertib("--crop", "--jsonl", crops / "cut.jpg", crops / "empty.png", crops / "none.jpg", crops / "a.png")
    assert done.returncode == 2
    assert [json.loads(line)["plates"][0]["text"] for line in done.stdout.splitlines()] == ["H1837KT"]
    assert "Traceback" not in done.stderr
    told = done.stderr.splitlines()
    assert len(told) == 3
    for name, why in (
        ("cut.jpg", "cut off before its end"),
        ("empty.png", "not a picture"),
        ("none.jpg", "no such file"),
    ):
        assert any(name in line and why in line for line in told), told


def test_words_patterns_and_another_country(tertib, crops):
    cv2.imwrite(str(crops / "vn.png"), draw_plate(("34A", "36837")))
    done = tertib("--crop", "--country", "VN", str(crops / "v*.png"))
    assert done.returncode == 0
    assert "34A36837" in done.stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--reader", "tesseract"], "unknown plate reader 'tesseract'"),
        (["--country", "XX"], "no plate format for country 'XX'"),
    ],
)
def test_a_wrong_option_is_told_in_one_line(tertib, crops, options, told):
    done = tertib("--crop", *options, crops / "a.png")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert told in done.stderr


def test_an_empty_folder_is_told(tertib, tmp_path):
    done = tertib("--crop", tmp_path)
    assert done.returncode == 2
    assert "the folder holds no pictures" in done.stderr


def test_finds_a_plate_in_a_whole_picture(tertib, tmp_path):
    try:
        resolve("traffic-n", offline=True)
    except ModelError as error:
        pytest.skip(f"the detector's weights are not here: {error}")
    clip = cv2.VideoCapture(str(REPOSITORY / "samples" / "clips" / "parkpow-cars.mp4"))
    read, frame = clip.read()
    if not read:
        pytest.skip("the sample clip is not here")
    cv2.imwrite(str(tmp_path / "frame.png"), frame)
    done = tertib("--jsonl", "--country", "VN", tmp_path / "frame.png")
    plates = json.loads(done.stdout)["plates"]
    assert done.returncode == 0
    assert "34A36837" in [plate["text"] for plate in plates]
    box = next(plate["box"] for plate in plates if plate["text"] == "34A36837")
    assert np.allclose(box, [453, 652, 575, 701], atol=15)


def test_copies_of_the_pictures_show_what_was_read(tertib, crops, tmp_path):
    done = tertib("--crop", "--pictures", tmp_path / "seen", crops)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in sorted((tmp_path / "seen").iterdir())] == ["0000-a.jpg", "0001-b.jpg"]
    plain, marked = cv2.imread(str(crops / "a.png")), cv2.imread(str(tmp_path / "seen" / "0000-a.jpg"))
    assert marked.shape == plain.shape
    assert np.abs(marked.astype(int) - plain.astype(int)).max() > 100


def test_a_folder_for_pictures_that_cannot_be_made_is_said_in_one_sentence(tertib, crops):
    done = tertib("--crop", "--pictures", crops / "notes.txt", crops)
    assert done.returncode == 2
    assert "notes.txt" in done.stderr
    assert done.stderr.count("\n") == 1


class Finds:
    """A detector that finds one plate, always there."""

    def __init__(self, *box: float) -> None:
        self.box = box

    def detect(self, frame_bgr: np.ndarray, *, confidence: float = 0.25) -> Detections:
        assert frame_bgr.ndim == 3
        assert confidence > 0
        return Detections(np.array([self.box], np.float32), np.array([0.9], np.float32), np.array([7], np.int64))


@pytest.mark.parametrize(("room", "named"), [(40, "H1837KT"), (0, None)])
def test_a_plate_at_the_edge_of_the_picture_is_not_named(tertib, tmp_path, monkeypatch, room, named):
    plate = draw_plate(("H", "1837", "KT"), expiry="08-27")
    height, width = plate.shape[:2]
    cv2.imwrite(str(tmp_path / "street.png"), cv2.copyMakeBorder(plate, room, room, room, room, cv2.BORDER_REPLICATE))
    finds = Finds(room, room, room + width, room + height)
    monkeypatch.setattr("scripts.commands.plates.load_detector", lambda *_, **__: finds)
    done = tertib("--jsonl", tmp_path / "street.png")
    plate_read = json.loads(done.stdout)["plates"][0]
    assert plate_read["text"] == named
    assert plate_read["candidates"][0]["text"] == "H1837KT"
