"""What the figures of judged heads mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.evaluation.riders import Outcome, summary
from models.riders.classifier import HeadLook, word

TRUTH = Path(__file__).resolve().parents[1] / "truth" / "riders"


def look(helmet: float, bare: float) -> HeadLook:
    return HeadLook(word(helmet, bare, 30), helmet, bare, 0.0, 30)


@pytest.mark.parametrize(
    ("helmet", "bare", "size_px", "said"),
    [
        (0.85, 0.1, 30, "helmet"),
        (0.1, 0.85, 30, "cannot_tell"),
        (0.05, 0.95, 30, "bare"),
        (0.05, 0.95, 8, "cannot_tell"),
        (0.5, 0.5, 30, "cannot_tell"),
    ],
)
def test_the_word_that_accuses_needs_more(helmet: float, bare: float, size_px: float, said: str) -> None:
    assert word(helmet, bare, size_px) == said


def test_cannot_tell_counts_as_wrong_and_false_accusations_are_counted() -> None:
    rows = [("helmet", look(0.95, 0.05)), ("helmet", look(0.02, 0.98)), ("bare", look(0.4, 0.6))]
    found = summary(Outcome(truth, seen, dark=False) for truth, seen in rows)
    assert (found["n"], found["helmet_accuracy"], found["cannot_tell"]) == (3, 0.3333, 0.3333)
    assert (found["wrong_of_told"], found["accused_wrongly"]) == (0.5, 1)
    assert found["without_abstention"] == 0.6667


def test_what_was_counted_by_eye_adds_up() -> None:
    for row in json.loads((TRUTH / "pictures.json").read_text(encoding="utf-8"))["pictures"]:
        assert row["bare"] + row["helmeted"] == row["riders"], row["picture"]
    for row in json.loads((TRUTH / "clips.json").read_text(encoding="utf-8"))["clips"]:
        assert row["bare"] + row["helmeted"] == row["riders"]
        assert row["from_frame"] < row["to_frame"]
