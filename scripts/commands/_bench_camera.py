"""`tertib bench camera`: a camera's work beside what a user would assemble, in CPU seconds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import cv2
import numpy as np
import typer

from models.detector import Detector, load_detector
from models.errors import ModelError
from models.plates.reader import PlateReader, TwoStageReader, load_plate_reader
from pipeline.camera import Camera
from pipeline.exhibits import Finding
from pipeline.ingest import MediaError, open_source
from pipeline.ingest.saving import Steps
from pipeline.scene import Scene, SceneError, load_scene
from scripts.commands._bench_footage import beginning, empty_road, standing_traffic
from scripts.commands._bench_opponent import (
    SCORE,
    USUAL_SCORE,
    Assembled,
    Counting,
    decoding,
    ultralytics_track,
    version,
)
from scripts.commands._bench_row import Row, in_turns, tell
from scripts.commands._bench_steps import Book, Watched, step_rows

EXAMPLE: Final = "Example: tertib bench camera --scene samples/scenes/parkpow-cars.yaml --runs 5 --json"
STILL_S: Final = 40
LEARNING_S: Final = 10
WARMING_S: Final = 2.0
VIDEO: Final = "video s / CPU s"
OCR: Final = "calls / 1,000 vehicles"


def measure(
    scene: Annotated[Path, typer.Option(help="Scene of the busy clip.")] = Path("samples/scenes/parkpow-cars.yaml"),
    media: Annotated[str | None, typer.Option(help="Busy clip; default: the scene's own.")] = None,
    runs: Annotated[int, typer.Option(min=1, max=50, help="How often each is run, in turns.")] = 5,
    steps: Annotated[bool, typer.Option("--steps", help="Measure each saving step instead of opponents.")] = False,
    resume: Annotated[
        Path | None, typer.Option(metavar="FILE", help="With --steps: keep each run here, and go on from it.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=4, help="With --steps: so much of each clip.")] = 9.0,
    opponent: Annotated[bool, typer.Option("--opponent/--no-opponent", help="Run ultralytics as well.")] = True,
    json_: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Busy and quiet clip beside `ultralytics` track() with OCR of every plate box, and beside bare decoding.

    `ultralytics` (AGPL) is no dependency: where it is not installed its rows are left out and the command says so. It
    is given the same weights, input size and lowest score, so that both look for the same things. Starting (imports,
    loading, a camera's first seconds) is told apart from running: a camera starts once in months.
    """
    imported_s = time.process_time()
    try:
        where = load_scene(scene)
        clip = Path(media or where.media_path() or "")
        detector, reader = load_detector(threads=1), load_plate_reader(countries=where.plate_countries)
        with tempfile.TemporaryDirectory(prefix="tertib-bench-") as folder:
            made = Path(folder)

            def watch(watched: Path, chosen: Steps) -> Watched:
                return _watch(where, watched, detector, reader, chosen)

            if steps:
                clips = {
                    "busy": beginning(clip, made / f"beginning{clip.suffix}", seconds),
                    "standing": standing_traffic(clip, made / "standing.mp4", seconds),
                    "quiet": empty_road(clip, made / "quiet.mp4", seconds),
                }
                watch(clips["quiet"], Steps.none())  # once before, so that models are compiled
                rows = step_rows(clips, watch, runs, Book(resume))
            else:
                # Once before, so that models are compiled and files are in the cache.
                detector.detect(np.zeros((where.frame.height_px, where.frame.width_px, 3), np.uint8))
                started = _starting((imported_s, time.process_time() - imported_s))
                rows = [*_rows(_Bench(where, detector, reader, runs), clip, made, with_opponent=opponent), started]
    except (SceneError, MediaError, ModelError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    tell("camera", rows, as_json=json_, clip=clip.name)


def _watch(scene: Scene, clip: Path, detector: Detector, reader: PlateReader, steps: Steps) -> Watched:
    source = open_source(str(clip), recorded_at=datetime(2026, 3, 2, tzinfo=UTC), started_at=datetime.now(UTC))
    camera = Camera(scene, source, detector=detector, reader=reader, steps=steps)
    found = [e for e in camera.events() if isinstance(e, Finding)]
    told = frozenset((f.candidate.offence.value, f.candidate.vehicle_class, f.plate.text) for f in found)
    return Watched(told, camera.stats.tracks, source.duration_s or camera.stats.video_s, camera.stats.inferred)


def _rows(bench: _Bench, busy: Path, folder: Path, *, with_opponent: bool) -> list[Row]:
    made = {
        "quiet": empty_road(busy, folder / "quiet.mp4", STILL_S),
        "standing": standing_traffic(busy, folder / "standing.mp4", STILL_S),
    }
    # Up to, and without, a keyframe, so that the last group of pictures is as long as in the whole clip.
    ends_s = LEARNING_S - 0.01
    begins = {name: beginning(clip, folder / f"{name}-begins.mp4", ends_s) for name, clip in made.items()}
    first = bench.work(busy)()
    warming = beginning(busy, folder / f"warming{busy.suffix}", WARMING_S)
    rows = bench.busy(busy, first, warming, with_opponent=with_opponent)
    for what, name, floor, shown in (
        ("quiet clip", "quiet", 4.0, f"{busy.name}'s road without its traffic"),
        ("clip where all stand", "standing", None, f"{busy.name}'s first picture"),
    ):
        rows.append(bench.still(what, made[name], begins[name], floor, shown))
    quiet = [bench.work(made["quiet"], 10.0), bench.work(begins["quiet"], 10.0)]
    rows.append(bench.cameras("busy", 3.0, [bench.work(busy, 10.0)], first.video_s))
    rows.append(bench.cameras("quiet", 12.0, quiet, STILL_S - LEARNING_S))
    return rows


@dataclass(frozen=True)
class _Bench:
    scene: Scene
    detector: Detector
    reader: PlateReader
    runs: int

    def work(self, clip: Path, fps: float | None = None) -> Callable[[], Watched]:
        """Watches a clip as a camera does that spares what it can."""
        scene = self.scene if fps is None else self.scene.model_copy(update={"analyse_fps": fps})
        return partial(_watch, scene, clip, self.detector, self.reader, Steps())

    def busy(self, clip: Path, first: Watched, warming: Path, *, with_opponent: bool) -> list[Row]:
        """Video seconds a CPU second and OCR calls, beside what a user would assemble; it loads with `warming`."""
        opponent = ultralytics_track(self.reader) if with_opponent else None
        if opponent is None:
            (ours_s,) = in_turns(self.runs, self.work(clip))
            why = "ultralytics is not installed: left out" if with_opponent else "no opponent was asked for"
            return [Row("busy clip", first.video_s / ours_s, None, "-", None, VIDEO, self.runs, remark=why)]
        opponent(warming)
        done: list[Assembled] = []
        ours_s, theirs_s = in_turns(self.runs, self.work(clip), lambda: done.append(opponent(clip)))
        theirs = done[0]
        speed, their_speed = first.video_s / ours_s, first.video_s / theirs_s
        fewer_s = theirs_s - theirs.reading_s * (1 - theirs.returned / max(1, theirs.reads))
        told = f"{first.tracks} road users by ours, {theirs.tracks} by theirs; {len(first.findings)} findings; if they "
        told += f"read only the plate boxes that come back from track(), {fewer_s / ours_s:.2f}x"
        ratio = speed / their_speed
        rows = [Row("busy clip", speed, their_speed, version(), ratio, VIDEO, self.runs, 5.0, ratio >= 5, told)]
        if isinstance(self.reader, TwoStageReader):
            counting = Counting(self.reader)
            _watch(self.scene, clip, self.detector, counting, Steps())
            ours, each = 1000 * counting.calls / first.tracks, 1000 * theirs.reads / first.tracks
            ratio = theirs.reads / max(1, counting.calls)
            told = f"{counting.calls} calls (both readers' counted) against {theirs.reads} plate boxes of the same "
            told += f"detector from {SCORE} on, by the same {first.tracks} vehicles; of the boxes {theirs.usual} score "
            told += f"{USUAL_SCORE}, and {theirs.returned} come back from track()"
            rows.append(Row("OCR of plates", ours, each, version(), ratio, OCR, 1, 20, ratio >= 20, told))
        return rows

    def still(self, what: str, clip: Path, begins: Path, floor: float | None, shown: str) -> Row:
        """A clip in which nothing moves, without the seconds in which a camera learns what it sees."""
        ours_s, start_s, decode_s, decode_start_s = in_turns(
            self.runs, self.work(clip), self.work(begins), partial(decoding, clip), partial(decoding, begins)
        )
        running_s, decode_running_s = max(1e-6, ours_s - start_s), decode_s - decode_start_s
        ratio = decode_running_s / running_s
        told = f"{STILL_S - LEARNING_S} s of {shown} with a sensor's noise, a keyframe every 2 s, after {LEARNING_S} s "
        told += f"in which the camera learns; those cost {start_s:.2f} s (decoding alone: {decode_start_s:.2f} s)"
        against = f"decoding alone (opencv {cv2.__version__})"
        reached = None if floor is None else ratio >= floor
        return Row(what, running_s, decode_running_s, against, ratio, "CPU s", self.runs, floor, reached, told)

    def cameras(self, what: str, floor: float, works: Sequence[Callable[[], Watched]], video_s: float) -> Row:
        """How many cameras two cores can follow; of two works the second is a beginning that does not count."""
        spent = in_turns(min(self.runs, 3), *works)
        count = 2 * video_s / max(1e-6, spent[0] - sum(spent[1:]))
        name = f"cameras at 10 analysed pictures/s on 2 cores, {what}"
        told = "reckoned from CPU seconds a video second"
        return Row(name, count, None, "-", None, "cameras", min(self.runs, 3), floor, count >= floor, told)


def _starting(spent_s: Sequence[float]) -> Row:
    told = f"once a process: imports {spent_s[0]:.1f} s, loading and one picture {spent_s[1]:.1f} s; in no other row"
    return Row("start-up", sum(spent_s), None, "-", None, "CPU s", 1, remark=told)
