from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipeline.rules.crossing import LineCounter, crossings
from pipeline.scene import CountLine
from tests.pipeline.rules.journeys import MONDAY_MORNING_S, along_x, cut, journey

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


def test_boxes_that_tremble_tell_the_instant_three_times_better_than_the_first_picture_beyond() -> None:
    random, errors, by_picture = np.random.default_rng(5), [], []
    for start in random.uniform(650, 750, 60):
        noise = {round(n): float(dy) for n, dy in enumerate(random.normal(0, 1.2, 61))}
        track = journey(lambda t, start=start, noise=noise: (500, start - 100 * t + noise[round(10 * t)]))
        true_s = MONDAY_MORNING_S + (start - 400) / 100
        (crossing,) = crossings(track, LINE)
        errors.append(crossing.at_s - true_s)
        by_picture.append(next(s.at_s for s in track.sightings if s.at_s >= true_s) - true_s)
    assert np.std(errors) < np.std(by_picture) / 3


def test_a_counter_tells_each_passage_once_with_the_instant_that_the_whole_way_gives() -> None:
    random = np.random.default_rng(2)
    noise = random.normal(0, 1.5, 61)
    turns = journey(
        lambda t: (500, (700 - 150 * t if t < 3 else 250 + 150 * (t - 3)) + float(noise[round(10 * t)])), number=1
    )
    leaves = cut(journey(along_x(600, 480, -100), number=2), 11)  # never seen again, three pictures beyond the line
    counter, told = LineCounter([LINE]), []
    for index, sighting in enumerate(turns.sightings):
        seen = [cut(track, index + 1) for track in (turns, leaves) if len(track.sightings) > index]
        told += counter.look(seen, sighting.at_s)
        counter.forget_all_but({track.id for track in seen})
    told += counter.rest()
    whole = [*crossings(turns, LINE), *crossings(leaves, LINE)]
    assert sorted(c.at_s for c in told) == pytest.approx(sorted(c.at_s for c in whole), abs=1e-3)
    assert sorted(c.toward for c in told) == ["down", "up", "up"]
