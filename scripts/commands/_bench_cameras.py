"""Cameras that send as fast as they are answered, from a process of their own: `python -m ... < ORDER.json`.

They cost little, since they share the machine with the office that is measured: one connection each, a clip that all
packages share, nothing hashed or signed while the clock runs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

from scripts.commands._drill_office import Camera, camera_key, token_of

_LENGTH: Final = re.compile(rb"content-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Parcel:
    """A package, ready to be sent: what comes before the shared clip (headers too), and what comes after."""

    head: bytes
    tail: bytes


@dataclass
class Sent:
    """What the cameras saw.

    Attributes:
        times_ms: of each package that was taken, from the first byte sent to the last byte of the answer.
        refused: answers that were not 201.
    """

    times_ms: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)


def parcel(camera: Camera, clip: bytes) -> Parcel:
    """The camera's next package as a request."""
    package = camera.package(str(uuid4()), 0, clip)
    digest = base64.b64encode(hashlib.sha256(package.data).digest()).decode()
    head = (
        "POST /v1/packages HTTP/1.1\r\nhost: office\r\ncontent-type: application/vnd.tertib.package\r\n"
        f"content-length: {len(package.data)}\r\ncontent-digest: sha-256=:{digest}:\r\n"
        f"authorization: Bearer {token_of(camera.camera_id)}\r\nidempotency-key: {package.package_id}\r\n\r\n"
    )
    start = package.data.index(clip)
    return Parcel(head.encode() + package.data[:start], package.data[start + len(clip) :])


def send(port: int, parcels: list[Parcel], clip: bytes, until: float, sent: Sent) -> None:
    """Send one after the other over one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in parcels:
            if time.monotonic() > until:
                return
            began = time.perf_counter()
            line.sendall(one.head)
            line.sendall(clip)
            line.sendall(one.tail)
            status = _answer(line)
            if status == 201:
                sent.times_ms.append(1000 * (time.perf_counter() - began))
            else:
                sent.refused.append(status)


def _answer(line: socket.socket) -> int:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = line.recv(65536)
        if not piece:
            return 0
        got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    while length and len(body) < int(length[1]):
        body += line.recv(65536)
    return int(head.split(b" ", 2)[1])


def main() -> None:
    """Make the packages, say so, wait for a line, send, and tell what was seen."""
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    clip = os.urandom(order["clip_bytes"])
    cameras = [Camera(name, camera_key(name)) for name in order["cameras"]]
    made = [[parcel(camera, clip) for _ in range(order["packages"])] for camera in cameras]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sent = Sent()
    before = time.process_time()
    began = time.monotonic()
    until = began + order["seconds"]
    threads = [threading.Thread(target=send, args=(order["port"], one, clip, until, sent)) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    told = {"times_ms": sent.times_ms, "refused": sent.refused, "wall_s": wall, "cpu_s": time.process_time() - before}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
