"""The last seconds of the original bitstream, from which evidence clips are cut without encoding anything again."""

from __future__ import annotations

import io
import tempfile
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.frame import SCALER_THREADS, Clip
from pipeline.ingest.packet_store import Kept, PacketStore


@dataclass(frozen=True)
class StoredPacket:
    """An encoded packet outside of its container: bytes, timestamps in ticks of the ring's time base, keyframe mark."""

    kept: Kept
    size_bytes: int
    pts: int
    dts: int
    duration: int
    is_keyframe: bool

    @property
    def data(self) -> bytes:
        """The bytes, read from the disk where they lie there."""
        return self.kept.read()


@dataclass(frozen=True)
class RingSize:
    """How much of a stream's bitstream is kept, and where.

    Attributes:
        seconds: So much time.
        most_bytes: Bound for one camera.
        folder: On which disk; None = in memory.
    """

    seconds: float = 30.0
    most_bytes: int = 96_000_000
    folder: Path | None = None


@dataclass(frozen=True)
class _Container:
    format: str
    suffix: str
    media_type: str
    options: dict[str, str]


CONTAINERS = (
    _Container("mp4", "mp4", "video/mp4", {"movflags": "faststart"}),
    _Container("webm", "webm", "video/webm", {}),
    _Container("matroska", "mkv", "video/x-matroska", {}),
)
"""Tried in this order: the first that takes the camera's codec."""


