from __future__ import annotations

import pytest

from pipeline.perception.phase import PhaseLog
from pipeline.rules.red_light import red_light
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, along_x, journey, phases, red_light_scene, run

PASSES_AFTER_3_S = along_x(500, 700, -100)
"""At the line (y = 400) exactly three seconds after the start."""


def test_passing_on_red_is_offered_with_the_interpolated_instant() -> None:
    log = phases(("green", -9), ("yellow", -2), ("red", 1))
    found = run(red_light, red_light_scene(), journey(PASSES_AFTER_3_S, fps=7), phases=log)
    assert [candidate.offence for candidate in found] == ["red_light"]
    assert found[0].at_s == pytest.approx(MONDAY_MORNING_S + 3, abs=0.001)
    assert found[0].measured["red_for_s"] == pytest.approx(2.0, abs=0.01)
    assert found[0].doubts == ()


@pytest.mark.parametrize(
    "log",
    [
        phases(("green", 0)),
        phases(("green", 0), ("red", 2.7)),
        phases(("red", 0), ("green", 2.9)),
        phases(("red", 0), ("unknown", 2.5)),
        phases(("yellow", 0)),
        PhaseLog(),
    ],
    ids=["green", "within grace", "just green", "unknown", "yellow", "never read"],
)
def test_without_a_red_that_lasted_and_is_known_nothing_is_offered(log: PhaseLog) -> None:
    assert run(red_light, red_light_scene(), journey(PASSES_AFTER_3_S), phases=log) == []


def test_stopping_on_the_line_is_no_passage() -> None:
    stops = journey(lambda t: (500, max(385.0, 700 - 100 * t)))
    assert run(red_light, red_light_scene(), stops, phases=phases(("red", 0))) == []


def test_waiting_before_the_line_is_no_passage() -> None:
    waits = journey(lambda t: (500, max(420.0, 700 - 100 * t) + 3 * ((t * 10) % 2)))
    assert run(red_light, red_light_scene(), waits, phases=phases(("red", 0))) == []


def test_whoever_waited_and_went_on_green_is_not_offered_even_when_it_turns_red_behind_him() -> None:
    log = phases(("red", 0), ("green", 2), ("red", 3.3))
    assert run(red_light, red_light_scene(), journey(PASSES_AFTER_3_S), phases=log) == []


def test_who_appears_just_before_the_line_may_have_come_from_elsewhere() -> None:
    appears = journey(along_x(500, 408, -100), seconds=3)
    assert run(red_light, red_light_scene(), appears, phases=phases(("red", -9))) == []


def test_coming_back_over_the_line_is_no_passage() -> None:
    backwards = journey(along_x(500, 200, 100))
    assert run(red_light, red_light_scene(), backwards, phases=phases(("red", -9))) == []


def test_turning_across_the_line_is_no_passage() -> None:
    turns = journey(lambda t: (320 + 70 * t, 410 - 5 * t))
    assert run(red_light, red_light_scene(), turns, phases=phases(("red", -9))) == []


def test_passing_beside_the_line_is_no_passage() -> None:
    beside = journey(along_x(780, 700, -100))
    assert run(red_light, red_light_scene(), beside, phases=phases(("red", -9))) == []


def test_a_red_that_is_young_or_was_unreadable_is_told_as_a_doubt() -> None:
    log = phases(("green", 0), ("unknown", 1.0), ("red", 2.3))
    found = run(red_light, red_light_scene(), journey(PASSES_AFTER_3_S), phases=log)
    assert len(found[0].doubts) == 2


def test_who_was_seen_only_shortly_before_the_line_is_offered_with_that_doubt() -> None:
    found = run(red_light, red_light_scene(), journey(along_x(500, 425, -100), seconds=3), phases=phases(("red", -9)))
    assert any("before the line it was seen in 3 pictures only" in doubt for doubt in found[0].doubts)


@pytest.mark.parametrize(("red_at_s", "grave"), [(0.2, False), (1.6, True), (2.4, True)])
def test_whose_front_may_have_passed_on_yellow_gets_no_ticket(red_at_s: float, grave: bool) -> None:
    # A long vehicle seen from behind: its front is up to 136 pixels ahead, and passes at about 1.6 s.
    long = journey(PASSES_AFTER_3_S, size=(80.0, 200.0))
    found = run(red_light, red_light_scene(), long, phases=phases(("yellow", -2), ("red", red_at_s)))
    assert len(found) == 1
    assert any(doubt.startswith("grave:") for doubt in found[0].doubts) is grave


def test_whose_front_stood_over_the_line_from_the_beginning_gets_no_ticket() -> None:
    over = journey(along_x(500, 460, -100), seconds=4, size=(80.0, 200.0))
    found = run(red_light, red_light_scene(), over, phases=phases(("red", -9)))
    assert any(doubt.startswith("grave:") for doubt in found[0].doubts)
