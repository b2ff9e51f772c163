"""`tertib evaluate riders`: heads found and judged, riders counted."""

from __future__ import annotations

from typing import Any

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate riders --json"


def evaluate(as_json: AsJson = False, write: Write = False) -> None:
    """Measure who is seen on motorcycles; footage that is not redistributed is found by TERTIB_EXTRA_DATA."""
    report("riders", _measure, as_json=as_json, write=write)


def _measure() -> dict[str, Any]:
    from models.evaluation.riders import evaluate as measure_heads  # noqa: PLC0415 - networks, only when measured
    from pipeline.perception.riders_suite import evaluate as measure_counts  # noqa: PLC0415 - as above

    return measure_heads() | measure_counts()
