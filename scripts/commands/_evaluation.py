"""What all suites of `tertib evaluate` share: measuring with a sign of life, stamping, writing, telling."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import Console

from models.errors import ModelError
from models.evaluation.figures import stamped, write_figures

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
Write = Annotated[bool, typer.Option("--write", help="Also write the figures that are committed.")]


def report(suite: str, measure: Callable[[], dict[str, Any]], *, as_json: bool, write: bool) -> dict[str, Any]:
    """Measure a suite and print what it found, with machine, date and commit.

    Args:
        suite: its name; the figures are committed under it.
        measure: does the work and returns the figures.
        as_json: one JSON object instead of a table.
        write: also write `models/figures/SUITE.json`.

    Raises:
        TyperException: footage or a model is absent; its sentence says what to do.
    """
    terminal = Console(stderr=True)
    try:
        if terminal.is_terminal:
            with terminal.status(f"measuring {suite}"):
                found = measure()
        else:
            found = measure()
    except (ModelError, ValueError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    found = stamped(suite, found)
    if write:
        write_figures(suite, found)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else table(found))
    return found


def table(found: dict[str, Any], indent: str = "") -> str:
    """Figures as indented lines."""
    lines = []
    for key, value in found.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:\n{table(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {value}\n")
    return "".join(lines)
