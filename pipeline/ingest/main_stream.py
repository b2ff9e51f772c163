"""A camera's main stream beside a smaller one: it is kept, not decoded; clips and stills come from it.

Looking at a camera's smaller stream (its "substream") costs a fraction of the decoding; what an officer sees should be
as sharp as the camera can make it. Both streams have clocks of their own, so that what is seen in one is found in the
other by capture time.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.backoff import wait_s
from pipeline.ingest.frame import Clip, Frame, Memory
from pipeline.ingest.packet_ring import PacketRing, RingSize
from pipeline.ingest.rtsp import Patience, RtspSource
from pipeline.ingest.stream_clock import StreamClock
from pipeline.ingest.stream_health import StreamHealth

SETTLED_PACKETS: Final = 25
"""Until so many have come the smallest delay of arrival is not known well."""


@dataclass(frozen=True)
class _Stretch:
    """An unbroken stretch of the main stream: its packets, and capture time minus media time, in seconds."""

    ring: PacketRing
    offset_s: float
    by_report: bool


class MainStream:
    """Keeps the packets of a stream in a thread of its own.

    Args:
        url: rtsp:// or rtsps:// address.
        drawn_px: Width and height on which the scene is drawn: stills are scaled to it.
        ring: How much is kept, and where.
        patience: How long to wait for what.
        now: The box's clock, seconds since 1970 UTC.
        jitter: A number in 0..1.
    """

    def __init__(
        self,
        url: str,
        drawn_px: tuple[int, int] | None,
        *,
        ring: RingSize | None = None,
        patience: Patience | None = None,
        now: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._url, self._drawn_px, self._ring = url, drawn_px, ring or RingSize()
        self._patience, self._now, self._jitter = patience or Patience(), now, jitter
        self._over = threading.Event()
        self._stretch: _Stretch | None = None
        self.failures = 0
        self._thread = threading.Thread(target=self._keep, name="main-stream", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End at the next packet."""
        self._over.set()

    @property
    def stretch(self) -> _Stretch | None:
        """What is kept at the moment; None while the stream is away."""
        return self._stretch

    def _keep(self) -> None:
        while not self._over.is_set():
            try:
                self._session()
            except (av.error.FFmpegError, OSError):
                pass
            finally:
                # Nothing is spliced: what was kept before a break belongs to another clock.
                self._stretch = None
            self.failures += 1
            self._over.wait(wait_s(self.failures, self._jitter()))

    def _session(self) -> None:
        times = (self._patience.open_s, self._patience.packet_s)
        with av.open(self._url, timeout=times, options={"rtsp_transport": "tcp"}) as container:
            stream = container.streams.video[0]
            ring = PacketRing(
                stream,
                capacity_s=self._ring.seconds,
                capacity_bytes=self._ring.most_bytes,
                folder=self._ring.folder,
            )
            ring.fitted_px = self._drawn_px
            clock = StreamClock(container, self._now)
            count = 0
            for packet in container.demux(stream):
                if self._over.is_set() or clock.stepped_s():
                    return
                ring.add(packet)
                if packet.pts is None:
                    continue
                count += 1
                media_s = float(packet.pts * packet.time_base)
                at_s = clock.at_s(media_s)
                if count >= SETTLED_PACKETS:
                    self.failures = 0
                    self._stretch = _Stretch(ring, at_s - media_s, clock.quality.source == "rtcp")


class TwoStreams:
    """The smaller stream's pictures with the main stream's memory; see `Source`.

    Args:
        small: Is decoded and looked at.
        main: Is kept.
    """

    live = True
    duration_s: float | None = None

    def __init__(self, small: RtspSource, main: MainStream) -> None:
        self._small, self._main = small, main

    @property
    def health(self) -> StreamHealth:
        """That of the stream that is looked at."""
        return self._small.health

    @property
    def rest(self) -> object:
        """Who lets the smaller stream rest."""
        return self._small.rest

    @rest.setter
    def rest(self, value: object) -> None:
        self._small.rest = value  # type: ignore[assignment]

    def frames(self) -> Iterator[Frame]:
        """Pictures of the smaller stream; what is kept of them lies in the main one, while that is there."""
        self._main.start()
        memory: _MainMemory | None = None
        for frame in self._small.frames():
            if memory is None or memory.small is not frame.memory:
                memory = _MainMemory(self._main, frame.memory)
            memory.told(frame)
            yield replace(frame, memory=memory)

    def close(self) -> None:
        """Stop both."""
        self._small.close()
        self._main.close()


class _MainMemory:
    """The main stream's last seconds, asked by the smaller one's media time.

    Falls back to the smaller stream's own where the main one was away, and for stills also where the two streams'
    clocks are only known by arrival: a box must lie on the vehicle that it was drawn around.
    """

    def __init__(self, main: MainStream, small: Memory) -> None:
        self.small = small
        self._main = main
        self._offset_s = 0.0
        self._by_report = False

    def told(self, frame: Frame) -> None:
        """Learn the smaller stream's clock from its newest picture."""
        self._offset_s = frame.at_s - frame.media_s
        self._by_report = frame.clock.source == "rtcp"

    def _shift_s(self, stretch: _Stretch) -> float:
        return self._offset_s - stretch.offset_s

    def cut(self, start_s: float, end_s: float) -> Clip | None:
        """See `Memory.cut`."""
        stretch = self._main.stretch
        if stretch is not None:
            shift_s, ring = self._shift_s(stretch), stretch.ring
            clip = ring.cut(start_s + shift_s, end_s + shift_s) if ring.covers(start_s + shift_s) else None
            if clip is not None:
                return replace(clip, begins_s=None if clip.begins_s is None else clip.begins_s - shift_s)
        return self.small.cut(start_s, end_s)

    def pictures(self, times_s: Sequence[float]) -> list[NDArray[np.uint8] | None]:
        """See `Memory.pictures`."""
        stretch = self._main.stretch
        if stretch is None or not (self._by_report and stretch.by_report):
            return self.small.pictures(times_s)
        shift_s = self._shift_s(stretch)
        if not times_s or not stretch.ring.covers(min(times_s) + shift_s):
            return self.small.pictures(times_s)
        found = stretch.ring.pictures([at_s + shift_s for at_s in times_s])
        return found if all(picture is not None for picture in found) else self.small.pictures(times_s)
