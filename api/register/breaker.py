"""A circuit breaker: what has failed again and again is left alone for a while, so that nobody waits for it in vain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

FAILURES: Final = 5
REST_S: Final = 30.0


class CircuitBreaker:
    """Counts failures in a row; open (refusing) for a rest after too many, then lets one try through.

    Args:
        monotonic: seconds that only grow.
        failures: in a row, until it opens.
        rest_s: how long it stays open, s.
    """

    def __init__(self, monotonic: Callable[[], float], *, failures: int = FAILURES, rest_s: float = REST_S) -> None:
        self._monotonic = monotonic
        self._limit = failures
        self._rest_s = rest_s
        self._failed = 0
        self._open_until: float | None = None
        self._trying = False
        self._lock = threading.Lock()

    def lets_through(self) -> bool:
        """Whether to try now; after the rest only one caller does, and the others wait for what it finds."""
        with self._lock:
            if self._open_until is None:
                return True
            if self._monotonic() < self._open_until or self._trying:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        """It answered."""
        with self._lock:
            self._failed, self._open_until, self._trying = 0, None, False

    def failed(self) -> None:
        """It did not."""
        with self._lock:
            self._failed += 1
            self._trying = False
            if self._failed >= self._limit:
                self._open_until = self._monotonic() + self._rest_s
