"""A bad line between a box and an office: waits, loses connections, is cut. (Kernels without netem have no other.)"""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class BadLine:
    """A TCP proxy.

    Args:
        target: Address of the office.
        delay_s: Added to every piece, each way.
        loss: Share of pieces at which the connection breaks.
        seed: Of the losses.
    """

    def __init__(self, target: str, *, delay_s: float = 0.0, loss: float = 0.0, seed: int = 1) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), int(parts.port or 80))
        self.delay_s, self.loss, self.cut = delay_s, loss, False
        self.broken = 0
        self._random = random.Random(seed)  # noqa: S311 - breaks lines, protects nothing
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                near, _ = self._listener.accept()
                if self.cut:
                    near.close()
                    continue
                far = socket.create_connection(self._target)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(16_384):
                time.sleep(self.delay_s)
                if self.cut or self._random.random() < self.loss:
                    self.broken += 1
                    break
                other.sendall(data)
        for each in (one, other):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line(target: str, **how: float) -> Iterator[BadLine]:
    line = BadLine(target, **how)  # type: ignore[arg-type]
    try:
        yield line
    finally:
        line.close()
