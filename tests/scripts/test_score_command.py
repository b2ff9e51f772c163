from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.terminal import Terminal

OFFENCE = {
    "kind": "offence",
    "offence": "red_light",
    "frame": 50,
    "time": "2026-03-02T02:00:02.000000Z",
    "track": 1,
    "class": "car",
    "box": [100, 100, 200, 200],
    "plate": {"text": "H1234AB", "confidence": 1.0, "abstained": False},
    "measured": {"speed_kmh": 40.0},
    "borderline": False,
}
LASTING = OFFENCE | {"offence": "bus_lane", "since": "2026-03-02T02:00:01Z", "until": "2026-03-02T02:00:05Z"}
CROSSING = {"kind": "crossing", "line": "l", "toward": "away", "class": "car", "time": "2026-03-02T02:00:03.000000Z"}
PHASE = {"kind": "phase", "signal": "s", "state": "red", "frame": 9, "time": "2026-03-02T02:00:01.000000Z"}
LATER = {"time": "2026-03-02T02:00:02.040000Z"}


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(capsys, monkeypatch)


@pytest.fixture
def scored(terminal: Terminal, tmp_path: Path) -> Any:
    def run(truth: list[dict[str, Any]], found: list[dict[str, Any]], *options: str) -> dict[str, Any]:
        for name, records in (("truth", truth), ("found", found)):
            (tmp_path / name).write_text("".join(json.dumps(record) + "\n" for record in records))
        told = terminal.tertib("score", tmp_path / "truth", tmp_path / "found", "--json", *options)
        assert (told.code, told.err) == (0, "")
        return dict(json.loads(told.out))

    return run


def test_truth_found_whole_scores_one(scored: Any) -> None:
    result = scored([OFFENCE, CROSSING, PHASE], [OFFENCE, CROSSING, PHASE])
    assert (result["precision"], result["recall"], result["f1"]) == (1.0, 1.0, 1.0)
    assert result["plates"] | {"wrongly_read": []} == {
        "n": 1,
        "exact": 1,
        "wrong": 0,
        "abstained": 0,
        "characters_wrong_share": 0.0,
        "wrongly_read": [],
    }
    assert result["crossings"]["found"] == result["phases"]["found"] == 1
    assert result["speed"]["mae_kmh"] == 0.0


def test_errors_of_time_are_found_minus_true_in_milliseconds(scored: Any) -> None:
    late = {"time": "2026-03-02T02:00:03.120000Z"}
    result = scored([OFFENCE, CROSSING], [OFFENCE | LATER, CROSSING | late])
    assert result["offence_time"]["mean_ms"] == 40.0
    assert result["crossings"]["mean_ms"] == 120.0


@pytest.mark.parametrize(
    "change",
    [
        {"offence": "wrong_way"},
        {"time": "2026-03-02T02:00:09.000000Z"},
        {"box": [400, 100, 500, 200]},
    ],
)
def test_another_offence_time_or_vehicle_is_false_and_the_truth_missed(scored: Any, change: dict[str, Any]) -> None:
    result = scored([OFFENCE], [OFFENCE | change])
    assert (result["precision"], result["recall"], result["f1"]) == (0.0, 0.0, 0.0)
    assert result["innocents_offered"] == 1
    assert result["missed"][0]["offence"] == "red_light"


def test_one_offence_told_twice_is_one_right_and_one_false(scored: Any) -> None:
    result = scored([OFFENCE], [OFFENCE, OFFENCE | LATER])
    assert (result["found"], result["false"], result["precision"]) == (1, 1, 0.5)


def test_what_lasts_may_be_told_at_any_time_of_it_by_the_place_at_that_time(scored: Any) -> None:
    there = {"kind": "position", "track": 1, "time": "2026-03-02T02:00:04.500000Z", "box": [300, 60, 360, 120]}
    found = LASTING | {"time": "2026-03-02T02:00:04.500000Z", "box": [302, 58, 358, 121]}
    assert scored([LASTING, there], [found])["found"] == 1
    assert scored([LASTING, there], [found | {"box": [100, 100, 200, 200]}])["found"] == 0


