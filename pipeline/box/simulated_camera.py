"""A camera for drills: plays a clip over RTSP (RFC 2326, TCP interleaved) and misbehaves when told to.

    with SimulatedCamera(Path("clip.mp4")) as camera:
        source = RtspSource(camera.url)
        camera.fault = "mute"

H.264 goes out as RFC 6184 says, H.265 as RFC 7798; sender reports (RFC 3550, 6.4.1) carry the clock `now`.
"""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import av

Fault = Literal["none", "refuse", "silent", "mute", "frozen", "garbage"]
FAULTS: Final[tuple[Fault, ...]] = ("none", "refuse", "silent", "mute", "frozen", "garbage")
RTP_CLOCK: Final = 90_000
NTP_EPOCH_S: Final = 2_208_988_800
"""Seconds from 1900 to 1970."""
MOST_PAYLOAD: Final = 1400
_VIDEO, _REPORTS = 0, 1
_PAYLOAD_TYPE = 96
_SSRC = 0x7E57


@dataclass(frozen=True)
class _Unit:
    nals: tuple[bytes, ...]
    at_s: float
    is_keyframe: bool


class SimulatedCamera:
    """One camera; serves any number of connections.

    Args:
        clip: H.264 or H.265 video; is played in a loop.
        port: 0 = a free one.
        reports: Whether it tells its clock.
        now: Its clock, in seconds since 1970 UTC.
        speed: How much faster than recorded it plays.
        drop_every_s: Break the connection each time after so many seconds; None = never.
        seed: Of the garbage.
    """

    def __init__(
        self,
        clip: Path,
        *,
        port: int = 0,
        reports: bool = True,
        now: Callable[[], float] = time.time,
        speed: float = 1.0,
        drop_every_s: float | None = None,
        seed: int = 7,
    ) -> None:
        self.fault: Fault = "none"
        self.connections = 0
        self.drop_every_s = drop_every_s
        self._reports, self._now, self._speed = reports, now, speed
        self._random = random.Random(seed)  # noqa: S311 - makes garbage, protects nothing
        self._over = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self.play(clip)
        self._listener: socket.socket | None = None
        self.port = port
        self._listen()
        self._thread = threading.Thread(target=self._accept, name="simulated-camera", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"rtsp://127.0.0.1:{self.port}/stream"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def play(self, clip: Path) -> None:
        """Play another clip from now on: the next connection is told its codec, those that stand get it as it is."""
        self.codec, self._units, self._length_s = _read(clip)

    def drop(self) -> None:
        """Break all connections now."""
        with self._guard:
            for connection in self._open:
                _shut(connection)

    def close(self) -> None:
        """End."""
        self._over.set()
        self.drop()
        if self._listener:
            self._listener.close()
        self._thread.join(timeout=5)

    def _listen(self) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        listener.settimeout(0.05)
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        return listener

    def _accept(self) -> None:
        while not self._over.is_set():
            if self.fault == "refuse":
                if self._listener:
                    self._listener.close()
                    self._listener = None
                self._over.wait(0.05)
                continue
            listener = self._listener or self._listen()
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._guard:
            self._open.add(connection)
        try:
            with connection:
                connection.settimeout(None)
                self._converse(connection)
        except OSError:
            return
        finally:
            with self._guard:
                self._open.discard(connection)

    def _converse(self, connection: socket.socket) -> None:
        waiting = b""
        while not self._over.is_set():
            while b"\r\n\r\n" not in waiting:
                more = connection.recv(4096)
                if not more:
                    return
                waiting += more
            text, _, waiting = waiting.partition(b"\r\n\r\n")
            while self.fault == "silent" and not self._over.wait(0.05):
                pass
            lines = text.decode("ascii", "replace").split("\r\n")
            method = lines[0].partition(" ")[0]
            numbers = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("cseq")]
            connection.sendall(self._answer(method, numbers[0] if numbers else "0"))
            if method == "PLAY":
                self._stream(connection)
                return

    def _answer(self, method: str, number: str) -> bytes:
        head = f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1;timeout=60\r\n"
        if method == "OPTIONS":
            head += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
        if method == "SETUP":
            head += f"Transport: RTP/AVP/TCP;unicast;interleaved={_VIDEO}-{_REPORTS}\r\n"
        body = ""
        if method == "DESCRIBE":
            name, format_ = ("H265", "") if self.codec == "hevc" else ("H264", "a=fmtp:96 packetization-mode=1\r\n")
            body = (
                "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=drill\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
                f"c=IN IP4 0.0.0.0\r\na=rtpmap:96 {name}/{RTP_CLOCK}\r\n{format_}a=control:track0\r\n"
            )
            head += f"Content-Base: {self.url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        return (head + "\r\n" + body).encode()

    def _stream(self, connection: socket.socket) -> None:
        began, sequence, reported = time.monotonic(), self._random.randrange(1000), float("-inf")
        first_stamp = self._random.randrange(1 << 30)
        held: _Unit | None = None
        for unit, media_s in self._forever():
            wait_s = began + media_s / self._speed - time.monotonic()
            if self._over.wait(max(0.0, wait_s)):
                return
            if self.drop_every_s is not None and time.monotonic() - began > self.drop_every_s:
                return
            while self.fault == "mute" and not self._over.wait(0.05):
                pass
            if self.fault in {"refuse", "silent"}:
                return
            stamp = (first_stamp + round(media_s * RTP_CLOCK)) & 0xFFFFFFFF
            if self._reports and media_s - reported >= 1.0:
                # The first report goes before the first picture, so that no picture is without a time.
                connection.sendall(_framed(_REPORTS, _report(self._now(), stamp)))
                reported = media_s
            if held is None or (unit.is_keyframe and self.fault != "frozen"):
                held = unit
            for payload, marked in _payloads(held if self.fault == "frozen" else unit, self.codec):
                sequence = (sequence + 1) & 0xFFFF
                bytes_ = self._random.randbytes(len(payload)) if self.fault == "garbage" else payload
                header = struct.pack(">BBHII", 0x80, _PAYLOAD_TYPE | (marked << 7), sequence, stamp, _SSRC)
                connection.sendall(_framed(_VIDEO, header + bytes_))

    def _forever(self) -> Iterator[tuple[_Unit, float]]:
        passed_s = 0.0
        while True:
            units, length_s = self._units, self._length_s
            for unit in units:
                if self._units is not units:
                    passed_s += unit.at_s
                    break
                yield unit, passed_s + unit.at_s
            else:
                passed_s += length_s


