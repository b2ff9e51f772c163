"""What must hold for every journey, not only for those that somebody thought of."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.perception.phase import PhaseChange, PhaseLog
from pipeline.perception.track import Sighting, Track
from pipeline.rules import RULES, Candidate, Rule
from pipeline.rules.bus_lane import bus_lane
from pipeline.rules.crossing import crossings
from pipeline.rules.red_light import red_light
from pipeline.rules.wrong_way import wrong_way
from pipeline.scene import CountLine, Scene
from tests.pipeline.rules.journeys import (
    MONDAY_MORNING_S,
    along_x,
    bus_lane_scene,
    journey,
    one_way_scene,
    phases,
    red_light_scene,
    run,
)

LINE = CountLine(id="line", line=((300, 400), (700, 400)), left="up", right="down")
x_places = st.floats(340, 660)
speeds = st.floats(85, 250)
RED = phases(("green", 0), ("red", 0.5))


def reversed_in_time(track: Track) -> Track:
    boxes = [sighting.box for sighting in reversed(track.sightings)]
    return replace(track, sightings=tuple(replace(s, box=box) for s, box in zip(track.sightings, boxes, strict=True)))


def every_second(track: Track) -> Track:
    return replace(track, sightings=track.sightings[::2])


def shifted(track: Track, by_s: float) -> Track:
    return replace(track, sightings=tuple(replace(s, at_s=s.at_s + by_s) for s in track.sightings))


@settings(max_examples=25, deadline=None)
@given(x=x_places, speed=speeds)
def test_a_wrong_way_journey_reversed_in_time_is_lawful_and_the_other_way_round(x: float, speed: float) -> None:
    lawful = journey(along_x(x, 790, -speed), seconds=min(6.0, 700 / speed))
    assert run(wrong_way, one_way_scene(), lawful) == []
    assert len(run(wrong_way, one_way_scene(), reversed_in_time(lawful))) == 1


@settings(max_examples=25, deadline=None)
@given(x=x_places, speed=speeds)
def test_a_passage_reversed_in_time_is_a_passage_the_other_way(x: float, speed: float) -> None:
    track = journey(along_x(x, 790, -speed), seconds=min(6.0, 700 / speed))
    there, back = crossings(track, LINE), crossings(reversed_in_time(track), LINE)
    assert [c.toward for c in there] == ["up"]
    assert [c.toward for c in back] == ["down"]


@settings(max_examples=20, deadline=None)
@given(weeks=st.integers(-500, 500), speed=speeds)
def test_weeks_do_not_matter(weeks: int, speed: float) -> None:
    by_s = weeks * 7 * 86400.0
    cases: list[tuple[Rule, Scene, Track]] = [
        (bus_lane, bus_lane_scene(), journey(along_x(500, 750, -speed), seconds=2.5)),
        (wrong_way, one_way_scene(), journey(along_x(500, 50, speed), seconds=2.5)),
        (red_light, red_light_scene(), journey(along_x(500, 450 + 2 * speed, -speed), seconds=4)),
    ]
    for rule, where, track in cases:
        log = PhaseLog(tuple(PhaseChange(c.signal, c.state, c.at_s + by_s, c.frame) for c in RED.changes))
        now = run(rule, where, track, phases=RED)
        then = run(rule, where, shifted(track, by_s), phases=log)
        assert [_shape(c) for c in then] == [_shape(c) for c in now]
        assert len(now) == 1
        assert then[0].at_s - now[0].at_s == pytest.approx(by_s, abs=1e-4)


def _shape(candidate: Candidate) -> tuple[object, ...]:
    return candidate.offence, candidate.track_id, candidate.frame, candidate.box, len(candidate.conditions)


@settings(max_examples=20, deadline=None)
@given(x=x_places, speed=speeds)
def test_every_second_picture_tells_the_same(x: float, speed: float) -> None:
    seconds = min(6.0, 700 / speed)
    up = journey(along_x(x, 790, -speed), seconds=seconds)
    down = reversed_in_time(up)
    line_at_s = MONDAY_MORNING_S + 390 / speed
    for whole in (up, down):
        half = every_second(whole)
        assert bool(run(wrong_way, one_way_scene(), whole)) == bool(run(wrong_way, one_way_scene(), half))
        assert bool(run(bus_lane, bus_lane_scene(), whole)) == bool(run(bus_lane, bus_lane_scene(), half))
        both = (crossings(whole, LINE), crossings(half, LINE))
        assert [c.toward for c in both[0]] == [c.toward for c in both[1]]
    red = [run(red_light, red_light_scene(), track, phases=RED) for track in (up, every_second(up))]
    assert [len(found) for found in red] == [1, 1]
    assert red[0][0].at_s == pytest.approx(line_at_s, abs=0.005)
    assert red[1][0].at_s == pytest.approx(line_at_s, abs=0.005)


@settings(max_examples=30, deadline=None)
@given(
    boxes=st.lists(
        st.tuples(st.floats(0, 900), st.floats(0, 700), st.floats(5, 100), st.floats(5, 100)), min_size=1, max_size=30
    )
)
def test_no_journey_however_odd_breaks_a_rule(boxes: list[tuple[float, float, float, float]]) -> None:
    sightings = tuple(
        Sighting(MONDAY_MORNING_S + i / 10, i, (x, y, x + w, y + h), 0.5) for i, (x, y, w, h) in enumerate(boxes)
    )
    track = Track(1, sightings, {"car": 1.0})
    for rule in RULES.values():
        for where in (bus_lane_scene(), one_way_scene(), red_light_scene()):
            assert len(run(rule, where, track, phases=RED)) <= 1