class PacketRing:
    """Keeps whole groups of pictures, as many as cover the wanted time.

    The stream's parameters are kept as a tiny mp4 in memory made from the first keyframe while the connection is
    open: a stream of a closed
    container cannot serve as a template.

    Args:
        stream: The open video stream.
        capacity_s: How much time to keep, in seconds; the group that covers its beginning is kept whole.
        capacity_bytes: Upper bound; the oldest groups go first.
        folder: On which disk the packets lie; None = in memory.
    """

    def __init__(
        self,
        stream: av.VideoStream,
        *,
        capacity_s: float = 30.0,
        capacity_bytes: int = 96_000_000,
        folder: Path | None = None,
    ) -> None:
        self._packet_store = PacketStore(folder)
        self.time_base: Fraction = stream.time_base
        self._stream = stream
        self._capacity_s = capacity_s
        self._capacity_bytes = capacity_bytes
        self._annexb = stream.codec_context.name in {"h264", "hevc"} and not bytes(
            stream.codec_context.extradata or b""
        ).startswith(b"\x01")
        self._template: bytes | None = None
        self._container = CONTAINERS[0]
        self._packets: deque[StoredPacket] = deque()
        self._bytes = 0
        self._waiting: Any = None
        self._lock = threading.Lock()
        self.fitted_px: tuple[int, int] | None = None
        """Width and height to which `pictures` scales; None = as they are."""

    def add(self, packet: av.Packet) -> None:
        """Keep a packet, as it came from the demuxer.

        The first packet of an RTSP session is a keyframe without timestamps: it waits for the second, from which its
        time follows.
        """
        if packet.size == 0:
            return
        if packet.pts is None and packet.dts is None:
            if not self._packets and packet.is_keyframe:
                self._waiting = packet
            return
        if self._waiting is not None:
            first, self._waiting = self._waiting, None
            step = packet.duration or round(1 / (float(self._stream.average_rate or 25) * float(self.time_base)))
            start = (packet.dts if packet.dts is not None else packet.pts) - step
            self._store(self._kept(bytes(first), start, start, step, is_keyframe=True))
        pts = packet.pts if packet.pts is not None else packet.dts
        dts = packet.dts if packet.dts is not None else pts
        self._store(self._kept(bytes(packet), pts, dts, packet.duration or 0, is_keyframe=bool(packet.is_keyframe)))

    def _kept(self, data: bytes, pts: int, dts: int, duration: int, *, is_keyframe: bool) -> StoredPacket:
        kept = self._packet_store.keep(data, begins_group=is_keyframe)
        return StoredPacket(kept, len(data), pts, dts, duration, is_keyframe)

    def _store(self, packet: StoredPacket) -> None:
        if self._stream is not None:
            if not packet.is_keyframe:
                return
            self._template = self._make_template(packet)
            if self._template is None:
                return  # a keyframe that was damaged on its way is no pattern: the next one may be whole
            self._stream = None
        with self._lock:
            self._packets.append(packet)
            self._bytes += packet.size_bytes
            self._trim(packet.pts)

    def covers(self, at_s: float) -> bool:
        """Whether the ring reaches back to this media time, in seconds, and holds something after it."""
        with self._lock:
            if not self._packets:
                return False
            base = float(self.time_base)
            return self._packets[0].pts * base <= at_s + 1e-6 and self._packets[-1].pts * base >= at_s

    def _trim(self, newest_pts: int) -> None:
        # Only whole groups go, and only when the next one still covers the wanted time.
        if not self._packets[-1].is_keyframe and self._bytes <= self._capacity_bytes:
            return
        keep_from = newest_pts - self._capacity_s / float(self.time_base)
        while True:
            second = next((index for index, packet in enumerate(self._packets) if index and packet.is_keyframe), None)
            if second is None or (self._packets[second].pts > keep_from and self._bytes <= self._capacity_bytes):
                return
            for _ in range(second):
                self._bytes -= self._packets.popleft().size_bytes

    def _make_template(self, keyframe: StoredPacket) -> bytes | None:
        for container in CONTAINERS:
            target = io.BytesIO()
            try:
                with av.open(target, "w", format=container.format) as output:
                    stream = output.add_stream_from_template(self._stream)
                    # As it came: the muxer itself puts lengths before units, while the stream's own parameters do not.
                    output.mux(self._packet(keyframe, stream, keyframe.dts, as_it_came=True))
            except (ValueError, av.error.FFmpegError):
                # This container does not take this codec: the next one may.
                continue
            if _plays(target.getvalue()):
                self._container = container
                return target.getvalue()
        return None

    @property
    def is_ready(self) -> bool:
        """Whether a sound keyframe has come: before that nothing is kept."""
        return self._template is not None

    def cut(self, start_s: float, end_s: float) -> Clip | None:
        """A file with the packets from the keyframe at or before `start_s` up to `end_s`; none is encoded again.

        Args:
            start_s: Wanted beginning in the segment's media clock, in seconds.
            end_s: Wanted end, in seconds.

        Returns:
            The file's bytes (index at the front, so that a browser plays it at once), or None when the ring holds
            nothing of that time.
        """
        with self._lock:
            packets = list(self._packets)
        base = float(self.time_base)
        first = _keyframe_before(packets, start_s, base)
        # In decoding order a picture may stand behind one that is shown later: cut where no later packet is still
        # wanted.
        wanted = [index for index, packet in enumerate(packets) if index >= first and packet.pts * base <= end_s + 1e-6]
        if self._template is None or not wanted:
            return None
        chosen = packets[first : wanted[-1] + 1]
        try:
            return self._written(chosen)
        except av.error.FFmpegError:
            # Packets that were damaged on their way cannot all be wrapped: no clip is better than a wrong one.
            return None

    def _written(self, chosen: Sequence[StoredPacket]) -> Clip | None:
        if self._template is None:
            return None
        with tempfile.TemporaryDirectory(prefix="tertib-clip-") as folder:
            path = Path(folder) / f"clip.{self._container.suffix}"
            with (
                av.open(io.BytesIO(self._template)) as template,
                av.open(str(path), "w", format=self._container.format, options=self._container.options) as output,
            ):
                stream = output.add_stream_from_template(template.streams.video[0])
                previous = None
                for packet in chosen:
                    # Some cameras repeat a decoding time; the container demands growth.
                    dts = packet.dts if previous is None else max(packet.dts, previous + 1)
                    previous = dts
                    output.mux(self._packet(packet, stream, dts - chosen[0].dts, shift=chosen[0].dts))
            begins_s = chosen[0].dts * float(self.time_base)
            return Clip(path.read_bytes(), self._container.media_type, self._container.suffix, begins_s)

    def pictures(self, times_s: Sequence[float]) -> list[NDArray[np.uint8] | None]:
        """The pictures nearest to these media times, decoded again from the kept bitstream.

        Args:
            times_s: Media times in seconds.

        Returns:
            One uint8 [height, width, 3] BGR array a time; None where the ring holds nothing within a second of it.
        """
        with self._lock:
            packets = list(self._packets)
        base = float(self.time_base)
        nearest: list[tuple[float, Any]] = [(1.0, None)] * len(times_s)
        if self._template is None or not packets or not times_s:
            return [None] * len(times_s)
        first = _keyframe_before(packets, min(times_s), base)
        with av.open(io.BytesIO(self._template)) as template:
            stream = template.streams.video[0]
            decoder = stream.codec_context
            decoder.thread_count = 1
            until = [packet for packet in packets[first:] if packet.dts * base <= max(times_s) + 1.0]
            for packet in [*(self._packet(stored, stream, stored.dts) for stored in until), None]:
                for picture in _decoded(decoder, packet):
                    for place, wanted_s in enumerate(times_s):
                        distance_s = abs((picture.pts or 0) * base - wanted_s)
                        if distance_s < nearest[place][0]:
                            nearest[place] = (distance_s, picture)
        fit = {"threads": SCALER_THREADS}
        if self.fitted_px is not None:
            fit |= {"width": self.fitted_px[0], "height": self.fitted_px[1]}
        return [picture.to_ndarray(format="bgr24", **fit) if picture is not None else None for _, picture in nearest]

    def _packet(
        self, stored: StoredPacket, stream: av.VideoStream, dts: int, *, shift: int = 0, as_it_came: bool = False
    ) -> av.Packet:
        data = stored.data
        packet = av.Packet(_length_prefixed(data) if self._annexb and not as_it_came else data)
        packet.time_base = self.time_base
        packet.dts = dts
        packet.pts = max(stored.pts - shift, dts)
        packet.duration = stored.duration
        packet.is_keyframe = stored.is_keyframe
        packet.stream = stream
        return packet


def _decoded(decoder: av.CodecContext, packet: av.Packet | None) -> list[av.VideoFrame]:
    """Pictures of a packet; none of one that was damaged on its way, nor what a decoder painted over it."""
    try:
        return [picture for picture in decoder.decode(packet) if not picture.is_corrupt]
    except av.error.FFmpegError:
        return []


def _plays(data: bytes) -> bool:
    """Whether a picture can be had from a file."""
    try:
        with av.open(io.BytesIO(data)) as container:
            container.streams.video[0].thread_count = 1
            return any(not picture.is_corrupt for picture in container.decode(video=0))
    except (av.error.FFmpegError, IndexError, ValueError):
        return False


def _keyframe_before(packets: Sequence[StoredPacket], start_s: float, base: float) -> int:
    """Place of the last keyframe at or before `start_s`; 0 when there is none."""
    return max(
        (i for i, packet in enumerate(packets) if packet.is_keyframe and packet.pts * base <= start_s + 1e-6), default=0
    )


def _length_prefixed(data: bytes) -> bytes:
    """Units behind start codes (as RTSP and MPEG-TS carry them), with their lengths in front (as mp4 wants them)."""
    if not data.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")):
        return data
    units = [unit.rstrip(b"\x00") for unit in data.split(b"\x00\x00\x01")]
    return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units if unit)
