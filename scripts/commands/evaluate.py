"""`tertib evaluate`: how accurate the networks and rules are, on named suites.

A suite is a module `_evaluate_SUITE.py` beside this one, with a function `evaluate` (its options are the command's)
and a line `EXAMPLE`; it is found by its name, nothing needs to be registered.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

_PREFIX = "_evaluate_"


def suites() -> list[str]:
    """Names of the suites, in order of the alphabet."""
    return sorted(path.stem.removeprefix(_PREFIX) for path in Path(__file__).parent.glob(f"{_PREFIX}*.py"))


class Suites(TyperGroup):
    """The suites as subcommands; a name that is none gets the list of those there are."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401 - types of typer's own copy of click
        """The suite's command.

        Raises:
            TyperException: there is no such suite.
        """
        found = super().get_command(ctx, cmd_name)
        if found is None:
            raise typer.TyperException(f"there is no suite {cmd_name!r}: choose one of {', '.join(suites())}")
        return found


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    cls=Suites,
    help="Measure accuracy on a named suite; footage that is not redistributed is found by TERTIB_EXTRA_DATA.",
)


@app.callback()
def _evaluate() -> None:
    """Keeps the suites subcommands also while there is only one."""


for _name in suites():
    _module = importlib.import_module(f"scripts.commands.{_PREFIX}{_name}")
    app.command(_name, epilog=_module.EXAMPLE)(_module.evaluate)
