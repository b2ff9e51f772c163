"""Straight pieces with rounded corners: place and heading by the metres that were driven."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from dataclasses import dataclass

Corner = tuple[float, float]


@dataclass(frozen=True)
class _Piece:
    """A straight piece, or an arc where `turn` (1 to the left, -1 to the right, 0 straight) says so."""

    start: Corner
    heading: float
    length_m: float
    turn: float
    radius_m: float

    def at(self, along_m: float) -> tuple[float, float, float]:
        """East, north and heading (radians) so many metres after its beginning."""
        if self.turn == 0:
            return (
                self.start[0] + along_m * math.cos(self.heading),
                self.start[1] + along_m * math.sin(self.heading),
                self.heading,
            )
        angle = self.heading + self.turn * along_m / self.radius_m
        east = self.start[0] + self.turn * self.radius_m * (math.sin(angle) - math.sin(self.heading))
        north = self.start[1] - self.turn * self.radius_m * (math.cos(angle) - math.cos(self.heading))
        return east, north, angle


class Route:
    """A way through corners, each rounded by an arc.

    Args:
        corners: East and north, metres; at least two, no two neighbours alike.
        radius_m: Of the arcs; smaller where two corners are too near to each other.
    """

    def __init__(self, corners: tuple[Corner, ...], radius_m: float) -> None:
        self._pieces: list[_Piece] = []
        place, heading = corners[0], _heading(corners[0], corners[1])
        for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
            leaves = _heading(corner, after)
            bend = math.remainder(leaves - _heading(before, corner), 2 * math.pi)
            if abs(bend) < 1e-6:
                continue
            room = 0.5 * min(math.dist(before, corner), math.dist(corner, after))
            cut = min(radius_m * math.tan(abs(bend) / 2), room)
            radius = cut / math.tan(abs(bend) / 2)
            self._straight(place, heading, max(0.0, math.dist(place, corner) - cut))
            start = (corner[0] - cut * math.cos(heading), corner[1] - cut * math.sin(heading))
            self._pieces.append(_Piece(start, heading, radius * abs(bend), math.copysign(1.0, bend), radius))
            place = (corner[0] + cut * math.cos(leaves), corner[1] + cut * math.sin(leaves))
            heading = leaves
        # The last piece goes on for ever.
        self._straight(place, heading, 1e6)
        self._starts = [0.0, *itertools.accumulate(piece.length_m for piece in self._pieces)][:-1]

    def _straight(self, start: Corner, heading: float, length_m: float) -> None:
        if length_m > 1e-9:
            self._pieces.append(_Piece(start, heading, length_m, 0.0, 0.0))

    def at(self, along_m: float) -> tuple[float, float, float]:
        """East, north and heading (radians, 0 looks east) after so many metres; before 0 straight back."""
        number = max(0, bisect_right(self._starts, along_m) - 1)
        return self._pieces[number].at(along_m - self._starts[number])


def _heading(start: Corner, end: Corner) -> float:
    return math.atan2(end[1] - start[1], end[0] - start[0])
