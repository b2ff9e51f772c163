"""`tertib scene render`: plays a specification; kept beside `tertib scene`, which it is a part of."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from typer import TyperException

from pipeline.stage import StageError, UnseenError, load_specification, produce
from pipeline.stage.labels import write_labels


def render(
    specification_file: Annotated[
        Path, typer.Argument(metavar="SPEC.yaml", help="What happens: see samples/stage, or only a key `invent`.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Where clip.mp4, scene.yaml and truth.jsonl go."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the specification's seed.")] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the clip, not only scene and truth.")] = True,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Instead: pictures with the boxes of all that is seen, in YOLO's layout."),
    ] = None,
    every: Annotated[float, typer.Option(min=0.01, help="With --labels: seconds between two pictures.")] = 0.5,
    seeds: Annotated[int, typer.Option(min=1, help="With --labels: play so many seeds, one after the other.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Render a clip with exact truth from a specification.

    The truth is reckoned from the vehicles' ways, to the microsecond, and holds what `tertib observe --verbose` tells,
    plus places in metres and speeds. Compare both with `tertib score`.
    """
    if labels is not None:
        _write_labels(specification_file, labels, first=seed, seeds=seeds, every_s=every, as_json=as_json)
        return
    if output is None:
        raise TyperException("say where to write: -o DIR, or --labels DIR for pictures with boxes")
    try:
        specification = load_specification(specification_file, seed=seed)
        with _progress() as on_frame:
            made = produce(specification, output, pictures=pictures, on_frame=on_frame)
    except (StageError, UnseenError) as error:
        told = str(error)
        raise TyperException(told if str(specification_file) in told else f"{specification_file}: {told}") from error
    except OSError as error:
        raise TyperException(f"{output}: cannot be written ({error.strerror or error})") from error
    summary = {
        "folder": str(made.folder),
        "name": specification.name,
        "frames": made.frames,
        "duration_s": round(made.duration_s, 6),
        "offences": made.offences,
        "crossings": made.crossings,
    }
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
        return
    offences = ", ".join(f"{count} {code}" for code, count in sorted(made.offences.items())) or "no offence"
    sys.stdout.write(
        f"{made.folder}: {made.frames} pictures, {made.duration_s:.2f} s; {offences}, {made.crossings} crossings\n"
    )


def _write_labels(file: Path, folder: Path, *, first: int | None, seeds: int, every_s: float, as_json: bool) -> None:
    """Pictures and boxes of one or many seeds."""
    count = 0
    try:
        with _progress() as on_seed:
            for done in range(seeds):
                seed = first if seeds == 1 else (first or 0) + done
                count += write_labels(load_specification(file, seed=seed), folder, every_s=every_s)
                if on_seed:
                    on_seed(done + 1, seeds)
    except (StageError, ValueError) as error:
        told = str(error)
        raise TyperException(told if str(file) in told else f"{file}: {told}") from error
    except OSError as error:
        raise TyperException(f"{folder}: cannot be written ({error.strerror or error})") from error
    if as_json:
        sys.stdout.write(json.dumps({"folder": str(folder), "pictures": count}) + "\n")
    else:
        sys.stdout.write(f"{folder}: {count} pictures with labels\n")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, or None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("pictures", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
