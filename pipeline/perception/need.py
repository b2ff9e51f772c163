"""How much looking a scene needs at the moment: a queue that stands, or a light that is green, needs less."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

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
SHORT_WAY: Final = 0.12
"""Of its own size: so far somebody may move between two looks."""
LONGEST_PAUSE_S: Final = 0.4
"""If the look after it fails, the gap still is one that the rules allow."""
KNOWN_FOR_S: Final = 0.4
"""For so long somebody must have been seen for his speed to be known."""
MARGIN: Final = 0.15
"""Of its size, around a box: what moves there, such as its shadow, belongs to it."""
ELSEWHERE_SHARE: Final = 0.001
"""Of the picture: so much that moves outside of all boxes is somebody new."""
RIM_PX: Final = 4
"""Of the small picture, around the areas in which somebody is judged."""
_PATIENT: Final = frozenset({OffenceCode.BUS_LANE, OffenceCode.LANE_CLOSED, OffenceCode.NO_STOPPING})
"""Offences of being somewhere for a while. A line, a light or a speed is judged by instants, and needs every look."""
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


class Pace:
    """Leaves looks out while all who are followed are slow, so that little would be new, and nobody else moves.

    Args:
        scene: Only one whose laws, all of them, are about staying somewhere can be watched so.
    """

    def __init__(self, scene: Scene) -> None:
        codes = set(declared(scene))
        self.applies = bool(codes) and codes <= _PATIENT and not scene.count_lines
        self._size_px = (scene.frame.width_px, scene.frame.height_px)
        self._areas = [*(lane.polygon for lane in scene.lanes), *(zone.polygon for zone in scene.zones)]
        self._judged: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._until_s = float("-inf")
        self._boxes: NDArray[np.float32] = np.zeros((0, 4), np.float32)
        self._seen: set[int] = set()

    def looked(self, tracks: Sequence[Track], boxes: NDArray[np.float32], at_s: float) -> None:
        """Told after every look.

        Args:
            tracks: Those seen in the picture.
            boxes: Everything that was detected in it, float32 [n, 4] in pixels.
            at_s: Its time.
        """
        now = {track.id for track in tracks}
        pause_s = min((_pause_s(track) for track in tracks), default=0.0)
        # Who is missing all of a sudden may be hidden, or was overlooked: the next picture tells.
        self._until_s = at_s + (pause_s if self._seen <= now else 0.0)
        self._boxes, self._seen = boxes, now

    def waits(self, at_s: float, moving: NDArray[np.bool_]) -> bool:
        """Whether this picture need not be looked at.

        Args:
            at_s: Its time.
            moving: Which pixels of the small picture move, [h, w].
        """
        return at_s < self._until_s and float(np.mean(self._elsewhere(moving))) <= ELSEWHERE_SHARE

    def _elsewhere(self, moving: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What moves outside of all boxes where somebody is judged: whose wheels are there is seen there."""
        across, down = moving.shape[1] / self._size_px[0], moving.shape[0] / self._size_px[1]
        if self._judged.shape != moving.shape:
            drawn = np.zeros(moving.shape, np.uint8)
            corners = [np.round(np.array(area) * (across, down)).astype(np.int32) for area in self._areas]
            cv2.fillPoly(drawn, corners, 1)
            self._judged = cv2.dilate(drawn, np.ones((2 * RIM_PX + 1,) * 2, np.uint8)) > 0
        rest = moving & self._judged
        for x1, y1, x2, y2 in self._boxes.tolist():
            dx, dy = MARGIN * (x2 - x1), MARGIN * (y2 - y1)
            left, right = int(max(0.0, x1 - dx) * across), math.ceil((x2 + dx) * across)
            top, bottom = int(max(0.0, y1 - dy) * down), math.ceil((y2 + dy) * down)
            rest[top : bottom + 1, left : right + 1] = False
        return rest


def _pause_s(track: Track) -> float:
    """How long somebody takes for a short way, at the speed of his last half second; none while that is unknown."""
    last = track.last
    before = next((sight for sight in reversed(track.sightings) if last.at_s - sight.at_s >= KNOWN_FOR_S), None)
    if before is None:
        return 0.0
    left, top, right, bottom = (abs(now - then) for now, then in zip(last.box, before.box, strict=True))
    sizes_per_s = max(left + right, top + bottom) / 2 / last.size_px / (last.at_s - before.at_s)
    return min(LONGEST_PAUSE_S, SHORT_WAY / max(sizes_per_s, 1e-6))


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
