"""Stopping in good order when the terminal or the service manager says so."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signal(stop: threading.Event) -> Iterator[None]:
    """Let SIGINT and SIGTERM set `stop`, so that what is found is sealed and nothing is cut off."""

    def handle(*_: object) -> None:
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[int, Callable[..., object] | int | None] = {
        number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
