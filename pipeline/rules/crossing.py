"""Passing a line: for counting, and as a part of offences."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.perception.track import Sighting, Track
from pipeline.rules.instant import POINTS_A_SIDE, Reach, fitted_zero
from pipeline.scene import CountLine
from pipeline.scene.geometry import Point, along, side
from pipeline.scene.homography import Homography

MARGIN_SIZES = 0.08
"""A vehicle has changed sides when it is so far beyond the line, in its own size.

A box that trembles on the line counts once at most.
"""
MIN_MARGIN_PX = 2.0
OVERHANG = 0.02
"""How far beyond the ends of a line a passage still counts, as a share of its length."""
TOLD_AFTER_S = 0.6
"""A passage is told so long after it at the latest, also of a vehicle that is seen no more."""


@dataclass(frozen=True)
class Crossing:
    """A vehicle passed a count line.

    Attributes:
        line: Id of the line.
        toward: Name of the direction, from the scene.
        track_id: Who.
        vehicle_class: What.
        at_s: The instant, fitted through the pictures round it.
        frame: The first picture beyond the line.
    """

    line: str
    toward: str
    track_id: int
    vehicle_class: str
    at_s: float
    frame: int


@dataclass(frozen=True)
class _Change:
    """Sides changed between two sightings that were certain, each with its distance from the line in pixels."""

    before: Sighting
    after: Sighting
    before_px: float
    after_px: float


class _Sides:
    """On which side of a line a vehicle is, as far as that is certain."""

    def __init__(self, line: CountLine) -> None:
        self._line = line
        self._certain: tuple[Sighting, float] | None = None

    def step(self, sighting: Sighting) -> _Change | None:
        """Take in a sighting; a change of sides, when it shows one on the line itself."""
        distance = side(sighting.ground, *self._line.line)
        if abs(distance) < max(MIN_MARGIN_PX, MARGIN_SIZES * sighting.size_px):
            return None
        before, self._certain = self._certain, (sighting, distance)
        if before is None or (before[1] > 0) == (distance > 0):
            return None
        share = before[1] / (before[1] - distance)
        if over_line(before[0].ground, sighting.ground, share, self._line.line) is None:
            return None
        return _Change(before[0], sighting, before[1], distance)


def crossings(track: Track, line: CountLine, ground: Homography | None = None) -> list[Crossing]:
    """All passages of a track over a line, in order of time.

    The side is taken as changed only beyond a margin; the instant is fitted to the sightings round the last change of
    sides between the two that were certain.
    """
    sides = _Sides(line)
    return [_told(track, line, change, ground) for s in track.sightings if (change := sides.step(s)) is not None]


@dataclass
class _Followed:
    track: Track
    sides: _Sides
    waiting: list[_Change] = field(default_factory=list)


class LineCounter:
    """Counts passages picture by picture, and tells each once some pictures beyond the line are there to fit.

    Args:
        lines: The scene's count lines.
        ground: Metres on the road, where they are known.
    """

    def __init__(self, lines: Sequence[CountLine], ground: Homography | None = None) -> None:
        self._ground = ground
        self._lines = {line.id: line for line in lines}
        self._followed: dict[tuple[str, int], _Followed] = {}

    def look(self, tracks: Iterable[Track], at_s: float) -> list[Crossing]:
        """Take in the tracks that are seen in a picture, each with its history.

        Args:
            tracks: Each has been shown since its first sighting.
            at_s: Capture time of the picture.

        Returns:
            Passages to be told now.
        """
        for line in self._lines.values():
            for track in tracks:
                followed = self._followed.get((line.id, track.id))
                if followed is None:
                    followed = self._followed[line.id, track.id] = _Followed(track, _Sides(line))
                followed.track = track
                change = followed.sides.step(track.last)
                if change is not None:
                    followed.waiting.append(change)
        return self._ripe(at_s)

    def rest(self) -> list[Crossing]:
        """All that still waits: the source has ended."""
        return self._ripe(float("inf"))

    def forget_all_but(self, tracks: set[int]) -> None:
        """Forget tracks that are over and have nothing left to tell."""
        self._followed = {key: f for key, f in self._followed.items() if f.waiting or key[1] in tracks}

    def _ripe(self, at_s: float) -> list[Crossing]:
        found: list[Crossing] = []
        for (name, _), followed in self._followed.items():
            while followed.waiting and _is_ripe(followed.track, followed.waiting[0], at_s):
                found.append(_told(followed.track, self._lines[name], followed.waiting.pop(0), self._ground))
        return found


def _is_ripe(track: Track, change: _Change, at_s: float) -> bool:
    if at_s - change.after.at_s >= TOLD_AFTER_S:
        return True
    least = track.sightings[-POINTS_A_SIDE:]
    return len(least) == POINTS_A_SIDE and least[0].at_s >= change.after.at_s


def _told(track: Track, line: CountLine, change: _Change, ground: Homography | None) -> Crossing:
    """The passage, with its instant by all sightings that the track has by now."""
    sign = 1.0 if change.after_px > 0 else -1.0
    sightings = track.sightings
    first = bisect_left(sightings, change.before.at_s, key=lambda s: s.at_s)
    last = bisect_left(sightings, change.after.at_s, key=lambda s: s.at_s)
    low = max(0, first - POINTS_A_SIDE)
    near = sightings[low : last + POINTS_A_SIDE]
    reach = [side(s.ground, *line.line) * sign for s in near]
    # Of one that stood on the line for minutes the last sure picture before it may be thinned out: then between both.
    index = next((n for n in range(last - low, first - low, -1) if reach[n - 1] < 0 <= reach[n]), None)
    one, other = (change.before, change.after) if index is None else (near[index - 1], near[index])
    zero, end = (abs(change.before_px), abs(change.after_px)) if index is None else (-reach[index - 1], reach[index])
    at_s = one.at_s + zero / (zero + end) * (other.at_s - one.at_s)
    if index is not None:
        at_s, _ = fitted_zero(Reach.of(near, line.line, sign, ground), index, at_s)
    frame = next((s.frame for s in near if s.at_s >= at_s), near[-1].frame)
    toward = line.right if sign > 0 else line.left
    return Crossing(line.id, toward, track.id, track.vehicle_class, at_s, frame)


def over_line(before: Point, after: Point, share: float, line: tuple[Point, Point]) -> float | None:
    """Where on the line (0 at its start, 1 at its end) a way passes, or None when it passes beside it.

    Args:
        before: Last point on one side.
        after: First point on the other.
        share: Which part of the way lies before the line (0..1).
        line: The line's ends.
    """
    meeting = (before[0] + share * (after[0] - before[0]), before[1] + share * (after[1] - before[1]))
    place = along(meeting, *line)
    return place if -OVERHANG <= place <= 1 + OVERHANG else None
