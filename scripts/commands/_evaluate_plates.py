"""`tertib evaluate plates`: how well plates are read, and how often what is named is wrong."""

from __future__ import annotations

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate plates --json"


def evaluate(as_json: AsJson = False, write: Write = False) -> None:
    """Measure the plate readers; plates that are not redistributed are found by TERTIB_EXTRA_DATA."""
    from models.evaluation.plates import evaluate as measure  # noqa: PLC0415 - networks, only when measured

    report("plates", measure, as_json=as_json, write=write)
