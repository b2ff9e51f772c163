"""An office over a real socket that stores packages as the contract says, and misbehaves when told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipeline.evidence.verify import verify
from tests.pipeline.evidence.builder import NOW, key_ring

RING = key_ring("smg-01", "smg-02", "smg-03")


class Server(ThreadingHTTPServer):
    """A connection that the client breaks off is no news here."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing."""


class Office:
    """What the fake office knows and will do.

    `script` holds what to do with the next requests, one word each: `ok`; `drop before` or `drop after` (close the
    connection before or after
    the package is stored); `silent` (store it, never answer); `portal` (a login page with status 200); or `(status,
    headers, body)`.
    """

    def __init__(self) -> None:
        self.stored: dict[str, str] = {}
        self.order: list[tuple[str, int]] = []
        self.requests: list[dict[str, str]] = []
        self.script: deque[Any] = deque()
        self.released = threading.Event()
        self.url = ""
        self._guard = threading.Lock()

    def store(self, headers: dict[str, str], data: bytes) -> tuple[int, dict[str, Any]]:
        """The office's part: verify, store once, answer."""
        digest = hashlib.sha256(data)
        if headers["Content-Digest"] != f"sha-256=:{base64.b64encode(digest.digest()).decode()}:":
            return 400, {"title": "damaged on the way"}
        package = verify(data, RING, now=NOW)
        package_id = package.manifest.package_id
        with self._guard:
            known = self.stored.setdefault(package_id, digest.hexdigest())
            if known != digest.hexdigest():
                return 409, {"title": "Conflict", "detail": "other bytes under this id"}
            place = (package.manifest.camera.camera_id, package.manifest.chain.sequence)
            status = 200 if place in self.order else 201
            if status == 201:
                self.order.append(place)
        return status, {"package_id": package_id, "case_id": "c", "reference": "JT-0000"}


@contextmanager
def running_office() -> Iterator[Office]:
    """Serve on a free port of this machine."""
    office = Office()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            headers = dict(self.headers.items())
            data = self.rfile.read(int(headers["Content-Length"]))
            office.requests.append({"path": self.path, **headers})
            act = office.script.popleft() if office.script else "ok"
            if act == "drop before":
                self.close_connection = True
            elif act == "drop after":
                office.store(headers, data)
                self.close_connection = True
            elif act == "silent":
                office.store(headers, data)
                office.released.wait(20)
                self.close_connection = True
            elif act == "portal":
                self._answer(200, {"Content-Type": "text/html"}, b"<html>please sign in</html>")
            elif act == "ok":
                status, body = office.store(headers, data)
                self._answer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
            else:
                self._answer(*act)

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    office.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield office
    finally:
        office.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
