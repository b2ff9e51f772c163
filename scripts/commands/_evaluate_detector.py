"""`tertib evaluate detector`: how much of what is on the road the detector finds."""

from __future__ import annotations

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate detector --json"


def evaluate(as_json: AsJson = False, write: Write = False) -> None:
    """Measure the detector; footage that is not redistributed is found by TERTIB_EXTRA_DATA."""
    from models.evaluation.detector import evaluate as measure  # noqa: PLC0415 - networks, only when measured

    report("detector", measure, as_json=as_json, write=write)
