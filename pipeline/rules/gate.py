"""A line that is passed in one direction, and the instant of passing: fitted between pictures, with its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.perception.track import Sighting
from pipeline.rules.crossing import MARGIN_SIZES, MIN_MARGIN_PX, over_line
from pipeline.rules.instant import POINTS_A_SIDE, Reach, fitted_zero
from pipeline.scene import Lane
from pipeline.scene.geometry import Point, side, unit
from pipeline.scene.homography import Homography


@dataclass(frozen=True)
class Gate:
    """A line and the side that one must come from.

    Attributes:
        line: Its two ends, in pixels.
        direction: Of the lane, of length 1, in pixels.
        ground: Metres on the road, where they are known.
    """

    line: tuple[Point, Point]
    direction: Point
    ground: Homography | None = None

    @classmethod
    def of_lane(cls, lane: Lane, ground: Homography | None = None) -> Gate | None:
        """The stop line of a lane, if it has one."""
        if lane.stop_line is None or lane.direction is None:
            return None
        return cls(lane.stop_line, unit(*lane.direction), ground)

    @cached_property
    def sign(self) -> float:
        """By which `side` of the line must be multiplied to be positive beyond it."""
        start, end = self.line
        ahead = side((start[0] + self.direction[0], start[1] + self.direction[1]), start, end)
        return 1.0 if ahead > 0 else -1.0

    def beyond_px(self, point: Point) -> float:
        """Distance from the line: positive beyond it, negative before it."""
        x, y, level = self._normal
        return x * point[0] + y * point[1] + level

    @cached_property
    def _normal(self) -> tuple[float, float, float]:
        """Of the line, of length 1 and pointing beyond it, and its level: asked for a hundred times a picture."""
        start, end = self.line
        level = side((0.0, 0.0), start, end) * self.sign
        return side((1.0, 0.0), start, end) * self.sign - level, side((0.0, 1.0), start, end) * self.sign - level, level


@dataclass(frozen=True)
class Passage:
    """One passing of a gate, in its direction.

    Attributes:
        at_s: The instant, seconds since 1970 UTC.
        sigma_s: Its error, one sigma, in seconds.
        place: Where on the line: 0 at its start, 1 at its end.
        before: The last sighting before the line.
        after: The first beyond it.
        index: Place of `after` among the sightings.
        held: How many sightings without a break were before the line.
        on_line_s: How long the vehicle was too near to the line to say on which side.
    """

    at_s: float
    sigma_s: float
    place: float
    before: Sighting
    after: Sighting
    index: int
    held: int
    on_line_s: float


def last_passage(sightings: Sequence[Sighting], gate: Gate) -> Passage | None:
    """The latest passing of a gate in its direction.

    The sides are certain only beyond a margin, so that a box that trembles on the line passes it once at most; the
    instant is where the last change of sides was, fitted to the sightings round it.

    Args:
        sightings: Of one track, in order of time.
        gate: The line.
    """
    certain_after: int | None = None
    for index in range(len(sightings) - 1, -1, -1):
        sighting = sightings[index]
        beyond = gate.beyond_px(sighting.ground)
        margin = max(MIN_MARGIN_PX, MARGIN_SIZES * sighting.size_px)
        if beyond > margin:
            certain_after = index
        elif beyond < -margin:
            return None if certain_after is None else _passage(sightings, gate, index, certain_after)
    return None


def _passage(sightings: Sequence[Sighting], gate: Gate, first: int, last: int) -> Passage | None:
    """Between a sighting certainly before the line and the next one certainly beyond it."""
    reach = {n: gate.beyond_px(sightings[n].ground) for n in range(first, last + 1)}
    index = next(n for n in range(last, first, -1) if reach[n - 1] < 0)
    before, after = sightings[index - 1], sightings[index]
    share = -reach[index - 1] / (reach[index] - reach[index - 1])
    place = over_line(before.ground, after.ground, share, gate.line)
    if place is None:
        return None
    held = 0
    while held < index and gate.beyond_px(sightings[index - 1 - held].ground) < 0:
        held += 1
    guess_s = before.at_s + share * (after.at_s - before.at_s)
    low = max(0, index - POINTS_A_SIDE)
    near = sightings[low : index + POINTS_A_SIDE]
    at_s, sigma_s = fitted_zero(Reach.of(near, gate.line, gate.sign, gate.ground), index - low, guess_s)
    return Passage(at_s, sigma_s, place, before, after, index, held, sightings[last].at_s - sightings[first].at_s)
