"""`tertib evaluate signals`: how often the state of a signal head is read right."""

from __future__ import annotations

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate signals --json"


def evaluate(as_json: AsJson = False, write: Write = False) -> None:
    """Measure the reader of signal heads; pictures that are not redistributed are found by TERTIB_EXTRA_DATA."""
    from models.evaluation.signals import evaluate as measure  # noqa: PLC0415 - networks, only when measured

    report("signals", measure, as_json=as_json, write=write)
