"""`tertib bench rules`: what each rule costs a track and picture, on the played scenes that are about it."""

from __future__ import annotations

import gc
import importlib.resources
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from scripts.commands._bench_row import Row, tell

if TYPE_CHECKING:
    from pipeline.rules import Moment, Rule

EXAMPLE: Final = "Example: tertib bench rules --json"
SUITE: Final = Path(str(importlib.resources.files("samples"))) / "suite" / "offences.yaml"
FLOOR_US: Final = 50.0
"""A street of forty vehicles at ten pictures a second then costs a rule 20 ms of each second."""


def measure(
    runs: Annotated[int, typer.Option(min=1, max=50, help="How often each rule is asked the same, in turns.")] = 5,
    scenes: Annotated[int, typer.Option(min=1, max=10, help="Scenes of the suite by day for each offence.")] = 4,
    suite: Annotated[Path, typer.Option(metavar="YAML", help="The scenes.")] = SUITE,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """CPU time of each rule a track and picture: medians in turns, of all that is asked where a scene declares it.

    Questions about vehicles that are over count too. Offenders are many in these scenes: on a street they are few, and
    who does nothing costs least.
    """
    from pipeline.rules import DECLARED, RULES  # noqa: PLC0415 - rules and numpy, only when measured
    from pipeline.suite.catalogue import SuiteError  # noqa: PLC0415 - as above

    try:
        asked = _asked(suite, scenes)
    except SuiteError as error:
        raise typer.TyperException(str(error)) from error
    spent: dict[str, list[float]] = {code.value: [] for code in RULES}
    sizes: dict[str, int] = {}
    gc.collect()
    gc.disable()
    try:
        for _ in range(runs):
            for code, rule in RULES.items():
                use = [moment for moment in asked if DECLARED[code](moment.scene)]
                sizes[code.value] = sum(len(moment.tracks) for moment in use)
                spent[code.value].append(_cpu_s(rule, use))
    finally:
        gc.enable()
    rows = [_row(name, spent[name], count, runs) for name, count in sizes.items() if count]
    tell("rules", rows, as_json=json_, moments=len(asked), tracks_and_pictures=sizes)


def _row(name: str, spent: Sequence[float], count: int, runs: int) -> Row:
    cost_us = round(1e6 * statistics.median(spent) / count, 2)
    return Row(
        name, cost_us, None, "", None, "us a track and picture", runs, floor=FLOOR_US, reached=cost_us <= FLOOR_US
    )


def _asked(suite: Path, scenes: int) -> list[Moment]:
    """All that the rules are asked in some scenes of each kind."""
    from pipeline.suite.catalogue import load_suite  # noqa: PLC0415 - as above
    from pipeline.suite.exact import moments_of  # noqa: PLC0415 - as above

    taken: dict[str, list[Any]] = {}
    for scene in load_suite(suite):
        kind = taken.setdefault(scene.kind, [])
        if scene.time == "day" and len(kind) < scenes:
            kind.append(scene)
    return [moment for kind in taken.values() for scene in kind for moment in moments_of(scene.specification)]


def _cpu_s(rule: Rule, moments: Sequence[Moment]) -> float:
    """CPU seconds of asking a rule all of them."""
    ask: Callable[[Moment], object] = rule
    began = time.process_time()
    for moment in moments:
        ask(moment)
    return time.process_time() - began
