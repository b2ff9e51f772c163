"""The citizen's copy: others unrecognisable, the own vehicle as recorded, made again from its recipe."""

from __future__ import annotations

import hashlib
import io
import json

import pytest
from PIL import Image, ImageDraw, ImageStat

from api.redaction.blur import RedactionError, redact


def _still(text: str = "H 1234 AB", size: tuple[int, int] = (640, 360)) -> bytes:
    """A grey road with a bystander's plate at (40..200, 100..150) and the own plate at (400..560, 200..250)."""
    picture = Image.new("RGB", size, (90, 90, 90))
    draw = ImageDraw.Draw(picture)
    for left, top, words in ((40, 100, text), (400, 200, "K 77 XY")):
        draw.rectangle((left, top, left + 160, top + 50), fill=(255, 255, 255))
        draw.text((left + 8, top + 4), words, fill=(0, 0, 0), font_size=30)
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "secret maker"
    picture.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


def _contrast(data: bytes, box: tuple[int, int, int, int]) -> float:
    return ImageStat.Stat(Image.open(io.BytesIO(data)).convert("L").crop(box)).stddev[0]


def _difference(left: bytes, right: bytes, box: tuple[int, int, int, int]) -> float:
    pictures = [Image.open(io.BytesIO(data)).convert("L").crop(box).tobytes() for data in (left, right)]
    return sum(abs(a - b) for a, b in zip(*pictures, strict=True)) / len(pictures[0])


BYSTANDER = (40.0, 100.0, 200.0, 150.0)
OWN = (380.0, 180.0, 580.0, 270.0)
INSIDE_PLATE = (60, 108, 180, 142)
OWN_PLATE = (404, 204, 556, 246)


def test_a_bystanders_plate_cannot_be_told_from_another() -> None:
    first, second = (
        redact(_still("H 1234 AB"), [BYSTANDER], keep=OWN),
        redact(_still("H 8765 QZ"), [BYSTANDER], keep=OWN),
    )
    before = _difference(_still("H 1234 AB"), _still("H 8765 QZ"), INSIDE_PLATE)
    assert _difference(first.data, second.data, INSIDE_PLATE) < before / 4
    assert _contrast(first.data, INSIDE_PLATE) < _contrast(_still(), INSIDE_PLATE) / 3


def test_the_own_vehicle_stays_as_recorded() -> None:
    copy = redact(_still(), [BYSTANDER, (300.0, 150.0, 480.0, 300.0)], keep=OWN)
    assert _difference(copy.data, _still(), OWN_PLATE) < 3


def test_somebody_in_front_of_the_own_vehicle_is_blurred_there() -> None:
    copy = redact(_still(), [(400.0, 200.0, 560.0, 250.0)], keep=(200.0, 20.0, 640.0, 350.0))
    assert _contrast(copy.data, OWN_PLATE) < _contrast(_still(), OWN_PLATE) / 3


def test_a_second_detection_of_the_own_vehicle_is_no_bystander() -> None:
    copy = redact(_still(), [(382.0, 178.0, 583.0, 272.0)], keep=OWN)
    assert _difference(copy.data, _still(), OWN_PLATE) < 3


def test_the_copy_names_its_parent_and_recipe_and_can_be_made_again() -> None:
    original = _still()
    copy, again = (redact(original, [BYSTANDER], keep=OWN) for _ in range(2))
    assert copy.data == again.data
    assert copy.parent_sha256 == hashlib.sha256(original).hexdigest()
    assert copy.sha256 == hashlib.sha256(copy.data).hexdigest()
    recipe = json.loads(copy.recipe)
    assert recipe["recipe"] == "tertib.redaction/1"
    assert recipe["blurred"] == [list(BYSTANDER)]
    assert recipe["kept"] == list(OWN)


def test_the_copy_carries_no_metadata() -> None:
    copy = redact(_still(), [], keep=None)
    assert b"secret maker" not in copy.data
    assert not Image.open(io.BytesIO(copy.data)).getexif()


def test_boxes_past_the_edge_are_cut_and_boxes_outside_do_no_harm() -> None:
    assert redact(_still(), [(-50.0, -50.0, 30.0, 30.0), (5000.0, 5000.0, 5100.0, 5100.0)], keep=None).data


@pytest.mark.parametrize(
    ("data", "boxes", "why"),
    [
        (b"not a picture", [], "cannot be decoded"),
        (_still()[:2000], [], "cannot be decoded"),
        (_still(), [(50.0, 50.0, 20.0, 80.0)], "not a rectangle"),
        (_still(), [(float("nan"), 0.0, 20.0, 80.0)], "not a rectangle"),
        (_still(), [(0.0, 0.0, 20.0, 80.0)] * 501, "at most 500"),
    ],
)
def test_what_cannot_be_redacted_is_refused_rather_than_shown(
    data: bytes, boxes: list[tuple[float, float, float, float]], why: str
) -> None:
    with pytest.raises(RedactionError, match=why):
        redact(data, boxes, keep=None)
