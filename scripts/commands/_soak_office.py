"""A small receiving office for drills: verifies, keeps book of what came, and is busy or mute when told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final, Literal

from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify

OfficeFault = Literal["none", "busy", "lost_answer"]
RETRY_AFTER_S: Final = 5
MOST_BYTES: Final = 200_000_000


class Receiver:
    """Stores nothing but what identifies a package, so that its own memory stays as it is.

    Args:
        keys: The keys that are trusted; asked anew for each package, since a box makes its keys when it starts.

    Attributes:
        fault: `busy` answers 503; `lost_answer` takes the package and breaks the connection before it answers.
        places: The package that stands at each place (camera, number in its chain).
        again: Packages that came again, and were known by their ids.
        doubled: Other packages for a place that was taken: must be empty.
        unverified: Why packages were refused: must be empty.
    """

    def __init__(self, keys: Callable[[], PublicKeyRing]) -> None:
        self.fault: OfficeFault = "none"
        self.places: dict[tuple[str, int], str] = {}
        self.again = 0
        self.doubled: list[tuple[str, int]] = []
        self.busy_answers = 0
        self.unverified: list[str] = []
        self._keys = keys
        self._digests: dict[str, str] = {}
        self._guard = threading.Lock()
        self._server = _server(self)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="soak-office", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, digest_told: str, data: bytes) -> tuple[int, dict[str, object]]:
        """Status and answer for a package, as `POST /v1/packages` promises them."""
        digest = hashlib.sha256(data).digest()
        if digest_told != f"sha-256=:{base64.b64encode(digest).decode()}:":
            return 400, {"detail": "damaged on the way"}
        try:
            manifest = verify(data, self._keys(), now=datetime.now(UTC)).manifest
        except EvidenceError as error:
            with self._guard:
                self.unverified.append(str(error))
            return 422, {"step": error.step, "why": error.why}
        with self._guard:
            is_known = manifest.package_id in self._digests
            known = self._digests.setdefault(manifest.package_id, digest.hex())
            if known != digest.hex():
                return 409, {"detail": "other bytes under this id"}
            place = (manifest.camera.camera_id, manifest.chain.sequence)
            holder = self.places.setdefault(place, manifest.package_id)
            if holder != manifest.package_id:
                self.doubled.append(place)
            elif is_known:
                self.again += 1
        return (200 if is_known else 201), {"package_id": manifest.package_id}


def _server(receiver: Receiver) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            if not 0 < length <= MOST_BYTES:
                self.close_connection = True
                return
            data = self.rfile.read(length)
            if receiver.fault == "busy":
                receiver.busy_answers += 1
                self._answer(503, {"detail": "busy"}, {"Retry-After": str(RETRY_AFTER_S)})
                return
            status, told = receiver.take(self.headers.get("Content-Digest", ""), data)
            if receiver.fault == "lost_answer" and status == 201:
                self.close_connection = True
                return
            self._answer(status, told, {})

        def _answer(self, status: int, told: dict[str, object], more: dict[str, str]) -> None:
            body = json.dumps(told).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A connection that the other side breaks off is no news here."""

    return Server(("127.0.0.1", 0), Handler)