def _read(clip: Path) -> tuple[str, tuple[_Unit, ...], float]:
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        codec = str(stream.codec_context.name)
        plain = av.BitStreamFilterContext(f"{codec}_mp4toannexb", stream)
        packets = [p for packet in container.demux(stream) for p in plain.filter(packet if packet.size else None)]
        units = []
        for packet in packets:
            nals = tuple(n.rstrip(b"\0") for n in bytes(packet).split(b"\0\0\1") if n.rstrip(b"\0"))
            units.append(_Unit(nals, float((packet.pts or 0) * packet.time_base), bool(packet.is_keyframe)))
        step_s = 1 / float(stream.average_rate or 25)
    return codec, tuple(units), max(unit.at_s for unit in units) + step_s


def _payloads(unit: _Unit, codec: str) -> Iterator[tuple[bytes, bool]]:
    """RTP payloads of one picture; True with the last."""
    for place, nal in enumerate(unit.nals):
        last = place == len(unit.nals) - 1
        if len(nal) <= MOST_PAYLOAD:
            yield nal, last
            continue
        if codec == "hevc":
            head = bytes([(nal[0] & 0x81) | (49 << 1), nal[1]])
            kind, body = (nal[0] >> 1) & 0x3F, nal[2:]
        else:
            head = bytes([(nal[0] & 0xE0) | 28])
            kind, body = nal[0] & 0x1F, nal[1:]
        for start in range(0, len(body), MOST_PAYLOAD):
            end = start + MOST_PAYLOAD >= len(body)
            mark = (0x80 if start == 0 else 0) | (0x40 if end else 0) | kind
            yield head + bytes([mark]) + body[start : start + MOST_PAYLOAD], last and end


def _report(now_s: float, stamp: int) -> bytes:
    seconds = int(now_s)
    fraction = int((now_s - seconds) * (1 << 32))
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, _SSRC, (seconds + NTP_EPOCH_S) & 0xFFFFFFFF, fraction, stamp, 1, 1)


def _framed(channel: int, data: bytes) -> bytes:
    return b"$" + bytes([channel]) + struct.pack(">H", len(data)) + data


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
