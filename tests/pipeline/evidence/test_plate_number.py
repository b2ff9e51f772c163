"""A plate number is the same however people, cameras and registers write it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evidence.plate_number import REGIONS, PlateNumber, PlateNumberError


@pytest.mark.parametrize("written", ["H 1234 AB", "h1234ab", "H-1234-AB", "H.1234.AB", "  h 1234\tab ", "H_1234·AB"])
def test_every_spelling_is_one_number(written):
    plate = PlateNumber.parse(written)
    assert (plate.text, plate.display, plate.region, plate.known_region) == ("H1234AB", "H 1234 AB", "H", True)


@pytest.mark.parametrize(
    ("text", "display", "known"),
    [
        ("AD1328PY", "AD 1328 PY", True),
        ("B1", "B 1", True),
        ("AA9XYZ", "AA 9 XYZ", True),
        ("RI1", "RI 1", True),
        ("CD1234", "CD 1234", True),
        ("CC12AB", "CC 12 AB", False),
        ("XQ1234AB", "XQ 1234 AB", False),
        ("34A36837", "34A36837", False),
        ("H0123AB", "H0123AB", False),
        ("ABC123", "ABC123", False),
    ],
)
def test_an_unknown_region_is_marked_never_dropped(text, display, known):
    plate = PlateNumber.parse(text)
    assert (plate.text, plate.display, plate.known_region) == (text, display, known)


@pytest.mark.parametrize(
    "written", ["", "   ", "H", "HAB", "H 1234 AB 5678 99", "<script>1", "H1234\u0410B", "x" * 10_000 + "1"]
)
def test_what_cannot_be_a_plate_is_told(written):
    with pytest.raises(PlateNumberError, match="for example H 1234 AB"):
        PlateNumber.parse(written)


def test_only_a_normalised_text_makes_one():
    with pytest.raises(PlateNumberError, match="not normalised"):
        PlateNumber("h 1234 ab")


@given(st.text(alphabet="ABHK0189 .-", min_size=2, max_size=12))
def test_display_and_text_are_the_same_plate(written):
    try:
        plate = PlateNumber.parse(written)
    except PlateNumberError:
        return
    assert PlateNumber.parse(plate.display) == plate == PlateNumber.parse(plate.text)


def test_jawa_tengahs_regions_are_known():
    assert {"G", "H", "K", "R", "AA", "AD"} <= REGIONS
