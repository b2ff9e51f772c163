"""Which footage a scene is watched on, and when it was recorded."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from pipeline.ingest import MediaError, Source, open_source
from pipeline.ingest.packet_ring import RingSize
from pipeline.scene import Scene


def source_of(
    scene: Scene,
    scene_file: Path,
    *,
    media: str | None = None,
    recorded_at: datetime | None = None,
    paced: bool = False,
    attempts: int | None = 5,
    ring: RingSize | None = None,
) -> Source:
    """The source of a scene.

    Args:
        scene: The scene.
        scene_file: Its file, for the error message.
        media: Takes the place of the scene's own media.
        recorded_at: Takes the place of the scene's own time.
        paced: Play files at the speed of recording.
        attempts: For streams: failed connections in a row after which to give up; None = never.
        ring: For streams: how much of the bitstream is kept, and where.

    Raises:
        MediaError: There is no media, or it cannot be opened.
    """
    name = media or scene.media_path()
    if name is None:
        raise MediaError(f"{scene_file}: has no media, so say which clip or stream with --media")
    # The scene's time belongs to the scene's clip: another clip was recorded at another time.
    own = scene.media.recorded_at if scene.media and not media else None
    return open_source(
        name,
        recorded_at=recorded_at or own,
        clock_uncertainty_ms=scene.media.clock_uncertainty_ms if scene.media else 1000.0,
        started_at=datetime.now(UTC),
        paced=paced,
        attempts=attempts,
        ring=ring,
        detect=scene.media.detect if scene.media and not media else None,
        drawn_px=(scene.frame.width_px, scene.frame.height_px),
    )


def instant(text: str | None) -> datetime | None:
    """A time with its UTC offset, as written on the command line.

    Raises:
        MediaError: It is no time, or has no offset.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise MediaError(f"--recorded-at {text}: is no date and time; write e.g. 2026-03-02T07:15:00+07:00") from None
    if moment.tzinfo is None:
        raise MediaError(f"--recorded-at {text}: has no UTC offset; write e.g. 2026-03-02T07:15:00+07:00")
    return moment
