"""Stop line, closed lane, no stopping, solid line, turning back: what is offered, and who is left alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.perception.phase import PhaseLog
from pipeline.rules import Candidate, is_grave
from pipeline.rules.lane_closed import lane_closed
from pipeline.rules.line_crossed import line_crossed
from pipeline.rules.no_stopping import no_stopping
from pipeline.rules.stop_line import stop_line
from pipeline.rules.u_turn import u_turn
from pipeline.scene import Scene
from tests.pipeline.rules.journeys import ROAD, UP, along_x, journey, phases, red_light_scene, run, scene

RED = phases(("yellow", -4), ("red", -1))


def zone(use: str, **more: Any) -> Scene:
    return scene(zones=[{"id": "zone", "use": use, "polygon": ROAD, **more}], grace={"stopping_s": 3})


def offered(found: list[Candidate]) -> list[str]:
    return [candidate.offence.value for candidate in found if not is_grave(candidate.doubts)]


def toward_scene(**more: Any) -> Scene:
    lane = {
        "id": "down",
        "polygon": ROAD,
        "direction": [[500, 100], [500, 700]],
        "stop_line": [[300, 400], [700, 400]],
        "signal": "head",
    }
    return scene(lanes=[lane], signals=[{"id": "head", "box": [900, 10, 920, 70]}], **more)


def stops_at(y: float) -> Callable[[float], tuple[float, float]]:
    return lambda t: (500, min(y, 200 + 150 * t))


def test_standing_beyond_the_line_on_red_is_offered() -> None:
    found = run(stop_line, toward_scene(), journey(stops_at(440)), phases=RED)
    assert offered(found) == ["stop_line"]
    assert found[0].measured["stands_s"] >= 2.0


@pytest.mark.parametrize(
    ("y", "log"),
    [(403, RED), (390, RED), (440, phases(("green", -1))), (440, phases(("red", 4.5))), (440, PhaseLog()), (640, RED)],
    ids=["on the line", "before it", "green", "red only now", "never read", "far in the junction"],
)
def test_who_stands_on_the_line_or_not_on_red_is_left_alone(y: float, log: PhaseLog) -> None:
    assert run(stop_line, toward_scene(), journey(stops_at(y)), phases=log) == []


def test_motorcycles_may_wait_in_their_own_area_and_cars_may_not() -> None:
    waiting = {"id": "rhk", "use": "waiting", "exempt": {"classes": ["motorcycle"]}}
    where = toward_scene(zones=[{**waiting, "polygon": [[300, 400], [700, 400], [700, 480], [300, 480]]}])
    assert run(stop_line, where, journey(stops_at(440), votes={"motorcycle": 5.0}), phases=RED) == []
    assert offered(run(stop_line, where, journey(stops_at(440)), phases=RED)) == ["stop_line"]


def test_who_waits_on_the_other_side_of_the_junction_is_left_alone() -> None:
    assert run(stop_line, red_light_scene(), journey(lambda _: (500, 330)), phases=RED) == []


def test_driving_on_the_shoulder_is_offered_standing_there_and_exempt_classes_are_not() -> None:
    drives, breaks_down = along_x(500, 700, -120), lambda _: (500.0, 500.0)
    assert offered(run(lane_closed, zone("lane_closed"), journey(drives, seconds=4))) == ["lane_closed"]
    assert run(lane_closed, zone("lane_closed"), journey(breaks_down)) == []
    free = zone("lane_closed", exempt={"classes": ["bus"]})
    assert run(lane_closed, free, journey(drives, seconds=4, votes={"bus": 5.0})) == []


def test_a_closed_lane_binds_only_in_its_hours_and_not_on_holidays() -> None:
    drives = journey(along_x(500, 700, -120), seconds=4)
    later = zone("lane_closed", hours=[{"from": "08:00", "to": "09:00"}])
    assert run(lane_closed, later, drives) == []
    hours = [{"holidays": "off"}]
    area = {"id": "zone", "use": "lane_closed", "polygon": ROAD, "hours": hours}
    holiday = scene(zones=[area], calendar={"holidays": ["2026-03-02"], "complete_to": "2026-12-31"})
    assert run(lane_closed, holiday, drives) == []
    unknown = scene(zones=[area], calendar={"holidays": [], "complete_to": "2025-12-31"})
    (candidate,) = run(lane_closed, unknown, drives)
    assert any("holiday is not known" in doubt for doubt in candidate.doubts)
    assert is_grave(candidate.doubts)


def test_standing_longer_than_is_granted_is_offered_and_shorter_or_trembling_past_is_not() -> None:
    where = zone("no_stopping")
    assert offered(run(no_stopping, where, journey(lambda _: (500, 500)))) == ["no_stopping"]
    assert run(no_stopping, where, journey(lambda _: (500, 500), seconds=2.8)) == []
    assert run(no_stopping, where, journey(along_x(500, 700, -30))) == []


def test_whoever_waits_at_a_signal_does_not_park() -> None:
    lane = {"id": "up", "polygon": ROAD, "direction": UP, "stop_line": [[300, 400], [700, 400]], "signal": "head"}
    where = scene(
        lanes=[lane],
        signals=[{"id": "head", "box": [900, 10, 920, 70]}],
        zones=[{"id": "zone", "use": "no_stopping", "polygon": ROAD}],
        grace={"stopping_s": 3},
    )
    assert run(no_stopping, where, journey(lambda _: (500, 500)), phases=RED) == []


SOLID = {"id": "solid", "line": [[500, 790], [500, 10]]}


def test_crossing_a_solid_line_is_offered_and_touching_it_is_not() -> None:
    where = scene(solid_lines=[SOLID])
    crosses = journey(lambda t: (440 + 25 * t, 780 - 120 * t), seconds=5)
    found = run(line_crossed, where, crosses)
    assert offered(found) == ["line_crossed"]
    assert found[0].measured["toward"] == "right"
    touches = journey(lambda t: (440 + 56 * math.sin(t / 5 * math.pi), 780 - 120 * t), seconds=5)
    assert run(line_crossed, where, touches) == []
    comes_back = journey(lambda t: (440 + 66 * math.sin(t / 5 * math.pi), 780 - 120 * t), seconds=5)
    assert run(line_crossed, where, comes_back) == []


def test_a_line_that_is_solid_on_one_side_may_be_crossed_from_the_other() -> None:
    crosses = journey(lambda t: (440 + 25 * t, 780 - 120 * t), seconds=5)
    assert run(line_crossed, scene(solid_lines=[{**SOLID, "forbidden": "to_left"}]), crosses) == []
    assert len(run(line_crossed, scene(solid_lines=[{**SOLID, "forbidden": "to_right"}]), crosses)) == 1


def turns_back(t: float) -> tuple[float, float]:
    if t < 2:
        return 400, 700 - 150 * t
    angle = min(math.pi, (t - 2) * math.pi / 2)
    if t < 4:
        return 460 - 60 * math.cos(angle), 400 - 60 * math.sin(angle)
    return 520, 400 + 150 * (t - 4)


def test_turning_back_is_offered_and_turning_off_or_reversing_is_not() -> None:
    where = zone("no_u_turn")
    assert offered(run(u_turn, where, journey(turns_back))) == ["u_turn"]
    off = journey(lambda t: (400, 700 - 150 * t) if t < 2 else (400 + 120 * (t - 2), 400), seconds=4)
    assert run(u_turn, where, off) == []
    reverses = journey(lambda t: (400, 700 - 100 * t) if t < 3 else (400, 400 + 100 * (t - 3)))
    assert run(u_turn, where, reverses) == []
