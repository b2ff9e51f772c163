"""The door for cameras that push their events: HTTP on the camera network, a secret a camera, bounded in every way."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from pipeline.delivery.errors import SpoolError
from pipeline.events.intake import read_event
from pipeline.events.multipart import parts_of
from pipeline.events.reading import MAX_BODY_BYTES, EventRefused, Picture, PlateEvent

READ_S: Final = 15.0
"""A camera that says nothing for so long has ended; what came is read."""
BODY_S: Final = 60.0
AT_ONCE: Final = 8
MOST_PICTURES: Final = 4
_PIECE: Final = 65_536


@dataclass(frozen=True)
class Door:
    """One camera's entrance.

    Attributes:
        camera_id: Stands in the address: `/events/CAMERA` (an officer's telephone: `/handheld/CAMERA`).
        secret: As a bearer token, as the password of Basic, or as the last part of the address, for cameras that know
            neither.
        zone: The camera's, for times without an offset.
    """

    camera_id: str
    secret: str
    zone: tzinfo


@dataclass(frozen=True)
class Taken:
    """What became of an event.

    Attributes:
        package_id: The package that was made; None when it is only told.
        why: Why there is no package.
    """

    package_id: str | None
    why: str = ""


Take = Callable[[str, PlateEvent], Taken]
TakePhotograph = Callable[[str, tuple[Picture, ...], Mapping[str, str]], Taken]
TellRefused = Callable[[str, EventRefused], None]


class Listener:
    """Answers cameras.

    200: taken, or nothing to take (a sign of life); 400 and 413: refused, with the kind of damage; 401: no entrance;
    503: come again.

    Args:
        address: Host and port; port 0 = a free one.
        doors: By camera.
        take: Makes durable what an event says; called from several threads.
        take_photograph: The same for an officer's photograph, with the fields of the form.
        refused: Told what was refused.
        read_s: How long to wait for the next piece, in seconds.
    """

    def __init__(
        self,
        address: tuple[str, int],
        doors: Mapping[str, Door],
        take: Take,
        take_photograph: TakePhotograph,
        refused: TellRefused,
        *,
        read_s: float = READ_S,
    ) -> None:
        self.doors, self.take, self.take_photograph, self.refused = doors, take, take_photograph, refused
        self.read_s = read_s
        self.places = threading.BoundedSemaphore(AT_ONCE)
        self._server = _Server(address, type("Handler", (_Handler,), {"listener": self, "timeout": read_s}))
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="listener", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """End; requests that are being read are finished first."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that a camera breaks off is no news."""


class _Handler(BaseHTTPRequestHandler):
    listener: Listener
    protocol_version = "HTTP/1.1"
    server_version = "tertib"
    sys_version = ""

    def do_POST(self) -> None:
        self.close_connection = True  # one event a connection: what is left of a body that lies must not be read as one
        parts = [unquote(part) for part in urlsplit(self.path).path.split("/") if part]
        door = self._door(parts)
        if door is None:
            self._answer(401, {"why": "no such entrance, or not with this secret"})
            return
        if not self.listener.places.acquire(blocking=False):
            self._answer(503, {"why": "too many at once"}, {"Retry-After": "2"})
            return
        try:
            self._take(door, parts[0])
        except EventRefused as error:
            self.listener.refused(door.camera_id, error)
            status = {"too_large": 413, "not_a_reading": 200}.get(error.damage, 400)
            self._answer(status, {"accepted": False, "damage": error.damage, "why": str(error)})
        except (SpoolError, OSError) as error:
            self._answer(503, {"accepted": False, "why": str(error)}, {"Retry-After": "30"})
        finally:
            self.listener.places.release()

    def _take(self, door: Door, kind: str) -> None:
        body = self._body()
        media_type = self.headers.get("Content-Type", "")
        if kind == "handheld":
            taken = self._photograph(door, body, media_type)
        else:
            taken = self.listener.take(door.camera_id, read_event(body, media_type, zone=door.zone))
        self._answer(200, {"accepted": True, "package_id": taken.package_id, "why": taken.why})

    def _photograph(self, door: Door, body: bytes, media_type: str) -> Taken:
        parts, unclosed = parts_of(body, media_type)
        if unclosed:
            raise EventRefused("cut_off", "the form is cut off: send the photograph again")
        pictures = tuple(Picture(part.name, part.data) for part in parts if part.data.startswith(b"\xff\xd8\xff"))
        fields = {
            part.name: part.data.decode("utf-8", "replace")[:200].strip() for part in parts if not part.media_type
        }
        if not pictures:
            raise EventRefused("no_picture", "the form holds no photograph (JPEG)")
        return self.listener.take_photograph(door.camera_id, pictures[:MOST_PICTURES], fields)

    def _door(self, parts: list[str]) -> Door | None:
        if len(parts) not in {2, 3} or parts[0] not in {"events", "handheld"}:
            return None
        door = self.listener.doors.get(parts[1])
        given = parts[2] if len(parts) == 3 else _credential(self.headers.get("Authorization", ""))
        wanted = door.secret if door else "no camera has this secret"
        same = hmac.compare_digest(given.encode(), wanted.encode())
        return door if same else None

    def _body(self) -> bytes:
        """What came, up to the bound; a length that lies is no fault as long as something came."""
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "").lower()
        told = self.headers.get("Content-Length", "")
        if not chunked and not told.isdigit():
            raise EventRefused("no_length", "the request tells no length")
        if not chunked and int(told) > MAX_BODY_BYTES:
            raise EventRefused("too_large", f"the body has {told} bytes, at most {MAX_BODY_BYTES} are read")
        return self._chunks() if chunked else self._until(int(told))

    def _until(self, length: int) -> bytes:
        body, until_s = bytearray(), time.monotonic() + BODY_S
        while len(body) < length and time.monotonic() < until_s:
            try:
                piece = self.rfile.read1(min(_PIECE, length - len(body)))
            except TimeoutError:
                break
            if not piece:
                break
            body += piece
        return bytes(body)

    def _chunks(self) -> bytes:
        body = bytearray()
        until_s = time.monotonic() + BODY_S
        while time.monotonic() < until_s:
            try:
                size = int(self.rfile.readline(100).partition(b";")[0].strip() or b"0", 16)
            except (ValueError, TimeoutError):
                raise EventRefused("cut_off", "the body comes in chunks, one of which tells no length") from None
            if size == 0:
                break
            if len(body) + size > MAX_BODY_BYTES:
                raise EventRefused("too_large", f"the body has more than {MAX_BODY_BYTES} bytes")
            body += self._until(size)
            self.rfile.readline(10)
        return bytes(body)

    def _answer(self, status: int, told: dict[str, Any], more: Mapping[str, str] | None = None) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **(more or {}),
        }.items():
            self.send_header(name, value)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="tertib", Bearer')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Addresses hold secrets: they are not logged."""


def _credential(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace").partition(":")[2]
    except (binascii.Error, ValueError):
        return ""
