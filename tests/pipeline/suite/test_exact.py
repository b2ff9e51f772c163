"""The rules on true boxes that tremble: offenders are offered, their innocent twins are not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.scoring import score
from pipeline.suite.catalogue import SuiteScene, load_suite
from pipeline.suite.exact import judge_exactly
from pipeline.suite.figures import figures

SUITE = Path(__file__).parents[3] / "samples" / "suite" / "offences.yaml"
GUILTY = (
    "red-light-runs-night-4",
    "stop-line-stands-beyond-day-1",
    "wrong-way-motorcycle-against-night-2",
    "lane-closed-on-shoulder-day-1",
    "line-crossed-over-solid-day-1",
    "odd-even-odd-on-even-day-1",
    "no-helmet-bare-hijab-day-1",
    "pillion-three-with-child-day-1",
)
INNOCENT = (
    "red-light-late-yellow-day-1",
    "red-light-turns-right-day-1",
    "red-light-officer-night-2",
    "speed-within-day-1",
    "bus-lane-bicycle-day-1",
    "no-helmet-helmet-over-hijab-day-1",
    "no-plate-hidden-day-1",
    "plate-expired-last-month-day-1",
)


@pytest.fixture(scope="module")
def suite() -> Mapping[str, SuiteScene]:
    return {scene.name: scene for scene in load_suite(SUITE)}


@pytest.mark.parametrize("name", GUILTY)
def test_an_offender_is_offered_and_nobody_else(suite: Mapping[str, SuiteScene], name: str) -> None:
    outcome = judge_exactly(name, suite[name].specification)
    result = score(outcome.truth, outcome.found)
    assert (result["found"], result["missed_count"], result["false"]) == (1, 0, 0)


@pytest.mark.parametrize("name", INNOCENT)
def test_an_innocent_look_alike_is_never_offered(suite: Mapping[str, SuiteScene], name: str) -> None:
    outcome = judge_exactly(name, suite[name].specification)
    assert [record for record in outcome.found.lines["offence"] if record["offered"]] == []


def test_the_same_scene_is_judged_the_same_twice(suite: Mapping[str, SuiteScene]) -> None:
    specification = suite["u-turn-only-waits-day-1"].specification
    one, other = judge_exactly("x", specification), judge_exactly("x", specification)
    assert one.found.lines == other.found.lines


def test_figures_count_the_found_the_missed_and_the_innocent(suite: Mapping[str, SuiteScene]) -> None:
    scenes = [suite[name] for name in ("lane-closed-on-shoulder-day-1", "lane-closed-exempt-day-1")]
    outcomes = {scene.name: judge_exactly(scene.name, scene.specification) for scene in scenes}
    # The exempt lorry's scene is told what the offender's scene was told: an innocent is offered.
    guilty, exempt = (outcomes[scene.name] for scene in scenes)
    exempt.found.lines["offence"].extend(guilty.found.lines["offence"])
    found = figures(scenes, outcomes, mode="test")
    assert (found["true"], found["found"], found["precision"], found["recall"]) == (1, 1, 0.5, 1.0)
    assert [offered["scene"] for offered in found["offered_innocents"]] == ["lane-closed-exempt-day-1"]
    guilty.found.lines["offence"].clear()
    exempt.found.lines["offence"].clear()
    silent = figures(scenes, outcomes, mode="test")
    assert (silent["recall"], silent["precision"], silent["innocents_offered"]) == (0.0, None, 0)
    assert [missed["offence"] for missed in silent["missed"]] == ["lane_closed"]
