"""`tertib evaluate plates`: how well plates are read, and how often what is named is wrong."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: TERTIB_EXTRA_DATA=../data tertib evaluate plates --json --report pictures/"


def evaluate(
    as_json: AsJson = False,
    write: Write = False,
    reader: Annotated[
        list[str] | None, typer.Option(help="Reader to measure; repeat it. The first one leads. Default: all.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--report", help="Folder for a page of errors and abstentions, with pictures.")
    ] = None,
    only_drawn: Annotated[
        bool, typer.Option("--only-drawn", help="Only plates that are drawn here: needs no footage.")
    ] = False,
) -> None:
    """Measure the plate readers; plates that are not redistributed are found by TERTIB_EXTRA_DATA."""
    from models.evaluation.figures import extra_data  # noqa: PLC0415 - networks, only when measured
    from models.evaluation.plates import figures, plate_sets, read_all  # noqa: PLC0415 - as above
    from models.evaluation.plates_report import write_report  # noqa: PLC0415 - as above
    from models.plates.reader import READERS  # noqa: PLC0415 - as above

    names = tuple(reader or READERS)
    unknown = [name for name in names if name not in READERS]
    if unknown:
        raise typer.TyperException(f"there is no reader {unknown[0]!r}: choose of {', '.join(READERS)}")
    if write and (reader or only_drawn):
        raise typer.TyperException("--write needs all readers and sets: leave --reader and --only-drawn away")

    def measure() -> dict[str, Any]:
        outcomes = read_all(plate_sets(None if only_drawn else extra_data()), names)
        if pictures is not None:
            sys.stderr.write(f"{write_report(outcomes, pictures)}\n")
        return figures(outcomes)

    report("plates", measure, as_json=as_json, write=write)
