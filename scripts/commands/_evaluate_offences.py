"""`tertib evaluate offences`: how often the rules err, on played scenes whose truth is known, and on real clips."""

from __future__ import annotations

import importlib.resources
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.commands._evaluation import AsJson, Write, report

EXAMPLE = "Example: tertib evaluate offences --tracks exact --json"
DETECTOR = "traffic-n"
SUITE = Path(str(importlib.resources.files("samples"))) / "suite" / "offences.yaml"


def evaluate(
    as_json: AsJson = False,
    write: Write = False,
    suite: Annotated[Path, typer.Option(metavar="YAML", help="The scenes.")] = SUITE,
    tracks: Annotated[
        str,
        typer.Option(
            help="seen: drawn, encoded, detected, followed (half an hour once, then minutes); exact: true boxes that "
            "tremble, into the same tracker and rules (minutes)."
        ),
    ] = "seen",
    scenes: Annotated[
        str, typer.Option(metavar="PATTERN", help="Only scenes of such names, e.g. 'red-light-*'.")
    ] = "*",
    drawn_only: Annotated[
        bool, typer.Option("--drawn-only", help="Leave out scenes whose clip is not drawn yet.")
    ] = False,
    dev: Annotated[
        bool, typer.Option("--dev", help="Instead: the hand-labelled real clips that TERTIB_EXTRA_DATA holds.")
    ] = False,
    detector: Annotated[str, typer.Option(help="Model of the catalogue.")] = DETECTOR,
) -> None:
    """Precision of what is offered, recall, innocents by name, and the error of instants.

    Clips and detections are kept under var/suite, so that it goes on where it was stopped, and changed rules judge the
    same pictures again at once.
    """
    if tracks not in ("seen", "exact"):
        raise typer.TyperException(f"--tracks {tracks}: choose seen or exact")

    def measure() -> dict[str, Any]:
        if dev:
            from pipeline.suite.dev_clips import measured  # noqa: PLC0415 - networks, only when measured

            return measured(detector=detector)
        return _measured(suite, tracks, scenes, detector, drawn_only=drawn_only)

    name = figures_name(tracks, detector, dev=dev)
    report(name, measure, as_json=as_json, write=write)
    if write:
        renew_page()


def figures_name(tracks: str, detector: str, *, dev: bool) -> str:
    """Under which name figures are committed: those of another detector than the default beside it."""
    own = "" if detector == DETECTOR else f"-{detector}"
    if dev:
        return f"offences-dev{own}"
    return "offences-exact" if tracks == "exact" else f"offences{own}"


def renew_page() -> None:
    """Write the committed figures into `docs/offences.md`, where there is a checkout."""
    from pipeline.suite.table import figure_table, with_table  # noqa: PLC0415 - rules, only when measured

    root = Path(__file__).parents[2]
    page = root / "docs" / "offences.md"
    if page.exists():
        table = figure_table(root / "models" / "figures")
        page.write_text(with_table(page.read_text(encoding="utf-8"), table), encoding="utf-8")


def _measured(suite: Path, tracks: str, pattern: str, detector: str, *, drawn_only: bool) -> dict[str, Any]:
    from pipeline.suite.catalogue import load_suite  # noqa: PLC0415 - as above
    from pipeline.suite.figures import figures  # noqa: PLC0415 - as above

    chosen = [scene for scene in load_suite(suite) if fnmatch(scene.name, pattern)]
    if not chosen:
        raise ValueError(f"{suite}: has no scene like `{pattern}`")
    outcomes = {outcome.scene: outcome for outcome in _outcomes(chosen, tracks, detector, drawn_only=drawn_only)}
    mode = (
        f"drawn and encoded clips, detector {detector}, the whole way"
        if tracks == "seen"
        else "true boxes with a detector's errors, real tracker and rules; plates, lamps and helmets from truth"
    )
    return figures(chosen, outcomes, mode=mode)


def _outcomes(scenes: list[Any], tracks: str, detector: str, *, drawn_only: bool) -> Iterator[Any]:
    if tracks == "exact":
        from pipeline.suite.exact import judge_exactly  # noqa: PLC0415 - as above

        for number, scene in enumerate(scenes, 1):
            _told(number, len(scenes), scene.name)
            yield judge_exactly(scene.name, scene.specification)
        return
    from pipeline.suite.watched import Watch  # noqa: PLC0415 - as above

    watch = Watch(detector)
    for number, scene in enumerate(scenes, 1):
        _told(number, len(scenes), scene.name)
        if drawn_only and not watch.is_drawn(scene.specification):
            continue
        yield watch.outcome(scene.name, scene.specification)


def _told(number: int, count: int, name: str) -> None:
    """A sign of life on a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{number}/{count} {name:<60}")
