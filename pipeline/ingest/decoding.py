"""From packets to pictures; while nothing moves, only keyframes are decoded, and what lay between them afterwards."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import Final, Protocol

import av

LONGEST_REST_S: Final = 5.0
"""A camera whose keyframes are farther apart is not rested: what is held back would come too late."""
SWELL: Final = 2.5
"""A packet that is so many times as large as its quiet neighbours carries motion: H.264 spends bits on change."""
LEAST_SWELL_BYTES: Final = 1500
REFINING: Final = 3
"""Pictures right after a keyframe are large in any case: they mend what it left coarse."""
NEIGHBOURS: Final = 25


class Rest(Protocol):
    """Who decides whether a camera may rest."""

    def resting(self) -> bool:
        """Whether nothing is followed and nothing has moved for a while."""
        ...

    def wakes(self, picture: av.VideoFrame) -> bool:
        """Whether something moves in this keyframe (the decoder's frame), compared with those before."""
        ...


class Decoding:
    """Decodes one session's packets.

    Args:
        stream: The open stream.
        rest: Lets the decoder rest; None = everything is decoded.
    """

    def __init__(self, stream: av.VideoStream, rest: Rest | None = None) -> None:
        self._stream = stream
        self._rest = rest
        self._held: list[av.Packet] = []
        self._held_from_s: float | None = None
        self._sizes: deque[int] = deque(maxlen=NEIGHBOURS)
        self._since_key = 0
        self._peek: av.CodecContext | None = None
        self._glimpse: av.VideoFrame | None = None
        self._resting = False
        self.until_s = 0.0
        self.rested = 0
        self.damaged = 0
        self.decode_s = 0.0
        """Time spent in the decoder, in seconds."""

    @property
    def is_resting(self) -> bool:
        """Whether packets are held back at the moment."""
        return self._resting

    def pictures(self, packet: av.Packet) -> Iterator[tuple[av.VideoFrame, bool]]:
        """Pictures that can be shown now, each with whether it was held back and decoded afterwards."""
        if self._rest is None or packet.size == 0:
            yield from self._wake()
            yield from self._decode(packet, replayed=False)
            return
        wanted = self._rest.resting()
        self._since_key = 0 if packet.is_keyframe else self._since_key + 1
        if self._resting and (not wanted or self._stirs(packet)):
            yield from self._wake()
        if not self._resting and wanted and packet.is_keyframe and self._is_quiet(packet):
            # From this keyframe on: it is held, so that all that follows can be decoded after all.
            yield from self._decode(None, replayed=False)
            self._stream.codec_context.flush_buffers()
            self._resting = True
            self._held = []
            self._held_from_s = None
        if not packet.is_keyframe and self._since_key > REFINING:
            self._sizes.append(packet.size)
        if not self._resting:
            yield from self._decode(packet, replayed=False)
            return
        if packet.is_keyframe:
            # The group before it stays until this one is known to be quiet as well.
            self.rested += max(0, len(self._held) - 1)
            self._held = []
            self._held_from_s = None
        self._held.append(packet)
        self.until_s = _at_s(packet) or self.until_s
        picture, self._glimpse = self._glimpse, None
        if packet.is_keyframe and picture is not None:
            # Shown as it comes: who stands there is followed while the camera rests. It is not kept: who got it looks
            # at it in another thread, and a picture's scaler serves one thread only.
            yield picture, False

    def _stirs(self, packet: av.Packet) -> bool:
        at_s = _at_s(packet)
        if self._held_from_s is None:
            self._held_from_s = at_s
        elif at_s is not None and at_s - self._held_from_s > LONGEST_REST_S:
            return True
        return not self._is_quiet(packet) if packet.is_keyframe else self._swells(packet)

    def _is_quiet(self, keyframe: av.Packet) -> bool:
        picture = self._glimpse = self._look(keyframe)
        return picture is not None and self._rest is not None and not self._rest.wakes(picture)

    def _swells(self, packet: av.Packet) -> bool:
        if len(self._sizes) < 5 or self._since_key <= REFINING:
            return False
        return bool(packet.size > max(LEAST_SWELL_BYTES, SWELL * median(self._sizes)))

    def _look(self, packet: av.Packet) -> av.VideoFrame | None:
        """The keyframe alone, by a decoder of its own; None when it does not stand alone."""
        context = self._stream.codec_context
        try:
            if self._peek is None:
                self._peek = av.CodecContext.create(context.name, "r")
                self._peek.extradata = context.extradata
                self._peek.thread_count = 1
            found = [*self._peek.decode(packet), *self._peek.decode(None)]
            self._peek.flush_buffers()
        except (av.error.FFmpegError, ValueError):
            return None
        if not found:
            return None
        found[0].pts, found[0].time_base = packet.pts, packet.time_base
        return found[0]

    def _wake(self) -> Iterator[tuple[av.VideoFrame, bool]]:
        if not self._resting:
            return
        self._resting = False
        held, self._held, self._held_from_s = self._held, [], None
        for packet in held:
            yield from self._decode(packet, replayed=True)

    def _decode(self, packet: av.Packet | None, *, replayed: bool) -> Iterator[tuple[av.VideoFrame, bool]]:
        began_s = time.perf_counter()
        try:
            pictures = self._stream.codec_context.decode(packet) if packet is None else packet.decode()
        except av.error.FFmpegError:
            self.damaged += 1
            return
        finally:
            self.decode_s += time.perf_counter() - began_s
        for picture in pictures:
            yield picture, replayed


def _at_s(packet: av.Packet) -> float | None:
    ticks = packet.pts if packet.pts is not None else packet.dts
    return None if ticks is None else float(ticks * packet.time_base)
