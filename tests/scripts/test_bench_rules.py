from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.scripts.terminal import Terminal

SUITE = """
schema: tertib.suite/1
scenes:
- {kind: wrong_way, look: against, times: [day], difficulty: 0}
"""


def test_each_rule_that_a_scene_declares_is_told_with_its_cost_and_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    outcome = Terminal(capsys, monkeypatch).tertib("bench", "rules", "--runs", 1, "--suite", suite, "--json")
    told = json.loads(outcome.out)
    rows = {row["what"]: row for row in told["rows"]}
    assert outcome.code == 0
    assert rows["wrong_way"]["floor"] == 50
    assert rows["wrong_way"]["ours"] > 0
    assert "red_light" not in rows, "no lamp stands in the scene"
    assert told["tracks_and_pictures"]["wrong_way"] > 20
