"""From a stream's own time to UTC, and how far that can be believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from pipeline.ingest.frame import CaptureClock

RTCP_UNCERTAINTY_MS: Final = 20.0
ARRIVAL_UNCERTAINTY_MS: Final = 500.0
AGREE_S: Final = 2.0
"""Two clocks that differ by more are told apart; the box's own counts then, since NTP watches over it."""
SETTLED_S: Final = 5.0
"""Opening a stream holds its first pictures back for some seconds; until the smallest delay is known, so long."""
PROBING_S: Final = 10.0
STEP_S: Final = 1.0
"""The box's clock was set when wall time and steady time part by more within a session."""


class StreamClock:
    """Turns media time of one session into UTC.

    By the camera's sender reports where there are any and they agree with the box, else by the smallest delay of
    arrival that was seen so far. Cameras an hour off are common, so reports that contradict the box are not followed.

    Args:
        container: The open stream; its `start_time_realtime` is read anew each time, since reports may come late.
        now: The box's clock, seconds since 1970 UTC.
        steady: A clock that only goes forwards, in seconds.
    """

    def __init__(
        self, container: object, now: Callable[[], float], steady: Callable[[], float] = time.monotonic
    ) -> None:
        self._container = container
        self._now = now
        self._steady = steady
        self._wall_minus_steady_s = now() - steady()
        self._arrival_s: float | None = None
        self._last_s = float("-inf")
        self._first_s: float | None = None
        self.quality = CaptureClock("arrival", ARRIVAL_UNCERTAINTY_MS)

    def at_s(self, media_s: float) -> float:
        """Capture time of a picture that has just arrived, seconds since 1970 UTC; never goes back."""
        arrived = self._now() - media_s
        self._arrival_s = arrived if self._arrival_s is None else min(self._arrival_s, arrived)
        offset_s = self._arrival_s
        self._first_s = media_s if self._first_s is None else self._first_s
        # A delay makes the camera seem behind, never ahead.
        behind_s = AGREE_S if media_s - self._first_s > SETTLED_S else AGREE_S + PROBING_S
        uncertainty_ms = ARRIVAL_UNCERTAINTY_MS + 1000 * (behind_s - AGREE_S)
        reported_us = getattr(self._container, "start_time_realtime", None)
        if reported_us and reported_us > 0:
            apart_s = reported_us / 1e6 - self._arrival_s
            if -behind_s <= apart_s <= AGREE_S:
                offset_s = reported_us / 1e6
                self.quality = CaptureClock("rtcp", RTCP_UNCERTAINTY_MS, apart_s)
            else:
                self.quality = CaptureClock("arrival", uncertainty_ms, apart_s)
        else:
            self.quality = CaptureClock("arrival", uncertainty_ms)
        # A better offset must not turn time back within a session.
        self._last_s = max(offset_s + media_s, self._last_s + 1e-4)
        return self._last_s

    def stepped_s(self) -> float:
        """By how much the box's clock was set since the session began, in seconds; 0 when it runs as it should."""
        step_s = self._now() - self._steady() - self._wall_minus_steady_s
        return step_s if abs(step_s) > STEP_S else 0.0
