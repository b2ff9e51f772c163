"""The port of all sources, and the one place that decides which kind a name means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pipeline.ingest.folder import IMAGE_SUFFIXES, FolderSource
from pipeline.ingest.frame import Frame, MediaError
from pipeline.ingest.main_stream import MainStream, TwoStreams
from pipeline.ingest.packet_ring import RingSize
from pipeline.ingest.rtsp import RtspSource
from pipeline.ingest.video_file import FileSource


class Source(Protocol):
    """Where pictures come from."""

    live: bool
    """Whether pictures come whether one is ready or not (late ones are dropped), or wait in a file."""
    duration_s: float | None
    """Length in seconds where it is known beforehand, for a progress display."""

    def frames(self) -> Iterator[Frame]:
        """All pictures in order of display.

        Raises:
            MediaError: When the footage cannot be opened; or after the last good picture, when it ended before
                its time.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections; may be called from another thread."""
        ...


def open_source(
    name: str,
    *,
    recorded_at: datetime | None = None,
    clock_uncertainty_ms: float = 1000.0,
    started_at: datetime,
    paced: bool = False,
    attempts: int | None = 5,
    drawn_px: tuple[int, int] | None = None,
    ring: RingSize | None = None,
    detect: str | None = None,
) -> Source:
    """The source that `name` means.

    Args:
        name: An address (`rtsp://...`), a folder of images, an image or a video file.
        recorded_at: For files: capture time of the first picture.
        clock_uncertainty_ms: How far `recorded_at` may be off, in milliseconds.
        started_at: Now; what is assumed for a file of which nobody says when it was recorded.
        paced: For files: deliver at the speed of recording instead of as fast as possible.
        attempts: For streams: failed connections in a row after which to give up; None = never.
        drawn_px: For streams: the size on which the scene is drawn; see `RtspSource`.
        ring: For streams: how much of the bitstream is kept, and where.
        detect: For streams: the address of a smaller stream of the same camera, which is looked at instead.

    Returns:
        A source, not yet opened.

    Raises:
        MediaError: When there is no such file or the kind is unknown.
    """
    if name.startswith(("rtsp://", "rtsps://")):
        looked_at = RtspSource(detect or name, attempts=attempts, drawn_px=drawn_px, ring=ring)
        return TwoStreams(looked_at, MainStream(name, drawn_px, ring=ring)) if detect else looked_at
    if "://" in name:
        raise MediaError(f"{name}: only rtsp:// and rtsps:// streams are understood")
    path = Path(name)
    if not path.exists():
        raise MediaError(f"{name}: there is no such file or folder")
    if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
        return FolderSource(
            path, recorded_at=recorded_at, clock_uncertainty_ms=clock_uncertainty_ms, started_at=started_at
        )
    return FileSource(
        path, recorded_at=recorded_at, clock_uncertainty_ms=clock_uncertainty_ms, started_at=started_at, paced=paced
    )
