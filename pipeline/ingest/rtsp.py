"""A camera's RTSP stream.

Reconnects with growing patience, and takes its time from the camera where the camera tells it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import av
from av.container import InputContainer

from pipeline.ingest.frame import CaptureClock, Frame, MediaError
from pipeline.ingest.packet_ring import PacketRing

RTCP_UNCERTAINTY_MS = 20.0
ARRIVAL_UNCERTAINTY_MS = 500.0
LONGEST_WAIT_S = 60.0


class RtspSource:
    """A live stream over TCP.

    PTS restart at 0 after each connection, so each is a new segment with a clock and a ring of its own.

    Args:
        url: rtsp:// or rtsps:// address.
        open_s: Patience for a connection, in seconds.
        read_s: Patience for the next packet, in seconds.
        attempts: Failed connections in a row after which to give up; None = never.
        sleep: Waits, in seconds.
        now: Seconds since 1970 UTC.
        jitter: A number in 0..1, so that a hundred cameras do not come back in one instant.
    """

    live = True
    duration_s: float | None = None

    def __init__(
        self,
        url: str,
        *,
        open_s: float = 10.0,
        read_s: float = 10.0,
        attempts: int | None = 5,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url = url
        self._patience = (open_s, read_s)
        self._attempts = attempts
        self._sleep = sleep
        self._now = now
        self._jitter = jitter
        self._stopped = False

    def frames(self) -> Iterator[Frame]:
        """Pictures as they come; see `Source.frames`. Ends only by `close`, or after too many failures in a row."""
        index, segment, failures = 0, 0, 0
        why = ""
        while not self._stopped:
            try:
                container = av.open(self._url, timeout=self._patience, options={"rtsp_transport": "tcp"})
            except (av.error.FFmpegError, OSError) as error:
                why = str(getattr(error, "strerror", None) or error)
            else:
                try:
                    for frame in self._session(container, index, segment):
                        index, failures = frame.index + 1, 0
                        yield frame
                    why = "the stream ended"
                except av.error.FFmpegError as error:
                    why = str(getattr(error, "strerror", None) or error)
                finally:
                    container.close()
                segment += 1
            failures += 1
            if self._attempts is not None and failures >= self._attempts:
                raise MediaError(f"{_without_password(self._url)}: no pictures after {failures} attempts ({why})")
            if not self._stopped:
                self._sleep(min(LONGEST_WAIT_S, 2.0 ** (failures - 1)) * (0.5 + self._jitter() / 2))

    def _session(self, container: InputContainer, index: int, segment: int) -> Iterator[Frame]:
        if not container.streams.video:
            raise MediaError(f"{_without_password(self._url)}: has no video stream")
        stream = container.streams.video[0]
        stream.thread_count = 1
        ring = PacketRing(stream)
        clock = _StreamClock(container, self._now)
        step_s = 1 / float(stream.average_rate or 25)
        last_s: float | None = None
        early: list[Any] = []
        for packet in container.demux(stream):
            if self._stopped:
                return
            # No `if packet.dts is None: continue` here: the first packet of a session is the keyframe, and it has none.
            ring.add(packet)
            try:
                pictures = packet.decode()
            except av.error.InvalidDataError:
                continue
            for picture in pictures:
                media_s: float | None = picture.time
                if media_s is None and last_s is not None:
                    media_s = last_s + step_s
                if media_s is None:
                    early.append(picture)
                    continue
                for place, waiting in enumerate(early):
                    before_s = media_s - (len(early) - place) * step_s
                    yield Frame(index, segment, clock.at_s(before_s), before_s, clock.quality, ring, waiting)
                    index += 1
                early.clear()
                if last_s is not None and media_s <= last_s:
                    continue
                last_s = media_s
                yield Frame(index, segment, clock.at_s(media_s), media_s, clock.quality, ring, picture)
                index += 1

    def close(self) -> None:
        """Stop at the next packet."""
        self._stopped = True


class _StreamClock:
    """Turns media time into UTC.

    By the sender reports where there are any, else by the smallest delay of arrival seen so far.
    """

    def __init__(self, container: InputContainer, now: Callable[[], float]) -> None:
        self._container = container
        self._now = now
        self._offset_s: float | None = None
        self._last_s = float("-inf")
        self.quality = CaptureClock("arrival", ARRIVAL_UNCERTAINTY_MS)

    def at_s(self, media_s: float) -> float:
        start_us = getattr(self._container, "start_time_realtime", None)
        if start_us and start_us > 0:
            self._offset_s = start_us / 1e6
            self.quality = CaptureClock("rtcp", RTCP_UNCERTAINTY_MS)
        else:
            arrived = self._now() - media_s
            self._offset_s = arrived if self._offset_s is None else min(self._offset_s, arrived)
        # A better offset must not turn time back within a session.
        self._last_s = max(self._offset_s + media_s, self._last_s + 1e-4)
        return self._last_s


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
