"""Pictures of a video file, timed by its own timestamps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import av
from av.container import InputContainer

from pipeline.ingest.decoding import Decoding, Rest
from pipeline.ingest.frame import CaptureClock, Frame, MediaError
from pipeline.ingest.packet_ring import PacketRing

ASSUMED_UNCERTAINTY_MS = 86_400_000.0
"""A day: of a file of which nobody says when it was recorded nothing better can be claimed."""


class FileSource:
    """A video file.

    Args:
        path: The file.
        recorded_at: Capture time of the first picture, or None when nobody knows.
        clock_uncertainty_ms: How far `recorded_at` may be off.
        started_at: Taken for the first picture's time when `recorded_at` is None.
        paced: Deliver at the speed of recording.
        sleep: Waits, in seconds.
        monotonic: A clock that only goes forwards, in seconds.
    """

    live = False

    def __init__(
        self,
        path: Path,
        *,
        recorded_at: datetime | None,
        clock_uncertainty_ms: float,
        started_at: datetime,
        paced: bool = False,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._origin_s = (recorded_at or started_at).timestamp()
        self._paced = paced
        self._sleep = sleep
        self._monotonic = monotonic
        self._stopped = False
        self.rest: Rest | None = None
        self.rested = 0
        container, stream = self._open()
        self.width_px, self.height_px = int(stream.codec_context.width), int(stream.codec_context.height)
        self.duration_s: float | None = _declared_duration_s(container, stream)
        clock = (
            CaptureClock("file", clock_uncertainty_ms)
            if recorded_at
            else CaptureClock("assumed", ASSUMED_UNCERTAINTY_MS)
        )
        # Stamps are rounded to the file's ticks: mostly microseconds, in some containers a whole picture's length.
        tick_s = float(stream.time_base or 0)
        self._clock = replace(clock, stamp_sigma_s=max(clock.stamp_sigma_s, tick_s / math.sqrt(12)))
        container.close()

    def _open(self) -> tuple[InputContainer, av.VideoStream]:
        try:
            container = av.open(str(self._path), metadata_errors="ignore")
        except IsADirectoryError:
            raise MediaError(f"{self._path}: is a folder, not a video file") from None
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                f"{self._path}: cannot be opened as video; it is damaged, cut off, or no video file ({_reason(error)})"
            ) from None
        if not container.streams.video:
            container.close()
            raise MediaError(f"{self._path}: has no video stream")
        stream = container.streams.video[0]
        if not stream.codec_context or not stream.codec_context.width:
            container.close()
            raise MediaError(f"{self._path}: its video stream cannot be decoded (no known codec or no picture size)")
        stream.thread_count = 1
        return container, stream

    def frames(self) -> Iterator[Frame]:
        """All pictures in order of display; see `Source.frames`."""
        container, stream = self._open()
        try:
            ring = PacketRing(stream)
            index, first_s, last_s = 0, None, 0.0
            decoding = Decoding(stream, self.rest)
            began_s = self._monotonic()
            for packet in _demux(container, stream):
                ring.add(packet)
                for picture, replayed in decoding.pictures(packet):
                    media_s = (
                        picture.time if picture.time is not None else last_s + 1 / float(stream.average_rate or 25)
                    )
                    if first_s is None:
                        first_s = media_s
                    elif media_s <= last_s:
                        continue
                    last_s = media_s
                    if self._paced:
                        self._sleep(max(0.0, began_s + media_s - first_s - self._monotonic()))
                    if self._stopped:
                        return
                    yield Frame(
                        index,
                        0,
                        self._origin_s + media_s - first_s,
                        media_s,
                        self._clock,
                        ring,
                        picture,
                        replayed=replayed,
                    )
                    index += 1
            self.rested = decoding.rested
            self._complain(index, decoding.damaged, max(last_s, decoding.until_s) - (first_s or 0.0))
        finally:
            container.close()

    def _complain(self, count: int, damaged: int, length_s: float) -> None:
        if count == 0:
            raise MediaError(f"{self._path}: holds no picture that can be decoded")
        if self.duration_s and length_s < 0.9 * self.duration_s - 0.5:
            raise MediaError(
                f"{self._path}: is cut off: pictures end after {length_s:.1f} s of {self.duration_s:.1f} s "
                f"({count} pictures were used)"
            )
        if damaged > max(2, count // 50):
            raise MediaError(
                f"{self._path}: is damaged: {damaged} packets could not be decoded ({count} pictures were used)"
            )

    def close(self) -> None:
        """Stop before the next picture."""
        self._stopped = True


def _demux(container: InputContainer, stream: av.VideoStream) -> Iterator[av.Packet]:
    """Packets until the end.

    A file that is cut off ends here instead of in an exception (its length is judged afterwards).
    """
    try:
        yield from container.demux(stream)
    except av.error.FFmpegError:
        return


def _declared_duration_s(container: InputContainer, stream: av.VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return float(container.duration) / 1e6 if container.duration else None


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
