from __future__ import annotations

from pipeline.perception.track import Sighting, Track
from pipeline.rules.wrong_way import wrong_way
from tests.pipeline.rules.journeys import along_x, journey, one_way_scene, run


def test_driving_against_the_arrow_is_offered_once() -> None:
    found = run(wrong_way, one_way_scene(), journey(along_x(500, 100, 100)))
    assert [candidate.offence for candidate in found] == ["wrong_way"]
    assert found[0].measured["against_vehicle_sizes"] >= 0.8
    assert found[0].measured["angle_degrees"] < 5


def test_driving_with_the_arrow_is_not_offered() -> None:
    assert run(wrong_way, one_way_scene(), journey(along_x(500, 750, -100))) == []


def test_crossing_the_lane_is_not_driving_against_it() -> None:
    assert run(wrong_way, one_way_scene(), journey(lambda t: (310 + 60 * t, 300 + 20 * t))) == []


def test_a_short_manoeuvre_backwards_is_not_offered() -> None:
    backs = journey(lambda t: (500, 400 + min(40.0, 20 * t)))
    assert run(wrong_way, one_way_scene(), backs) == []


def test_a_box_that_jumps_back_once_is_not_offered() -> None:
    stands = journey(lambda t: (500, 300 if t < 3 else 420))
    assert run(wrong_way, one_way_scene(), stands) == []


def test_standing_with_trembling_boxes_is_not_offered() -> None:
    trembles = journey(lambda t: (500 + 5 * ((t * 10) % 2), 400 + 4 * ((t * 10) % 3)))
    assert run(wrong_way, one_way_scene(), trembles) == []


def test_a_covering_vehicle_is_told_as_a_doubt() -> None:
    other = journey(along_x(510, 105, 100), number=2)
    found = run(wrong_way, one_way_scene(), journey(along_x(500, 100, 100)), other)
    assert any("covers it" in doubt for doubt in found[0].doubts)


def test_a_gap_in_the_following_is_told_as_a_doubt() -> None:
    track = journey(along_x(500, 100, 100), seconds=1.5)
    late = [Sighting(s.at_s + (1.2 if s.frame > 4 else 0), s.frame, s.box, s.score) for s in track.sightings]
    found = run(wrong_way, one_way_scene(), Track(1, tuple(late), track.votes))
    assert any("out of sight" in doubt for doubt in found[0].doubts)
