"""Rendered plates through the whole reader: what it names, and when it abstains."""

import cv2
import numpy as np
import pytest

from models.catalogue import resolve
from models.errors import ModelError
from models.plates.cropping import crop_plate
from models.plates.expiry import read_expiry
from models.plates.reader import load_plate_reader
from models.plates.text_line import find_text_lines
from tests.models.plate_drawing import BLACK, WHITE, draw_plate, random_indonesian, spoil
from tests.models.test_plate_grammar import seen


@pytest.fixture(scope="module")
def reader():
    try:
        resolve("rapidocr", offline=True)
    except ModelError as error:
        pytest.skip(f"the reader's weights are not here: {error}")
    return load_plate_reader("rapidocr", countries=("ID",))


@pytest.mark.parametrize("style", [WHITE, BLACK], ids=["white", "black"])
def test_reads_light_and_dark_plates_without_their_expiry(reader, style):
    reading = reader.read(draw_plate(("H", "1837", "KT"), expiry="08-27", style=style))
    assert reading.text == "H1837KT"
    assert reading.expiry == "08.27"
    assert reading.confidence > 0.8
    assert reading.reason is None
    assert reading.known_region
    assert len(reading.characters) == len(reading.text)
    assert reading.candidates[0][0] == reading.text


def test_names_no_wrong_text_over_many_spoiled_plates(reader):
    rng = np.random.default_rng(7)
    wrong, named = [], 0
    for index in range(40):
        groups = random_indonesian(rng)
        style = WHITE if index % 2 else BLACK
        reading = reader.read(spoil(draw_plate(groups, expiry="08-27", style=style), rng, strength=0.3 + index / 60))
        named += reading.text is not None
        if reading.text not in {None, "".join(groups)}:
            wrong.append((groups, reading.text))
    assert len(wrong) <= 1, wrong
    assert named >= 22


def test_abstains_and_says_why_on_what_is_no_plate(reader):
    rng = np.random.default_rng(3)
    for picture in (
        np.full((60, 200, 3), 128, np.uint8),
        rng.integers(0, 255, (60, 200, 3)).astype(np.uint8),
        draw_plate(("TAXI", "SEMARANG")),
    ):
        reading = reader.read(picture)
        assert reading.text is None
        assert reading.reason


def test_abstains_when_characters_are_too_small(reader):
    plate = cv2.resize(draw_plate(("H", "1837", "KT"), expiry="08-27"), (48, 11), interpolation=cv2.INTER_AREA)
    reading = reader.read(plate)
    assert reading.text is None
    tiny = reader.read(np.zeros((8, 20, 3), np.uint8))
    assert tiny.reason == "the plate is too small to read: 20x8 pixels"
    assert tiny.candidates == ()


def test_look_alikes_that_no_grammar_resolves_are_an_abstention_with_candidates(reader):
    reading = reader.read(draw_plate(("B", "1291", "NOJ"), expiry="08-27"))
    texts = [text for text, _ in reading.candidates]
    assert texts[0] == "B1291NOJ"
    assert reading.text is not None or "B1291NQJ" in texts


def test_a_country_not_expected_is_not_read_as_one(reader):
    vietnamese = draw_plate(("34A", "36837"))
    assert reader.read(vietnamese).text is None
    assert load_plate_reader("rapidocr", countries=("ID", "VN")).read(vietnamese).text == "34A36837"


def test_two_equal_lines_are_joined_only_where_plates_have_them(reader):
    upper, lower = draw_plate(("59X1",)), draw_plate(("23456",))
    width = max(upper.shape[1], lower.shape[1])
    stacked = np.vstack(
        [cv2.copyMakeBorder(one, 0, 0, 0, width - one.shape[1], cv2.BORDER_REPLICATE)[12:-12] for one in (upper, lower)]
    )
    assert reader.read(stacked).text is None
    assert load_plate_reader("rapidocr", countries=("VN",)).read(stacked).best == "59X123456"


def test_text_line_drops_frame_and_expiry_and_levels_the_tilt():
    plate = draw_plate(("AD", "4821", "PX"), expiry="08-27", glyph_px=80)
    height, width = plate.shape[:2]
    matrix = np.array([[1, 0, 0], [0.12, 1, -0.06 * width]], np.float32)
    tilted = cv2.warpAffine(plate, matrix, (width, height + 60), borderMode=cv2.BORDER_REPLICATE)
    lines = find_text_lines(tilted)
    assert len(lines) == 1
    assert lines[0].glyph_height_px == pytest.approx(85, rel=0.15)
    assert lines[0].dark_text
    assert lines[0].image.shape[0] < 1.5 * lines[0].glyph_height_px


@pytest.mark.parametrize(
    ("text", "date"),
    [("0827", "08.27"), ("O8Z7", "08.27"), ("1327", None), ("0899", None), ("B1234AB", None), ("", None)],
)
def test_expiry(text, date):
    found = read_expiry(seen(text or "I"))
    assert (found.text if found else None) == date


def test_a_wrong_array_and_a_wrong_name_are_told(reader):
    with pytest.raises(ValueError, match=r"a plate crop must be uint8 \[height, width, 3\]"):
        reader.read(np.zeros((20, 50), np.uint8))
    with pytest.raises(ModelError, match="unknown plate reader 'tesseract': choose one of agree, plates-id"):
        load_plate_reader("tesseract")
    with pytest.raises(ValueError, match="threads must be at least 1"):
        load_plate_reader(threads=0)


def test_crop_leaves_room_and_stays_inside():
    picture = np.zeros((100, 200, 3), np.uint8)
    assert crop_plate(picture, (50, 40, 150, 60)).shape[:2] == (26, 112)
    assert crop_plate(picture, (-10, -5, 30, 10)).shape[:2] == (12, 33)
    with pytest.raises(ValueError, match="lies outside the picture"):
        crop_plate(picture, (300, 10, 400, 30))
