"""`tertib evaluate speed`: how well speed is measured, on played vehicles whose speed is known."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from scripts.commands._evaluate_offences import renew_page
from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: tertib evaluate speed --json"
DRAWN_KMH = (30, 40, 50, 60, 75, 90, 105, 120)


def evaluate(
    as_json: AsJson = False,
    write: Write = False,
    seeds: Annotated[int, typer.Option(min=1, help="Vehicles a speed, every five km/h from 30 to 120.")] = 8,
    seen: Annotated[
        bool, typer.Option(help="Also measure sixteen drawn clips by the whole way (some minutes at the first time).")
    ] = True,
    detector: Annotated[str, typer.Option(help="Model of the catalogue.")] = "traffic-n",
) -> None:
    """Mean absolute error, the share of truths inside the stated uncertainty, and tickets above the truth."""

    def measure() -> dict[str, Any]:
        from pipeline.suite.exact import judge_exactly  # noqa: PLC0415 - networks, only when measured
        from pipeline.suite.speed import speed_figures, speed_scenes  # noqa: PLC0415 - as above

        scenes = speed_scenes(seeds=seeds)
        exact = [(kmh, judge_exactly(name, specification)) for name, kmh, specification in scenes]
        found = speed_figures(exact, mode="true boxes with a detector's errors, real tracker and rule")
        if seen:
            from pipeline.suite.watched import Watch  # noqa: PLC0415 - as above

            watch = Watch(detector)
            drawn = [
                (kmh, watch.outcome(name, specification))
                for name, kmh, specification in speed_scenes(seeds=2, speeds_kmh=DRAWN_KMH)
            ]
            found["drawn"] = speed_figures(drawn, mode=f"drawn and encoded clips, detector {detector}, the whole way")
        return found

    report("speed", measure, as_json=as_json, write=write)
    if write:
        renew_page()
