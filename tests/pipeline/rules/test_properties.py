"""What must hold for every journey, not only for those that somebody thought of."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.perception.phase import PhaseChange, PhaseLog
from pipeline.perception.track import Sighting, Track
from pipeline.rules import RULES, Candidate, Rule, is_grave
from pipeline.rules.bus_lane import bus_lane
from pipeline.rules.crossing import crossings
from pipeline.rules.gate import Gate, last_passage
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
    scene,
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


WIDTH_PX = 1000.0


def mirrored(track: Track) -> Track:
    """As the picture's mirror image shows it."""
    boxes = [(WIDTH_PX - s.box[2], s.box[1], WIDTH_PX - s.box[0], s.box[3]) for s in track.sightings]
    return replace(track, sightings=tuple(replace(s, box=box) for s, box in zip(track.sightings, boxes, strict=True)))


def mirror_scene(where: Scene) -> Scene:
    def flip(value: object) -> object:
        if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int | float) for v in value):
            return [WIDTH_PX - value[0], value[1]]
        if isinstance(value, list):
            return [flip(part) for part in value]
        return {key: flip(part) for key, part in value.items()} if isinstance(value, dict) else value

    content = where.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    flipped = {key: flip(content[key]) for key in ("lanes", "zones", "solid_lines") if key in content}
    for line in flipped.get("solid_lines", ()):  # type: ignore[attr-defined] # a list of dictionaries
        line["forbidden"] = {"to_left": "to_right", "to_right": "to_left"}.get(line.get("forbidden"), "both")
    return Scene.model_validate({**content, **flipped})


SIGNS = scene(
    lanes=[
        {
            "id": "up",
            "polygon": [[300, 799], [300, 1], [600, 1], [600, 799]],
            "direction": [[450, 700], [450, 100]],
            "stop_line": [[300, 400], [600, 400]],
            "signal": "head",
        }
    ],
    signals=[{"id": "head", "box": [490, 10, 510, 70]}],
    solid_lines=[{"id": "solid", "line": [[600, 790], [600, 10]], "forbidden": "to_right"}],
    zones=[{"id": "shoulder", "use": "lane_closed", "polygon": [[620, 799], [620, 1], [760, 1], [760, 799]]}],
)


def codes(where: Scene, track: Track) -> list[tuple[str, bool]]:
    found = [
        (c.offence.value, is_grave(c.doubts)) for rule in RULES.values() for c in run(rule, where, track, phases=RED)
    ]
    return sorted(found)


@settings(max_examples=6, deadline=None)
@given(x=st.floats(340, 700), drift=st.floats(-30, 45), speed=speeds)
def test_a_scene_and_its_mirror_image_agree(x: float, drift: float, speed: float) -> None:
    track = journey(lambda t: (x + drift * t, 780 - speed * t), seconds=min(5.0, 700 / speed))
    assert codes(mirror_scene(SIGNS), mirrored(track)) == codes(SIGNS, track)


@settings(max_examples=6, deadline=None)
@given(x=st.sampled_from([350.0, 450.0, 660.0, 700.0]), speed=speeds)
def test_every_second_picture_changes_no_verdict_of_any_rule(x: float, speed: float) -> None:
    track = journey(along_x(x, 790, -speed), seconds=min(6.0, 700 / speed), fps=20)
    assert codes(SIGNS, every_second(track)) == codes(SIGNS, track)


@settings(max_examples=4, deadline=None)
@given(noise=st.integers(0, 10_000), speed=st.floats(120, 300))
def test_the_instant_of_passing_is_better_than_a_third_of_what_pictures_alone_tell(noise: int, speed: float) -> None:
    errors = []
    for seed in range(12):
        random = np.random.default_rng((noise, seed))
        start = float(random.uniform(700, 720))
        track = journey(along_x(450, start, -speed), seconds=4)
        shaken = [
            replace(s, box=(s.box[0], s.box[1], s.box[2], s.box[3] + float(random.normal(0, 1.0))))
            for s in track.sightings
        ]
        gate = Gate(((300, 400), (600, 400)), (0.0, -1.0))
        passage = last_passage(shaken, gate)
        assert passage is not None
        errors.append(passage.at_s - MONDAY_MORNING_S - (start - 400) / speed)
    quantised_s = 0.1 / 12**0.5
    assert float(np.std(errors)) < quantised_s / 3
