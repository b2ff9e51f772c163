"""`tertib evaluate detector`: how much of what is on the road the detector finds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate detector --json"


STREETS = 14
SEED = 901
"""Of the drawn streets that are measured on; those to learn from have others."""


def evaluate(as_json: AsJson = False, write: Write = False) -> None:
    """Measure the detector; footage that is not redistributed is found by TERTIB_EXTRA_DATA."""
    from models.evaluation.detector import evaluate as measure  # noqa: PLC0415 - networks, only when measured
    from models.evaluation.figures import extra_data  # noqa: PLC0415 - as above
    from scripts.commands._stage_pictures import draw  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory(prefix="tertib-streets-") as folder:

        def drawn_and_measured() -> dict[str, Any]:
            data = extra_data()
            draw(Path(folder), streets=STREETS, seed=SEED, black_plates=True)
            return measure(data, drawn=Path(folder))

        report("detector", drawn_and_measured, as_json=as_json, write=write)
