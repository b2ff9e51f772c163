"""What was measured last must not have fallen below what is promised, and says how it was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
