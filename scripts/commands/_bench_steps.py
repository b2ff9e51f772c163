"""`tertib bench camera --steps`: what each saving step saves, and whether anything else is found with it."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from pipeline.ingest.saving import Steps
from scripts.commands._bench_row import Row, cpu_s


@dataclass(frozen=True)
class Watched:
    """What one watch of a clip found.

    Attributes:
        findings: Offence, class of the vehicle and plate of each.
        tracks: Road users followed.
        video_s: Length of the clip, in seconds.
        inferred: Pictures that the detector saw.
    """

    findings: frozenset[tuple[str, str, str | None]]
    tracks: int
    video_s: float
    inferred: int


Watch = Callable[[Path, Steps], Watched]


def ladder() -> dict[str, Steps]:
    """No step, each alone, and all."""
    rungs = {"none": Steps.none()} | {name: Steps.none().only(name) for name in Steps.names()}
    # These rest on what the gate says.
    for name in ("keyframes", "pace"):
        rungs[name] = replace(rungs[name], gate=True)
    rungs["all"] = Steps()
    return rungs


@dataclass
class Book:
    """Measured runs, kept in a file as they come, so that a measurement that was broken off goes on where it was.

    Args:
        file: JSON lines; None = not kept.
    """

    file: Path | None
    runs: dict[tuple[str, str, int], tuple[float, Watched]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            for line in self.file.read_text().splitlines():
                told = json.loads(line)
                findings = frozenset((offence, kind, plate) for offence, kind, plate in told["findings"])
                watched = Watched(findings, told["tracks"], told["video_s"], told["inferred"])
                self.runs[told["clip"], told["step"], told["run"]] = (told["cpu_s"], watched)

    def measure(self, clip: str, step: str, run: int, work: Callable[[], Watched]) -> None:
        """Run it, unless it stands in the book."""
        if (clip, step, run) in self.runs:
            return
        found: list[Watched] = []
        spent_s = cpu_s(lambda: found.append(work()))
        self.runs[clip, step, run] = (spent_s, found[0])
        if self.file is not None:
            told = {
                "clip": clip,
                "step": step,
                "run": run,
                "cpu_s": spent_s,
                "findings": sorted([list(each) for each in found[0].findings], key=str),
                "tracks": found[0].tracks,
                "video_s": found[0].video_s,
                "inferred": found[0].inferred,
            }
            with self.file.open("a") as target:
                target.write(json.dumps(told) + "\n")


ALL: Final = "all"


def step_rows(clips: Mapping[str, Path], watch: Watch, runs: int, book: Book) -> list[Row]:
    """A row a clip and step: CPU seconds, what was saved, what changed.

    Args:
        clips: By name.
        watch: Watches a clip with some steps.
        runs: How often each is run, in turns.
        book: Keeps what was measured.
    """
    rungs = ladder()
    for run in range(runs):
        for what, clip in clips.items():
            for name, steps in rungs.items():
                book.measure(what, name, run, lambda clip=clip, steps=steps: watch(clip, steps))  # type: ignore[misc]
    rows: list[Row] = []
    for what in clips:
        spent = {name: statistics.median(book.runs[what, name, run][0] for run in range(runs)) for name in rungs}
        base = book.runs[what, "none", 0][1]
        for name in rungs:
            seen = book.runs[what, name, 0][1]
            changed = len(base.findings ^ seen.findings)
            told = f"{1 - spent[name] / spent['none']:.0%} of the CPU saved; "
            told += f"{changed} findings changed of {len(base.findings)}; "
            told += f"{seen.inferred} of {base.inferred} pictures inferred; road users {seen.tracks} of {base.tracks}"
            ratio = spent["none"] / spent[name]
            same = changed == 0 if name == ALL else None
            rows.append(
                Row(
                    f"{what}: {name}",
                    spent[name],
                    spent["none"],
                    "no step",
                    ratio,
                    "CPU s",
                    runs,
                    reached=same,
                    remark=told,
                )
            )
    return rows
