"""How far the cameras are, on a terminal; nothing at all in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from pipeline.camera import Camera


@contextmanager
def camera_progress(cameras: Sequence[Camera]) -> Iterator[Callable[[Sequence[Camera]], None] | None]:
    """A bar a camera on standard error, or None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {
            camera.scene.camera.id: progress.add_task(camera.scene.camera.id, total=camera.duration_s, note="")
            for camera in cameras
        }

        def show(running: Sequence[Camera]) -> None:
            for camera in running:
                stats = camera.stats
                note = f"{stats.video_s:.0f} s of video, {stats.tracks} followed, {stats.findings} findings"
                progress.update(bars[camera.scene.camera.id], completed=stats.video_s, note=note)

        yield show
