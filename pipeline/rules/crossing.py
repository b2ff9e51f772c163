"""Passing a line: for counting, and as a part of offences."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.perception.track import Track
from pipeline.scene import CountLine
from pipeline.scene.geometry import Point, along, side

MARGIN_SIZES = 0.08
"""A vehicle has changed sides when it is so far beyond the line, in its own size.

A box that trembles on the line counts once at most.
"""
MIN_MARGIN_PX = 2.0
OVERHANG = 0.02
"""How far beyond the ends of a line a passage still counts, as a share of its length."""


@dataclass(frozen=True)
class Crossing:
    """A vehicle passed a count line.

    Attributes:
        line: Id of the line.
        toward: Name of the direction, from the scene.
        track_id: Who.
        vehicle_class: What.
        at_s: The instant, between the two pictures on both sides.
        frame: The first picture beyond the line.
    """

    line: str
    toward: str
    track_id: int
    vehicle_class: str
    at_s: float
    frame: int


def crossings(track: Track, line: CountLine) -> list[Crossing]:
    """All passages of a track over a line, in order of time.

    The side is taken as changed only beyond a margin, and the passage is where the way between the two last certain
    sides meets the line.
    """
    start, end = line.line
    found: list[Crossing] = []
    certain: tuple[Point, float, float] | None = None
    for sighting in track.sightings:
        distance = side(sighting.ground, start, end)
        if abs(distance) < max(MIN_MARGIN_PX, MARGIN_SIZES * sighting.size_px):
            continue
        if certain and (certain[2] > 0) != (distance > 0):
            share = certain[2] / (certain[2] - distance)
            if over_line(certain[0], sighting.ground, share, line.line) is not None:
                toward = line.right if distance > 0 else line.left
                at_s = certain[1] + share * (sighting.at_s - certain[1])
                frame = next(s.frame for s in track.sightings if s.at_s >= at_s)
                found.append(Crossing(line.id, toward, track.id, track.vehicle_class, at_s, frame))
        certain = (sighting.ground, sighting.at_s, distance)
    return found


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