def test_a_motorcycle_may_be_boxed_with_or_without_its_rider(scored: Any) -> None:
    there = {"kind": "position", "track": 1, "time": OFFENCE["time"], "box": [100, 0, 150, 200]}
    found = OFFENCE | {"box": [110, 140, 140, 200]}
    assert scored([OFFENCE, there], [found])["found"] == 0
    assert scored([OFFENCE, there | {"machine_box": [108, 138, 142, 200]}], [found])["found"] == 1


def test_borderline_truths_count_neither_way(scored: Any) -> None:
    slight = OFFENCE | {"borderline": True}
    untold, told = scored([slight], []), scored([slight], [OFFENCE])
    assert (untold["missed_count"], untold["recall"]) == (0, None)
    assert (told["false"], told["precision"]) == (0, None)


def test_nothing_offered_of_an_innocent_scene_is_no_fault(scored: Any) -> None:
    result = scored([], [])
    assert (result["innocents_offered"], result["precision"], result["recall"]) == (0, None, None)


def test_what_is_withheld_for_a_doubt_is_not_offered(scored: Any) -> None:
    result = scored([], [OFFENCE | {"offered": False}])
    assert (result["innocents_offered"], result["withheld"]) == (0, 1)


def test_one_offence_can_be_counted_alone(scored: Any) -> None:
    result = scored([OFFENCE, LASTING], [OFFENCE], "--offence", "red_light")
    assert (result["true"], result["recall"]) == (1, 1.0)


def test_a_wrong_plate_and_a_ticket_above_the_truth_are_told(scored: Any) -> None:
    found = OFFENCE | {
        "plate": {"text": "H1284AB"},
        "measured": {"speed_kmh": 43.0, "speed_u95_kmh": 2.0, "ticket_speed_kmh": 41},
    }
    result = scored([OFFENCE], [found])
    assert result["plates"]["wrongly_read"] == [{"true": "H1234AB", "found": "H1284AB"}]
    assert result["speed"] == {"n": 1, "mae_kmh": 3.0, "bias_kmh": 3.0, "inside_u95": 0.0, "overticketed": 1}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2: is not JSON"),
        ("[1]", "line 2: is no object with a `kind`"),
        ('{"kind": "offence", "offence": "red_light"}', "line 2: offence has no `time`"),
        ('{"kind": "crossing", "line": "l", "toward": "a", "time": "noon"}', "`time` is no ISO 8601 time"),
        ('{"kind": "crossing", "line": "l", "toward": "a", "time": "2026-03-02T02:00:00"}', "has no UTC offset"),
        ('{"kind": "offence", "offence": "x", "time": "2026-03-02T02:00:00Z", "box": [1, 2]}', "`box` must be four"),
    ],
)
def test_a_broken_line_is_named(terminal: Terminal, tmp_path: Path, line: str, sentence: str) -> None:
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps(OFFENCE) + "\n")
    bad.write_text(json.dumps(OFFENCE) + "\n" + line + "\n")
    told = terminal.tertib("score", good, bad)
    assert told.code == 2
    assert sentence in told.err
    assert str(bad) in told.err
    assert told.err.count("\n") == 1


def test_a_missing_file_is_named(terminal: Terminal, tmp_path: Path) -> None:
    told = terminal.tertib("score", tmp_path / "none", tmp_path / "none")
    assert (told.code, told.out) == (2, "")
    assert "there is no such file" in told.err


def test_people_are_told_a_table(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    path.write_text(json.dumps(OFFENCE) + "\n")
    told = terminal.tertib("score", path, path)
    assert told.code == 0
    assert "red_light  1     1" in told.out
    assert "plates: 1 exact" in told.out


def test_a_specification_is_rendered_by_the_command(terminal: Terminal, tmp_path: Path) -> None:
    specification = tmp_path / "spec.yaml"
    specification.write_text("invent: {kind: bus_lane, seed: 2}\nduration_s: 5\n")
    told = terminal.tertib("scene", "render", specification, "-o", tmp_path / "out", "--no-pictures", "--json")
    assert told.code == 0, told.err
    assert json.loads(told.out)["offences"] == {"bus_lane": 1}
    truth = tmp_path / "out" / "truth.jsonl"
    assert json.loads(terminal.tertib("score", truth, truth, "--json").out)["f1"] == 1.0
    specification.write_text("name: x\n")
    refused = terminal.tertib("scene", "render", specification, "-o", tmp_path / "out")
    assert (refused.code, refused.out) == (2, "")
    assert "road: is missing" in refused.err
