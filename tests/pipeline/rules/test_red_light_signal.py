"""What the lamps, the controller's own feed and a sign that allows turning say of who passes on red."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.perception.phase import PhaseChange, PhaseLog
from pipeline.rules import Candidate, Moment, is_grave
from pipeline.rules.red_light import red_light
from pipeline.scene import Scene
from tests.pipeline.rules.journeys import (
    MONDAY_MORNING_S,
    ROAD,
    UP,
    along_x,
    cut,
    journey,
    phases,
    run,
    scene,
)

ON_RED = phases(("green", -9), ("yellow", -2), ("red", 1))
STRAIGHT = along_x(500, 700, -100)
"""At the line (y = 400) three seconds after the start."""
HEAD = {"id": "head", "box": [900, 10, 920, 70], "controller": "group-4"}


def junction(**lane: object) -> Scene:
    road = {"id": "up", "polygon": ROAD, "direction": UP, "stop_line": [[300, 400], [700, 400]], "signal": "head"}
    return scene(lanes=[{**road, **lane}], signals=[HEAD])


def bends(sign: float) -> Callable[[float], tuple[float, float]]:
    """Straight to the line, then off to the right (1) or left (-1)."""

    def place(t: float) -> tuple[float, float]:
        after = max(0.0, t - 3.0)
        return 500 + sign * min(250.0, 25 * after**2 + 20 * after), 700 - 100 * min(t, 3.0) - 70 * min(after, 1.6)

    return place


@pytest.mark.parametrize(("to", "sign", "found"), [("left", -1.0, 0), ("left", 1.0, 1), ("right", 1.0, 0)])
def test_turning_on_red_where_a_sign_allows_it_is_lawful_and_turning_the_other_way_is_not(
    to: str, sign: float, found: int
) -> None:
    turns = journey(bends(sign), seconds=6.5)
    assert len(run(red_light, junction(turn_on_red={"to": to}), turns, phases=ON_RED)) == found


def test_who_goes_straight_on_gains_nothing_from_a_sign_that_allows_turning() -> None:
    straight = journey(STRAIGHT, seconds=6.5)
    assert len(run(red_light, junction(turn_on_red={"to": "left"}), straight, phases=ON_RED)) == 1


def test_who_turns_without_such_a_sign_ran_the_light() -> None:
    assert len(run(red_light, junction(), journey(bends(-1.0), seconds=6.5), phases=ON_RED)) == 1


def judged_with(controller: PhaseLog | None) -> Candidate:
    track = journey(STRAIGHT, seconds=5.0)
    for count in range(1, len(track.sightings) + 1):
        seen = cut(track, count)
        moment = Moment(seen.last.at_s, count, (seen,), ON_RED, junction(), controller=controller)
        for candidate in red_light(moment):
            return candidate
    raise AssertionError("not offered")


def feed(*changes: tuple[str, float]) -> PhaseLog:
    return PhaseLog(
        tuple(PhaseChange("group-4", state, MONDAY_MORNING_S + at, 0) for state, at in changes)  # type: ignore[arg-type]
    )


def test_a_controller_that_says_red_too_adds_no_doubt() -> None:
    assert judged_with(feed(("green", -9), ("yellow", -2), ("red", 1))).doubts == judged_with(None).doubts == ()


def test_a_controller_that_says_otherwise_keeps_the_case_from_the_officer() -> None:
    doubts = judged_with(feed(("red", -20), ("green", -9))).doubts
    assert is_grave(doubts)
    assert any("controller says green" in doubt for doubt in doubts)


def test_a_controller_that_is_silent_confirms_nothing() -> None:
    assert is_grave(judged_with(PhaseLog()).doubts)


def test_a_controller_whose_red_is_younger_than_its_own_delay_is_told() -> None:
    doubts = judged_with(feed(("yellow", -2), ("red", 2.7))).doubts
    assert not is_grave(doubts)
    assert any("controller says that red had just begun" in doubt for doubt in doubts)


@pytest.mark.parametrize(("yellow_s", "grave"), [(1.5, True), (2.6, True), (3.0, False), (4.0, False)])
def test_a_yellow_shorter_than_its_legal_minimum_is_a_doubt(yellow_s: float, grave: bool) -> None:
    log = phases(("green", -9), ("yellow", 1 - yellow_s), ("red", 1))
    (candidate,) = run(red_light, junction(), journey(STRAIGHT, seconds=5.0), phases=log)
    assert is_grave(candidate.doubts) is grave
    assert any("less than its legal minimum" in doubt for doubt in candidate.doubts) is grave


def test_a_yellow_whose_beginning_nobody_saw_is_not_called_short() -> None:
    log = phases(("yellow", 0.2), ("red", 1))
    (candidate,) = run(red_light, junction(), journey(STRAIGHT, seconds=5.0), phases=log)
    assert not is_grave(candidate.doubts)


def test_stamps_that_are_not_exact_make_the_instant_as_uncertain() -> None:
    track = journey(STRAIGHT, seconds=5.0)
    told = []
    for sigma_s in (0.001, 0.02):
        moments = (
            Moment(c.last.at_s, n, (c,), ON_RED, junction(), stamp_sigma_s=sigma_s)
            for n in range(1, len(track.sightings))
            for c in [cut(track, n)]
        )
        first = next(candidate for moment in moments for candidate in red_light(moment))
        told.append(float(first.measured["crossing_uncertainty_ms"] or 0))
    assert told[1] > told[0]
    assert told[1] >= 1.96 * 20
