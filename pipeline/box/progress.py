"""Notices a camera whose stream lives while nobody looks at its pictures any more."""

from __future__ import annotations

from typing import Final, Protocol

from pipeline.ingest.stream_health import StreamHealth

STUCK_AFTER_S: Final = 60.0


class Looked(Protocol):
    """What is used of `pipeline.camera.CameraStats`."""

    frames: int


class Progress:
    """Looks now and then at a camera's counters.

    Args:
        stats: Grows with every picture that the camera takes.
        health: What its stream says.
        stuck_after_s: So long packets may come without one of them being looked at or rested on.
    """

    def __init__(self, stats: Looked, health: StreamHealth, stuck_after_s: float = STUCK_AFTER_S) -> None:
        self._stats, self._health, self._patience_s = stats, health, stuck_after_s
        self._seen = (-1, -1)
        self._packets = 0
        self._since_s = float("-inf")

    def is_stuck(self, now_s: float) -> bool:
        """Whether packets came for long, and nothing was done with them.

        Args:
            now_s: Steady time, in seconds.
        """
        seen = (self._stats.frames, self._health.resting)
        if seen != self._seen or self._health.state != "live" or self._since_s == float("-inf"):
            self._seen, self._packets, self._since_s = seen, self._health.packets, now_s
            return False
        return self._health.packets > self._packets and now_s - self._since_s > self._patience_s
