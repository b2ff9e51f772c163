from __future__ import annotations

import pytest

from pipeline.rules.bus_lane import bus_lane
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, along_x, bus_lane_scene, journey, run, scene
from tests.pipeline.rules.test_measured import FLAT

DRIVES = along_x(500, 750, -100)


def test_a_car_that_drives_in_the_lane_in_its_hours_is_offered_once_with_its_reasons() -> None:
    found = run(bus_lane, bus_lane_scene(), journey(DRIVES))
    assert len(found) == 1
    assert found[0].offence == "bus_lane"
    assert found[0].vehicle_class == "car"
    assert all(condition.met and condition.detail for condition in found[0].conditions)
    assert found[0].measured["stay_s"] >= 1.0
    assert found[0].doubts == ()


@pytest.mark.parametrize("votes", [{"bus": 5.0}, {"car": 7.0, "bus": 3.0}, {"bicycle": 5.0}])
def test_whoever_may_be_permitted_is_not_offered(votes: dict[str, float]) -> None:
    assert run(bus_lane, bus_lane_scene(), journey(DRIVES, votes=votes)) == []


def test_a_few_looks_like_a_bus_are_told_as_a_doubt() -> None:
    found = run(bus_lane, bus_lane_scene(), journey(DRIVES, votes={"car": 9.0, "bus": 1.0}))
    assert "10% of the looks" in found[0].doubts[0]


def test_a_parked_car_whose_box_trembles_is_not_offered() -> None:
    trembles = journey(lambda t: (500 + 6 * ((t * 10) % 2), 500 - 5 * ((t * 10) % 3)))
    assert run(bus_lane, bus_lane_scene(), trembles) == []


def test_a_standing_car_whose_lower_edge_is_uncovered_is_not_offered() -> None:
    # The car before it drives off: the box grows downwards, the roof stays.
    track = journey(lambda t: (500, 400 + 40 * t))
    grown = [s.__class__(s.at_s, s.frame, (s.box[0], 340.0, s.box[2], s.box[3]), s.score) for s in track.sightings]
    assert run(bus_lane, bus_lane_scene(), track.__class__(1, tuple(grown), track.votes)) == []


def test_a_momentary_overlap_is_not_offered() -> None:
    crosses = journey(lambda t: (100 + 600 * t, 400), seconds=1.4)
    assert run(bus_lane, bus_lane_scene(), crosses) == []


def test_a_car_beside_the_lane_is_not_offered() -> None:
    assert run(bus_lane, bus_lane_scene(), journey(along_x(200, 750, -100))) == []


@pytest.mark.parametrize(("shift_h", "offered"), [(0, True), (-1.5, False), (2.5, False), (24, False), (7 * 24, True)])
def test_hours_are_local_and_of_the_named_days(shift_h: float, offered: bool) -> None:
    track = journey(DRIVES, start_s=MONDAY_MORNING_S + shift_h * 3600)
    assert bool(run(bus_lane, bus_lane_scene(), track)) is offered


def test_who_leaves_the_lane_before_the_hours_begin_is_not_offered() -> None:
    before_six = journey(DRIVES, start_s=MONDAY_MORNING_S - 3600 - 5.5)
    assert run(bus_lane, bus_lane_scene(), before_six) == []


@pytest.mark.parametrize(("size_px", "is_kept"), [((40.0, 50.0), False), ((90.0, 40.0), False), ((52.0, 92.0), True)])
def test_a_car_as_large_as_a_bus_is_kept_from_the_officer(size_px: tuple[float, float], is_kept: bool) -> None:
    # 20 pixels a metre: 2.0 x 2.5 m and 4.5 x 2.0 m are cars from behind and from the side, 2.6 x 4.6 m is a bus.
    where = scene(lanes=[bus_lane_scene().lanes[0]], homography=FLAT)
    found = run(bus_lane, where, journey(DRIVES, size=size_px))
    assert any(doubt.startswith("grave: it looks") for doubt in found[0].doubts) is is_kept
