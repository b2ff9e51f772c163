"""`tertib evaluate`: how accurate the networks and rules are, on named suites."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from models.errors import ModelError
from models.evaluation.figures import stamped, write_figures

app = typer.Typer(add_completion=False)

_SUITES = Path(importlib.util.find_spec("models.evaluation").submodule_search_locations[0])  # type: ignore[union-attr,index] # the package is ours: it is there
_HELPERS = {"__init__", "figures", "matching", "reference"}


def suites() -> list[str]:
    """Names of the suites: the modules of `models.evaluation` that hold one."""
    return sorted(
        path.stem
        for path in _SUITES.glob("*.py")
        if path.stem not in _HELPERS and "\ndef evaluate(" in path.read_text(encoding="utf-8")
    )


@app.command(epilog="Example: TERTIB_EXTRA_DATA=../data tertib evaluate detector --json")
def evaluate(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="For example detector or plates.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Also write the figures that are committed.")] = False,
) -> None:
    """Measure accuracy on a named suite; footage that is not redistributed is found by TERTIB_EXTRA_DATA."""
    if suite not in suites():
        raise typer.TyperException(f"there is no suite {suite!r}: choose one of {', '.join(suites())}")
    module = importlib.import_module(f"models.evaluation.{suite}")
    terminal = Console(stderr=True)
    try:
        if terminal.is_terminal:
            with terminal.status(f"measuring {suite}"):
                found = module.evaluate()
        else:
            found = module.evaluate()
    except (ModelError, ValueError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    found = stamped(suite, found)
    if write:
        write_figures(suite, found)
    sys.stdout.write(json.dumps(found) + "\n" if as_json else _table(found))


def _table(found: dict[str, Any], indent: str = "") -> str:
    lines = []
    for key, value in found.items():
        if isinstance(value, dict):
            lines.append(f"{indent}{key}:\n{_table(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {value}\n")
    return "".join(lines)
