from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.rules.crossing import crossings
from pipeline.scene import CountLine
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, along_x, journey

LINE = CountLine(id="line", line=((300, 400), (700, 400)), left="up", right="down")


@pytest.mark.parametrize(("start", "speed", "toward"), [(700, -100, "up"), (100, 100, "down")])
def test_a_passage_counts_once_toward_where_it_ends(start: float, speed: float, toward: str) -> None:
    found = crossings(journey(along_x(500, start, speed)), LINE)
    assert [crossing.toward for crossing in found] == [toward]
    assert found[0].at_s == pytest.approx(MONDAY_MORNING_S + 3)
    assert found[0].frame == 30


def test_a_box_that_trembles_on_the_line_counts_once_and_never_backwards() -> None:
    def nervous(t: float) -> tuple[float, float]:
        return 500, 700 - 100 * t + (4 if round(t * 10) % 2 else -4)

    def waits_on_it(t: float) -> tuple[float, float]:
        return 500, (
            700 - 150 * t if t < 2 else 400 + (3 if round(t * 10) % 2 else -3) if t < 4 else 400 - 150 * (t - 4)
        )

    ways: list[Callable[[float], tuple[float, float]]] = [nervous, waits_on_it]
    for way in ways:
        assert [crossing.toward for crossing in crossings(journey(way), LINE)] == ["up"]


def test_passing_beside_the_line_does_not_count() -> None:
    assert crossings(journey(along_x(800, 700, -100)), LINE) == []


def test_turning_back_counts_in_both_directions() -> None:
    turns = journey(lambda t: (500, 700 - 150 * t if t < 3 else 250 + 150 * (t - 3)))
    assert [crossing.toward for crossing in crossings(turns, LINE)] == ["up", "down"]
