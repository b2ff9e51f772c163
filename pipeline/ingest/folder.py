"""Pictures from a folder of images, or from one image: for tests, for archives of stills, never for evidence clips."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.frame import CaptureClock, Clip, Frame, MediaError, read_image
from pipeline.ingest.video_file import ASSUMED_UNCERTAINTY_MS

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})


class FolderSource:
    """Images in the order of their names, at a steady rate.

    Args:
        path: A folder, or one image.
        recorded_at: Capture time of the first picture, or None when nobody knows.
        clock_uncertainty_ms: How far `recorded_at` may be off.
        started_at: Taken for the first picture's time when `recorded_at` is None.
        fps: Pictures a second.
    """

    live = False

    def __init__(
        self,
        path: Path,
        *,
        recorded_at: datetime | None,
        clock_uncertainty_ms: float,
        started_at: datetime,
        fps: float = 10.0,
    ) -> None:
        self._files = (
            sorted(f for f in path.iterdir() if f.suffix.lower() in IMAGE_SUFFIXES) if path.is_dir() else [path]
        )
        if not self._files:
            raise MediaError(f"{path}: the folder holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
        self._origin_s = (recorded_at or started_at).timestamp()
        self._clock = (
            CaptureClock("file", clock_uncertainty_ms)
            if recorded_at
            else CaptureClock("assumed", ASSUMED_UNCERTAINTY_MS)
        )
        self._step_s = 1 / fps
        self._stopped = False
        self.duration_s: float | None = len(self._files) * self._step_s

    def frames(self) -> Iterator[Frame]:
        """All images in order of name; see `Source.frames`."""
        for index, file in enumerate(self._files):
            if self._stopped:
                return
            read_image(file)  # a damaged image is told here, with its name
            media_s = index * self._step_s
            yield Frame(index, 0, self._origin_s + media_s, media_s, self._clock, self, file)

    def cut(self, start_s: float, end_s: float) -> Clip | None:  # noqa: ARG002 - images have no bitstream
        """Always None; see `Memory.cut`."""
        return None

    def pictures(self, times_s: Sequence[float]) -> list[NDArray[np.uint8] | None]:
        """The images nearest to these times; see `Memory.pictures`."""
        return [read_image(self._files[min(len(self._files) - 1, max(0, round(t / self._step_s)))]) for t in times_s]

    def close(self) -> None:
        """Stop before the next picture."""
        self._stopped = True
