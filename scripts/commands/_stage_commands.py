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


def render(
    specification_file: Annotated[
        Path, typer.Argument(metavar="SPEC.yaml", help="What happens: see samples/stage, or only a key `invent`.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where clip.mp4, scene.yaml and truth.jsonl go.")
    ],
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the specification's seed.")] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the clip, not only scene and truth.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Render a clip with exact truth from a specification.

    The truth is reckoned from the vehicles' ways, to the microsecond, and holds what `tertib observe --verbose` tells,
    plus places in metres and speeds. Compare both with `tertib score`.
    """
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


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on standard error, or None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("pictures", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
