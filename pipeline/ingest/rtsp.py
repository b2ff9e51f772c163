"""A camera's RTSP stream.

Reconnects with growing patience, takes its time from the camera where the camera tells it and the box agrees, and
keeps book of what was not seen.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import av
from av.container import InputContainer

from pipeline.ingest.backoff import wait_s
from pipeline.ingest.decoding import Decoding, Rest
from pipeline.ingest.frame import CaptureClock, Frame, MediaError
from pipeline.ingest.frozen import FrozenWatch
from pipeline.ingest.packet_ring import PacketRing, RingSize
from pipeline.ingest.stream_clock import StreamClock
from pipeline.ingest.stream_health import Gap, StreamHealth


@dataclass(frozen=True)
class Patience:
    """How long a stream may keep us waiting, in seconds.

    Attributes:
        open_s: For a connection.
        packet_s: For the next packet.
        picture_s: For a packet that can be decoded.
        frozen_s: While the very same picture is shown.
    """

    open_s: float = 10.0
    packet_s: float = 8.0
    picture_s: float = 8.0
    frozen_s: float = 15.0


class _BrokenSession(Exception):  # noqa: N818 - ends a session, is no error of ours
    """The session is of no use any more; the sentence says why."""


class RtspSource:
    """A live stream over TCP.

    PTS restart at 0 after each connection, so each is a new segment with a clock and a ring of its own: nothing is
    ever spliced across a reconnection, nor across a change of the picture's size.

    Args:
        url: rtsp:// or rtsps:// address.
        patience: How long to wait for what.
        attempts: Failed connections in a row after which to give up; None = never.
        sleep: Waits, in seconds; by default a wait that `close` ends.
        now: The box's clock, seconds since 1970 UTC.
        steady: A clock that only goes forwards, in seconds.
        jitter: A number in 0..1, so that a hundred cameras do not come back in one instant.
        on_gap: Told when a stretch of which nothing was seen has ended.
        drawn_px: Width and height on which the scene is drawn: pictures of the same shape are scaled to it, those of
            another shape end the session, since nobody knows what their lines mean. None = any size goes.
        ring: How much of the bitstream is kept, and where.
    """

    live = True
    duration_s: float | None = None

    def __init__(
        self,
        url: str,
        *,
        patience: Patience | None = None,
        attempts: int | None = 5,
        sleep: Callable[[float], object] | None = None,
        now: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        on_gap: Callable[[Gap], None] | None = None,
        drawn_px: tuple[int, int] | None = None,
        ring: RingSize | None = None,
    ) -> None:
        self.drawn_px = drawn_px
        self._ring = ring or RingSize()
        self.health = StreamHealth()
        self.rest: Rest | None = None
        self.on_gap = on_gap
        self._url = url
        self._patience = patience or Patience()
        self._attempts = attempts
        self._over = threading.Event()
        self._sleep = sleep or self._over.wait
        self._now = now
        self._steady = steady
        self._jitter = jitter
        self._frozen = FrozenWatch(self._patience.frozen_s)

    def frames(self) -> Iterator[Frame]:
        """Pictures as they come; see `Source.frames`. Ends only by `close`, or after too many failures in a row."""
        index, segment = 0, 0
        try:
            while not self._over.is_set():
                self.health.state = "connecting"
                why, began_with = "", index
                try:
                    for frame in self._session(index, segment):
                        index = frame.index + 1
                        self._seen()
                        yield frame
                    why = "the stream ended"
                except av.error.ExitError:
                    why = f"nothing came for {self._patience.packet_s:g} s"
                except (av.error.FFmpegError, OSError) as error:
                    why = str(getattr(error, "strerror", None) or error)
                except _BrokenSession as broken:
                    why = str(broken)
                segment += index > began_with
                self._pause(why)
        finally:
            self.health.state = "closed"

    def _pause(self, why: str) -> None:
        if self._over.is_set():
            return
        self.health.lost(self._now(), why)
        self.health.failures += 1
        if self._attempts is not None and self.health.failures >= self._attempts:
            raise MediaError(f"{without_password(self._url)}: no pictures after {self._attempts} attempts ({why})")
        self._sleep(wait_s(self.health.failures, self._jitter()))

    def _seen(self) -> None:
        was_open = bool(self.health.gaps) and self.health.gaps[-1].ended_at_s is None
        self.health.seen(self._now())
        if was_open and self.on_gap:
            self.on_gap(self.health.gaps[-1])

    def _session(self, index: int, segment: int) -> Iterator[Frame]:
        patience = (self._patience.open_s, self._patience.packet_s)
        with av.open(self._url, timeout=patience, options={"rtsp_transport": "tcp"}) as container:
            if not container.streams.video:
                raise MediaError(f"{without_password(self._url)}: has no video stream")
            self.health.connections += 1
            session = _Session(container, self._now, self._steady, self.rest, segment, self.drawn_px, self._ring)
            self.health.codec = str(session.stream.codec_context.name)
            shown_at_s = self._steady()
            for packet in container.demux(session.stream):
                if self._over.is_set():
                    return
                self.health.packets += packet.size > 0
                for frame in session.frames(packet, index):
                    # Before it is handed on: from then on it is another thread's, and scaling one picture in two
                    # threads at once kills the process.
                    self._check(frame, session)
                    index, shown_at_s = frame.index + 1, self._steady()
                    yield frame
                self.health.undecodable += session.damaged_since()
                self.health.decode_s += session.decoded_since_s()
                if session.rested:
                    self.health.resting, shown_at_s = self.health.resting + session.rested_since(), self._steady()
                if self._steady() - shown_at_s > self._patience.picture_s:
                    raise _BrokenSession("packets came, but no picture could be decoded from them")

    def _check(self, frame: Frame, session: _Session) -> None:
        size = (frame.picture.width, frame.picture.height)
        if session.size_px is not None and size != session.size_px:
            raise _BrokenSession(f"the pictures changed from {session.size_px} to {size} pixels")
        if session.size_px is None and self.drawn_px is not None and not same_shape(size, self.drawn_px):
            drawn = f"the scene is drawn on {self.drawn_px[0]} x {self.drawn_px[1]} pixels"
            raise _BrokenSession(
                f"{drawn}, the pictures are {size[0]} x {size[1]}: draw it on a picture of this camera"
            )
        session.size_px = self.health.size_px = size
        self.health.clock_apart_s = frame.clock.apart_s
        self._watch(frame.picture, session)

    def _watch(self, picture: av.VideoFrame, session: _Session) -> None:
        if self._frozen.is_frozen(picture, self._steady()):
            raise _BrokenSession("the picture stands still: the very same one came again and again")
        step_s = session.clock.stepped_s()
        if step_s:
            raise _BrokenSession(f"the clock of this box was set by {step_s:+.1f} s: times are derived anew")

    def close(self) -> None:
        """Stop at the next packet."""
        self._over.set()


class _Session:
    """One connection: a ring, a clock and a decoder."""

    def __init__(
        self,
        container: InputContainer,
        now: Callable[[], float],
        steady: Callable[[], float],
        rest: Rest | None,
        segment: int,
        drawn_px: tuple[int, int] | None,
        ring: RingSize,
    ) -> None:
        self.stream = container.streams.video[0]
        self.stream.thread_count = 1
        self.size_px: tuple[int, int] | None = None
        self.clock = StreamClock(container, now, steady)
        self._segment = segment
        self._drawn_px = drawn_px
        self._ring = PacketRing(
            self.stream, capacity_s=ring.seconds, capacity_bytes=ring.most_bytes, folder=ring.folder
        )
        self._decoding = Decoding(self.stream, rest)
        self._step_s = 1 / float(self.stream.average_rate or 25)
        self._last_s: float | None = None
        self._early: list[av.VideoFrame] = []
        self._told_damaged = self._told_rested = self._corrupt = 0
        self._told_decode_s = 0.0

    @property
    def rested(self) -> bool:
        """Whether packets are held back at the moment."""
        return self._decoding.is_resting

    def damaged_since(self) -> int:
        """Packets without a sound picture since the last call."""
        now = self._decoding.damaged + self._corrupt
        told, self._told_damaged = self._told_damaged, now
        return now - told

    def decoded_since_s(self) -> float:
        """Time spent in the decoder since the last call, in seconds."""
        told, self._told_decode_s = self._told_decode_s, self._decoding.decode_s
        return self._decoding.decode_s - told

    def rested_since(self) -> int:
        """Packets that were never decoded, since the last call."""
        told, self._told_rested = self._told_rested, self._decoding.rested
        return self._decoding.rested - told

    def frames(self, packet: av.Packet, index: int) -> Iterator[Frame]:
        """The pictures that a packet completes."""
        # No `if packet.dts is None: continue` here: the first packet of a session is the keyframe, and it has none.
        self._ring.add(packet)
        for picture, replayed in self._decoding.pictures(packet):
            if not self._ring.is_ready and self._decoding.damaged + self._corrupt > 0:
                raise _BrokenSession("the stream began damaged, and no clip could be cut from it: it is opened anew")
            if picture.is_corrupt:
                # What a decoder paints over lost packets is no evidence.
                self._corrupt += 1
                continue
            media_s: float | None = picture.time
            if media_s is None and self._last_s is not None:
                media_s = self._last_s + self._step_s
            if media_s is None:
                self._early.append(picture)
                continue
            for place, waiting in enumerate(self._early):
                before_s = media_s - (len(self._early) - place) * self._step_s
                yield self._frame(index, before_s, waiting, replayed=False)
                index += 1
            self._early.clear()
            if self._last_s is not None and media_s <= self._last_s:
                continue
            self._last_s = media_s
            yield self._frame(index, media_s, picture, replayed=replayed)
            index += 1

    def _frame(self, index: int, media_s: float, picture: av.VideoFrame, *, replayed: bool) -> Frame:
        at_s = self.clock.at_s(media_s)
        quality: CaptureClock = self.clock.quality
        fitted_px = None
        if self._drawn_px is not None and (picture.width, picture.height) != self._drawn_px:
            fitted_px = self._ring.fitted_px = self._drawn_px
        return Frame(index, self._segment, at_s, media_s, quality, self._ring, picture, fitted_px, replayed)


def same_shape(one_px: tuple[int, int], other_px: tuple[int, int]) -> bool:
    """Whether two picture sizes differ by scale only (to a hundredth: encoders round to whole blocks)."""
    return abs(one_px[0] * other_px[1] - other_px[0] * one_px[1]) <= 0.01 * one_px[0] * other_px[1]


def without_password(url: str) -> str:
    """An address as it may be told and logged."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
