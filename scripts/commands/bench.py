"""`tertib bench`: speed against named opponents, a module a suite."""

from __future__ import annotations

import importlib
import importlib.util

import typer

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Speed against named opponents: medians, p95 and ratios."
)

# Each lives in `_bench_NAME` beside this module, with a command function `measure` and an example; those whose module
# is not there are left out.
SUITES = ("store", "camera", "plates", "clip", "spool", "intake", "letters", "callbacks", "pages", "live", "rules")

for _name in SUITES:
    if importlib.util.find_spec(f"scripts.commands._bench_{_name}") is not None:
        _module = importlib.import_module(f"scripts.commands._bench_{_name}")
        app.command(_name, epilog=_module.EXAMPLE)(_module.measure)


@app.callback()
def suites() -> None:
    """Keep `tertib bench store` a subcommand, also while there is only one."""
