"""`tertib score`: what was found beside what is true."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import TyperException

from pipeline.evidence.offence import OffenceCode
from pipeline.scoring import ScoreError, Tolerance, read_told, score

app = typer.Typer(help="Compare what was found with what is true.")


@app.command("score", epilog="Example: tertib score var/stage/truth.jsonl var/stage/found.jsonl --json")
def compare(
    truth_file: Annotated[Path, typer.Argument(metavar="TRUTH.jsonl", help="What happened, e.g. of `scene render`.")],
    found_file: Annotated[
        Path, typer.Argument(metavar="FOUND.jsonl", help="What `tertib observe --verbose --jsonl` told.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    offence: Annotated[
        list[OffenceCode] | None, typer.Option(help="Count this offence only; may be given several times.")
    ] = None,
    time_tolerance: Annotated[
        float, typer.Option(metavar="S", min=0, max=60, help="How far apart in time still is the same event.")
    ] = 1.0,
    overlap: Annotated[float, typer.Option(min=0, max=1, help="How far the boxes must lie over each other.")] = 0.3,
) -> None:
    """Precision, recall and F1 an offence; errors of times, plates and speeds.

    Times are in milliseconds, found minus true. Precision is empty where nothing was offered, recall where nothing was
    true. Borderline truths count neither way.
    """
    try:
        truth, found = read_told(truth_file), read_told(found_file)
    except ScoreError as error:
        raise TyperException(str(error)) from error
    only = [code.value for code in offence or ()]
    result = score(truth, found, tolerance=Tolerance(time_tolerance, overlap), only=only)
    sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n" if as_json else _told(result))


def _told(result: dict[str, Any]) -> str:
    rows: list[tuple[str, ...]] = [("offence", "true", "found", "false", "precision", "recall", "F1")]
    rows += [_row(code, part) for code, part in result["by_offence"].items()]
    rows.append(_row("all", result))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for name in ("offence_time", "crossings", "phases"):
        part = result[name]
        counts = f"{part['found']} of {part['true']} found, {part['false']} false; " if "true" in part else ""
        spread = (
            f"mean {part['mean_ms']} ms, sigma {part['sigma_ms']} ms, largest {part['largest_ms']} ms"
            if part["n"]
            else "no times to compare"
        )
        lines.append(f"{name.replace('_', ' ')}: {counts}{spread}")
    plates, speed = result["plates"], result["speed"]
    lines.append(f"plates: {plates['exact']} exact, {plates['wrong']} wrong, {plates['abstained']} not read")
    if speed["n"]:
        lines.append(f"speed: mean error {speed['mae_kmh']} km/h, {speed['overticketed']} ticketed above the truth")
    return "\n".join(lines) + "\n"


def _row(name: str, part: dict[str, Any]) -> tuple[str, ...]:
    shares = tuple("-" if part[key] is None else f"{part[key]:.3f}" for key in ("precision", "recall", "f1"))
    return (name, str(part["true"]), str(part["found"]), str(part["false"]), *shares)
