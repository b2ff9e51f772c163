"""`tertib bench camera`: a camera's work beside what a user would assemble, in CPU seconds."""

from __future__ import annotations

import importlib.metadata
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from models.catalogue import resolve
from models.detector import Detector, load_detector
from models.errors import ModelError
from models.plates.reader import PlateReader, load_plate_reader
from models.plates.reading import PlateReading
from pipeline.camera import Camera
from pipeline.exhibits import Finding
from pipeline.ingest import MediaError, open_source
from pipeline.ingest.saving import Steps
from pipeline.scene import Scene, SceneError, load_scene
from scripts.commands._bench_footage import beginning, empty_road, standing_traffic
from scripts.commands._bench_row import Row, in_turns, tell
from scripts.commands._bench_steps import Book, Watched, step_rows

EXAMPLE: Final = "Example: tertib bench camera --scene samples/scenes/parkpow-cars.yaml --runs 5 --json"
QUIET_S: Final = 20


@dataclass
class _Counting:
    """A plate reader that counts its calls."""

    reader: PlateReader
    calls: int = 0

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        self.calls += 1
        return self.reader.read(crop_bgr)


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
    is given the same weights, so that both look for the same things.
    """
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
                quiet = empty_road(clip, made / "quiet.mp4", QUIET_S)
                standing = standing_traffic(clip, made / "standing.mp4", QUIET_S)
                # Once before, so that models are compiled and files are in the cache.
                first = watch(clip, Steps())
                rows = _rows(where, clip, (quiet, standing), detector, reader, runs, first, with_opponent=opponent)
    except (SceneError, MediaError, ModelError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    tell("camera", rows, as_json=json_, clip=clip.name)


def _watch(scene: Scene, clip: Path, detector: Detector, reader: PlateReader, steps: Steps) -> Watched:
    source = open_source(str(clip), recorded_at=datetime(2026, 3, 2, tzinfo=UTC), started_at=datetime.now(UTC))
    camera = Camera(scene, source, detector=detector, reader=reader, steps=steps)
    found = [e for e in camera.events() if isinstance(e, Finding)]
    told = frozenset((f.candidate.offence.value, f.candidate.vehicle_class, f.plate.text) for f in found)
    return Watched(told, camera.stats.tracks, source.duration_s or camera.stats.video_s, camera.stats.inferred)


def _rows(
    scene: Scene,
    busy: Path,
    still: tuple[Path, Path],
    detector: Detector,
    reader: PlateReader,
    runs: int,
    first: Watched,
    *,
    with_opponent: bool,
) -> list[Row]:
    quiet, standing = still
    counting = _Counting(reader)
    _watch(scene, busy, detector, counting, Steps())
    ours_calls = 1000 * counting.calls / max(1, first.tracks)
    opponent = _ultralytics(reader) if with_opponent else None
    version = f"ultralytics {_version()} track() on every frame + OCR of every plate box"
    rows: list[Row] = []

    def ours() -> None:
        _watch(scene, busy, detector, reader, Steps())

    if opponent is None:
        (ours_s,) = in_turns(runs, ours)
        why = "ultralytics is not installed, so its rows are left out" if with_opponent else "no opponent was asked for"
        speed = first.video_s / ours_s
        rows.append(Row("busy clip", speed, None, "-", None, "video s / CPU s", runs, remark=why))
    else:
        tracks, calls = opponent(busy)
        ours_s, theirs_s = in_turns(runs, ours, lambda: opponent(busy))
        speed, their_speed = first.video_s / ours_s, first.video_s / theirs_s
        ratio = speed / their_speed
        told = f"{first.tracks} road users by ours, {tracks} by theirs; {len(first.findings)} findings"
        rows.append(
            Row("busy clip", speed, their_speed, version, ratio, "video s / CPU s", runs, 5.0, ratio >= 5, told)
        )
        their_calls = 1000 * calls / max(1, tracks)
        ratio = their_calls / max(ours_calls, 1e-9)
        rows.append(
            Row("OCR of plates", ours_calls, their_calls, version, ratio, "calls / 1,000 vehicles", 1, 20, ratio >= 20)
        )
    noisy = "with a sensor's noise, a keyframe every 2 s"
    for what, clip, floor, shown in (
        ("quiet clip", quiet, 4.0, f"{QUIET_S} s of {busy.name}'s road without its traffic"),
        ("clip where all stand", standing, None, f"{QUIET_S} s of {busy.name}'s first picture"),
    ):
        ours_s, decode_s = in_turns(
            runs, partial(_watch, scene, clip, detector, reader, Steps()), partial(_decode, clip)
        )
        ratio = decode_s / ours_s
        against = f"decoding alone (opencv {cv2.__version__})"
        reached = None if floor is None else ratio >= floor
        rows.append(Row(what, ours_s, decode_s, against, ratio, "CPU s", runs, floor, reached, f"{shown}, {noisy}"))
    ten = scene.model_copy(update={"analyse_fps": 10.0})
    busy_ten, quiet_ten = in_turns(
        min(runs, 3),
        lambda: _watch(ten, busy, detector, reader, Steps()),
        lambda: _watch(ten, quiet, detector, reader, Steps()),
    )
    for what, video_s, spent, floor in (("busy", first.video_s, busy_ten, 3.0), ("quiet", QUIET_S, quiet_ten, 12.0)):
        cameras = 2 * video_s / spent
        rows.append(
            Row(
                f"cameras at 10 analysed pictures/s on 2 cores, {what}",
                cameras,
                None,
                "-",
                None,
                "cameras",
                min(runs, 3),
                floor,
                cameras >= floor,
                "reckoned from CPU seconds a video second",
            )
        )
    return rows


def _ultralytics(reader: PlateReader) -> Callable[[Path], tuple[int, int]] | None:
    """The opponent: road users that it followed and OCR calls that it made; None where it is not installed."""
    try:
        from models.backends.guarded_ultralytics import YOLO  # noqa: PLC0415 - a competitor, no dependency
    except ImportError:
        return None
    path = str(resolve("traffic-n"))

    def watch(clip: Path) -> tuple[int, int]:
        model = YOLO(path, task="detect")
        tracks: set[int] = set()
        calls = 0
        for result in model.track(source=str(clip), stream=True, verbose=False, persist=True, conf=0.15, device="cpu"):
            for box in result.boxes:
                if result.names[int(box.cls)] == "plate":
                    x1, y1, x2, y2 = (max(0, int(value)) for value in box.xyxy[0])
                    if x2 > x1 and y2 > y1:
                        reader.read(result.orig_img[y1:y2, x1:x2])
                        calls += 1
                elif box.id is not None:
                    tracks.add(int(box.id))
        return len(tracks), calls

    return watch


def _version() -> str:
    for name in ("ultralytics", "ultralytics-opencv-headless"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "absent"


def _decode(clip: Path) -> None:
    """What ultralytics' loader does to every picture before anything else."""
    reader = cv2.VideoCapture(str(clip))
    while reader.read()[0]:
        pass
    reader.release()
