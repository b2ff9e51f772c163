"""The committed figures of the reader of signal heads, and that they have not fallen."""

import json
import os
from pathlib import Path

import pytest

from models.catalogue import load_catalogue
from models.evaluation.figures import FIGURES
from models.evaluation.signals import Outcome, evaluate, summary
from models.signals.reader import HeadReading

# One head of a hundred more or less is noise of another processor's arithmetic, no fall.
SLACK = 0.01


@pytest.fixture(scope="module")
def committed():
    return json.loads((FIGURES / "signals.json").read_text(encoding="utf-8"))


def test_the_figures_say_what_was_measured_and_with_what(committed):
    assert {"machine", "date", "commit", "n", "accuracy", "by_state", "unknown"} <= committed.keys()
    assert committed["sha256"] == load_catalogue().model("signal-n").sha256
    assert committed["n"] == 272


def test_what_is_named_is_right_and_the_network_is_worth_more_than_the_rule(committed):
    assert committed["wrong_of_named"] <= 0.01
    assert committed["red_green_confusions"] <= 1
    assert committed["accuracy"] > committed["rule_alone"]["accuracy"]
    assert committed["roadside"]["accuracy"] > committed["rule_alone"]["accuracy"]
    assert committed["roadside"]["wrong_of_named"] <= 0.01


@pytest.mark.extra_data
@pytest.mark.slow
def test_the_reader_has_not_fallen(committed):
    if not os.environ.get("TERTIB_EXTRA_DATA"):
        pytest.skip("labelled signals are not redistributed: set TERTIB_EXTRA_DATA to their folder")
    found = evaluate(Path(os.environ["TERTIB_EXTRA_DATA"]))
    assert found["accuracy"] >= committed["accuracy"] - SLACK
    assert found["wrong_of_named"] <= committed["wrong_of_named"] + SLACK


def test_unknown_counts_as_wrong_and_is_told_apart():
    def row(truth, state, best):
        return Outcome(truth, HeadReading(state, best, 0.9, "unknown"), 20, night=False, trembled=(state,))

    found = summary([row("red", "red", "red"), row("green", "unknown", "green"), row("green", "red", "red")])
    assert (found["n"], found["accuracy"], found["unknown"]) == (3, 0.3333, 0.3333)
    assert (found["wrong_of_named"], found["red_green_confusions"]) == (0.5, 1)
    assert found["without_abstention"] == 0.6667


def test_a_head_that_shows_no_light_is_not_named_but_a_forced_choice_is_measured():
    reading = HeadReading("unknown", "dark", 0.7, "unknown", colour="green")
    found = summary([Outcome("green", reading, 20, night=False, trembled=("unknown",))])
    assert (found["accuracy"], found["without_abstention"], found["forced"]) == (0.0, 0.0, 1.0)
