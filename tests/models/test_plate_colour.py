"""A plate's colour: on plates that are drawn, in light that is not white, and where the light does not tell."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.plates_sets import drawn
from models.plates.colour import plate_colour
from tests.models.plate_drawing import BLACK, WHITE, draw_plate


@pytest.mark.parametrize(("style", "name"), [(WHITE, "white"), (BLACK, "black")])
def test_white_and_black(style, name):
    told = plate_colour(draw_plate(("H", "1837", "KT"), expiry="08-27", style=style))
    assert told is not None
    assert told.name == name
    assert told.confidence > 0.5


def test_a_white_plate_in_lamplight_is_not_yellow():
    lit = (draw_plate(("H", "1837", "KT"), style=WHITE) * np.array((0.75, 0.9, 1.0))).astype(np.uint8)
    told = plate_colour(lit)
    assert told is None or told.name == "white"


def test_a_blue_strip_below_marks_an_electric_vehicle():
    plate = draw_plate(("B", "1837", "KT"), style=WHITE)
    plate[-round(0.22 * plate.shape[0]) : -4] = (190, 90, 20)
    told = plate_colour(plate)
    assert told is not None
    assert told.name == "blue_edged"


def test_without_contrast_no_colour_is_told():
    assert plate_colour(np.full((40, 120, 3), 90, np.uint8)) is None


def test_drawn_plates_of_all_colours_are_told_or_not_at_all():
    right = told = total = 0
    for specimen in drawn(60):
        found = plate_colour(specimen.crop)
        total += 1
        told += found is not None
        right += found is not None and found.name == specimen.colour
    assert told >= 0.8 * total
    assert right >= 0.9 * told
