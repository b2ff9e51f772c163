"""A small vehicle register over a real socket: answers, dawdles, dies and talks nonsense as told."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

TOKEN = "a token of the register"
RECORD = {
    "plate": "H1234AB",
    "vehicle_class": "car",
    "make": "Toyota",
    "model": "Avanza",
    "colour": "putih",
    "year": 2019,
    "owner_name": "Budi (rekaan)",
    "owner_address": "Jl. Contoh 1",
    "owner_email": "budi@example.org",
    "owner_phone": "+6281234567890",
}


class ReferenceRegister:
    """What the register knows, how it behaves, and what it was asked."""

    def __init__(self) -> None:
        self.vehicles = {"H1234AB": RECORD}
        self.asked: list[tuple[str, str, str]] = []
        self.blocks: dict[str, str] = {}
        self.keys: set[str] = set()
        # The highest number that was heard of a plate: older orders are refused.
        self.sequences: dict[str, int] = {}
        # What happens to the next requests: a status, raw bytes, or seconds to wait.
        self.next: deque[int | bytes | float] = deque()
        self.url = ""

    @contextmanager
    def serving(self) -> Iterator[ReferenceRegister]:
        register = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                register.asked.append((self.command, self.path, self.headers.get("authorization") or ""))
                behave = register.next.popleft() if register.next else None
                if isinstance(behave, float):
                    time.sleep(behave)
                status, body = register.handle(self.command, self.path, self.headers.get("idempotency-key") or "")
                if isinstance(behave, int):
                    status, body = behave, b"{}"
                elif isinstance(behave, bytes):
                    status, body = 200, behave
                try:
                    self.send_response(status)
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - names that http.server looks for

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def handle(self, method: str, path: str, key: str) -> tuple[int, bytes]:
        _, kind, rest = path.split("/", 2)
        plate = rest.partition("?")[0]
        if kind == "vehicles":
            found = self.vehicles.get(plate)
            return (404, b"{}") if found is None else (200, json.dumps(found).encode())
        sequence = int(parse_qs(rest.partition("?")[2]).get("sequence", ["0"])[0])
        if sequence and sequence < self.sequences.get(plate, 0):
            return 409, b"{}"
        self.sequences[plate] = max(sequence, self.sequences.get(plate, 0))
        if method == "PUT":
            self.blocks[plate] = key
        elif self.blocks.pop(plate, None) is None:
            return 404, b"{}"
        self.keys.add(key)
        return 200, b"{}"
