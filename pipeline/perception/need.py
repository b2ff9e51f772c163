"""How much looking a scene needs at the moment: a queue that stands, or a light that is green, needs less."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from pipeline.evidence.offence import OffenceCode
from pipeline.ingest import Frame
from pipeline.perception.phase import PhaseLog
from pipeline.perception.track import Track
from pipeline.rules import declared
from pipeline.scene import Scene

STILL_SHARE: Final = 0.03
"""Of its own size: who moved by less within a second stands."""
BEFORE_YELLOW_S: Final = 2.0
AFTER_RED_S: Final = 4.0
_SIGNAL_ONLY: Final = frozenset({OffenceCode.RED_LIGHT, OffenceCode.STOP_LINE})


def all_stand(tracks: Sequence[Track], at_s: float) -> bool:
    """Whether there are road users, and every one has stood for a second."""
    return bool(tracks) and all(_stands(track, at_s) for track in tracks)


def _stands(track: Track, at_s: float) -> bool:
    before = next((sight for sight in reversed(track.sightings) if at_s - sight.at_s >= 1.0), None)
    if before is None:
        return False
    (x, y), (then_x, then_y) = track.last.ground, before.ground
    return bool(abs(x - then_x) + abs(y - then_y) < STILL_SHARE * track.last.size_px)


class PhaseWindow:
    """Holds pictures back while every light is green, and lets the last two seconds go when one no longer is.

    Args:
        scene: Only a scene that enforces nothing but signals, and counts nothing, can be judged in windows.
    """

    def __init__(self, scene: Scene) -> None:
        codes = set(declared(scene))
        self.applies = bool(codes) and codes <= _SIGNAL_ONLY and not scene.count_lines
        self._heads = [head.id for head in scene.signals]
        self._held: deque[Frame] = deque()
        self._until_s = float("inf")

    def admit(self, frame: Frame, phases: PhaseLog, *, busy: bool) -> list[Frame]:
        """The pictures that must be looked at now, in order; none while it is green.

        Args:
            frame: The next picture, whose signals have been read.
            phases: The log of the signals.
            busy: Whether a candidate is open: then nothing is held back.
        """
        if not self.applies:
            return [frame]
        states = [phases.at(head, frame.at_s) for head in self._heads]
        if busy or not all(state is not None and state.state == "green" for state in states):
            self._until_s = frame.at_s + AFTER_RED_S
        if frame.at_s <= self._until_s:
            let_go = [*self._held, frame]
            self._held.clear()
            return let_go
        self._held.append(frame)
        while frame.at_s - self._held[0].at_s > BEFORE_YELLOW_S:
            self._held.popleft()
        return []
