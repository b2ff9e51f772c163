from __future__ import annotations

import numpy as np
import pytest

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.proofs import derivatives, originals
from pipeline.rules.candidate import Candidate
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, along_x, journey

TRACK: Track = journey(along_x(500, 700, -100))


def candidate(offence: OffenceCode, frame: int, **more: object) -> Candidate:
    sighting = TRACK.sightings[frame]
    return Candidate(offence, 1, "car", "up", frame, sighting.at_s, sighting.box, {}, (), **more)  # type: ignore[arg-type]


def test_a_passage_on_red_is_shown_before_and_beyond_the_line_with_red_in_both() -> None:
    passes = Candidate(
        OffenceCode.RED_LIGHT, 1, "car", "up", 30, MONDAY_MORNING_S + 3, TRACK.sightings[30].box, {"red_for_s": 0.6}, ()
    )
    before, beyond = originals(passes, TRACK)
    assert (before.name, before.role, beyond.name, beyond.role) == ("before.jpg", "before", "beyond.jpg", "beyond")
    assert MONDAY_MORNING_S + 2.4 < before.sighting.at_s < MONDAY_MORNING_S + 3
    assert beyond.sighting.at_s == pytest.approx(MONDAY_MORNING_S + 3.8)


def test_an_offence_that_lasts_needs_no_further_picture() -> None:
    assert originals(candidate(OffenceCode.BUS_LANE, 30), TRACK) == []


def test_a_speed_is_shown_by_two_stills_with_their_measured_points_and_the_originals_stay_as_they_are() -> None:
    fast = candidate(OffenceCode.SPEED, 30, instants=((10, (500.0, 600.0)), (30, (500.0, 400.0))))
    (first,) = originals(fast, TRACK)
    assert (first.name, first.sighting.frame) == ("before.jpg", 10)
    pictures = {name: np.zeros((800, 1000, 3), np.uint8) for name in ("before.jpg", "offence.jpg")}
    drawn = derivatives(fast, pictures, "offence.jpg")
    assert [(m.name, m.role, m.derived_from) for m in drawn] == [
        ("measured-1.jpg", "measured", "before.jpg"),
        ("measured-2.jpg", "measured", "offence.jpg"),
    ]
    assert "measured point 500.0,600.0" in (drawn[0].recipe or "")
    assert not any(picture.any() for picture in pictures.values())


def test_heads_are_cut_out_of_the_offence_still_by_a_recipe() -> None:
    bare = candidate(OffenceCode.NO_HELMET, 30, marks=((490.0, 340.0, 510.0, 360.0),))
    (head,) = derivatives(bare, {"offence.jpg": np.zeros((800, 1000, 3), np.uint8)}, "offence.jpg")
    assert (head.role, head.derived_from, head.recipe) == ("head", "offence.jpg", "crop 482,332,518,368")
