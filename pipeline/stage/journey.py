"""Where a road user is at any instant: polynomials in time, so that truth owes nothing to pictures."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.interpolate import PchipInterpolator, PPoly
from scipy.optimize import brentq

from pipeline.stage.route import Route
from pipeline.stage.specification import Actor, Specification

STANDING_M_S = 0.03
"""Below this a vehicle keeps its heading instead of following its velocity."""
BRACKET_S = 0.01
"""Passages are looked for between instants so far apart, then found to the nanosecond."""


@dataclass(frozen=True)
class Pose:
    """A place on the ground and where the front looks.

    Attributes:
        east_m: Of the middle.
        north_m: Of the middle.
        heading: Radians, 0 looks east, pi/2 north.
    """

    east_m: float
    north_m: float
    heading: float

    def ahead(self, distance_m: float) -> tuple[float, float]:
        """The point so far in front of the middle (negative: behind), as east and north."""
        return (
            self.east_m + distance_m * math.cos(self.heading),
            self.north_m + distance_m * math.sin(self.heading),
        )


class _Curve:
    """A piecewise polynomial of time that is read at single instants, with its slope.

    Plain numbers, not arrays: truth asks for hundreds of thousands of single instants.
    """

    def __init__(self, pieces: PPoly) -> None:
        self.knots = [float(knot) for knot in pieces.x]
        self._pieces = [tuple(float(part) for part in column) for column in pieces.c.T]

    def at(self, at_s: float) -> tuple[float, float]:
        """Value and slope."""
        number = min(max(bisect_right(self.knots, at_s) - 1, 0), len(self._pieces) - 1)
        passed_s = at_s - self.knots[number]
        value = slope = 0.0
        for part in self._pieces[number]:
            slope = slope * passed_s + value
            value = value * passed_s + part
        return value, slope


class Journey(Protocol):
    """The way of one actor."""

    def pose(self, at_s: float) -> Pose:
        """Place and heading at an instant; who has arrived stays where the way ends."""
        ...

    def velocity_m_s(self, at_s: float) -> tuple[float, float]:
        """East and north, metres a second."""
        ...

    def speed_kmh(self, at_s: float) -> float:
        """Of the middle, km/h."""
        ...


class Glide:
    """A way given by place over time.

    Args:
        east: Metres over seconds.
        north: Metres over seconds.
        heading: Radians, where it never changes; None where it follows the way.
    """

    def __init__(self, east: PPoly, north: PPoly, heading: float | None) -> None:
        self._east, self._north = _Curve(east), _Curve(north)
        self._ends = self._east.knots[0], self._east.knots[-1]
        self._heading = heading
        self._known: list[tuple[float, float]] = []
        if heading is None:
            for at_s in np.arange(*self._ends, 0.02):
                vx, vy = self.velocity_m_s(float(at_s))
                if math.hypot(vx, vy) > STANDING_M_S:
                    self._known.append((float(at_s), math.atan2(vy, vx)))

    def pose(self, at_s: float) -> Pose:
        """Place and heading at an instant; who has arrived stays where the way ends."""
        inner = min(max(at_s, self._ends[0]), self._ends[1])
        return Pose(self._east.at(inner)[0], self._north.at(inner)[0], self._heading_at(inner))

    def velocity_m_s(self, at_s: float) -> tuple[float, float]:
        """East and north, metres a second."""
        if not self._ends[0] <= at_s <= self._ends[1]:
            return 0.0, 0.0
        return self._east.at(at_s)[1], self._north.at(at_s)[1]

    def speed_kmh(self, at_s: float) -> float:
        """Of the middle, km/h."""
        return 3.6 * math.hypot(*self.velocity_m_s(at_s))

    def _heading_at(self, at_s: float) -> float:
        if self._heading is not None:
            return self._heading
        vx, vy = self.velocity_m_s(at_s)
        if math.hypot(vx, vy) > STANDING_M_S:
            return math.atan2(vy, vx)
        before = [heading for since_s, heading in self._known if since_s <= at_s]
        if before:
            return before[-1]
        return self._known[0][1] if self._known else math.pi / 2


class Tour:
    """A way along a route.

    Args:
        route: Where.
        travelled: Metres along it over seconds, 0 at 0 seconds.
    """

    def __init__(self, route: Route, travelled: PPoly) -> None:
        self._route, self._travelled = route, _Curve(travelled)
        self._ends = self._travelled.knots[0], self._travelled.knots[-1]

    def pose(self, at_s: float) -> Pose:
        """Place and heading at an instant; who has arrived stays where the way ends."""
        along_m, _ = self._travelled.at(min(max(at_s, self._ends[0]), self._ends[1]))
        return Pose(*self._route.at(along_m))

    def velocity_m_s(self, at_s: float) -> tuple[float, float]:
        """East and north, metres a second."""
        if not self._ends[0] <= at_s <= self._ends[1]:
            return 0.0, 0.0
        speed, heading = self._travelled.at(at_s)[1], self.pose(at_s).heading
        return speed * math.cos(heading), speed * math.sin(heading)

    def speed_kmh(self, at_s: float) -> float:
        """Of the middle, km/h."""
        return 3.6 * abs(self._travelled.at(at_s)[1]) if self._ends[0] <= at_s <= self._ends[1] else 0.0


def journey_of(actor: Actor, specification: Specification) -> Journey:
    """The way that an actor's `drive`, `way` or `points` describe, over the whole clip and a second around it."""
    ends = (-1.0, specification.duration_s + 1.0)
    if actor.points is not None:
        times = [point[0] for point in actor.points]
        east = PchipInterpolator(times, [point[1] for point in actor.points])
        north = PchipInterpolator(times, [point[2] for point in actor.points])
        return Glide(east, north, None)
    if actor.way is not None:
        travelled = _travelled(actor.way.profile_kmh, ends)
        travelled.c[-1] -= float(travelled(0.0))
        return Tour(Route(actor.way.corners, actor.way.radius_m), travelled)
    drive = actor.drive
    if drive is None:
        raise ValueError(f"actor `{actor.id}` needs either `drive`, `way` or `points`")
    lane = specification.lane(drive.lane)
    sign = (-1.0 if lane.direction == "toward" else 1.0) * (-1.0 if drive.against else 1.0)
    travelled = _travelled(drive.profile_kmh, ends)
    start = float(travelled(0.0))
    north = PPoly(sign * travelled.c, travelled.x)
    north.c[-1] += drive.start_m - sign * start
    east = PPoly(np.full((1, len(travelled.x) - 1), lane.centre_m + drive.offset_m), travelled.x)
    heading = sign * math.pi / 2
    return Glide(east, north, -heading if drive.reverse else heading)


def _travelled(profile_kmh: tuple[tuple[float, float], ...], ends: tuple[float, float]) -> PPoly:
    """Metres over seconds: the integral of a speed that is straight between the given instants."""
    inner = [(at_s, kmh / 3.6) for at_s, kmh in profile_kmh if ends[0] < at_s < ends[1]]
    times = [at_s for at_s, _ in profile_kmh]
    speeds = [kmh / 3.6 for _, kmh in profile_kmh]
    first, last = (float(np.interp(end, times, speeds)) for end in ends)
    knots = [(ends[0], first), *inner, (ends[1], last)]
    x = np.array([at_s for at_s, _ in knots])
    v = np.array([speed for _, speed in knots])
    speed = PPoly(np.vstack([np.diff(v) / np.diff(x), v[:-1]]), x)
    return speed.antiderivative()


def zeros(value: Callable[[float], float], start_s: float, end_s: float, *, step_s: float = BRACKET_S) -> list[float]:
    """Instants at which a smooth value changes its sign, to the nanosecond; none nearer to each other than `step_s`."""
    count = max(2, math.ceil((end_s - start_s) / step_s) + 1)
    times = np.linspace(start_s, end_s, count)
    values = [value(float(at_s)) for at_s in times]
    found: list[float] = []
    for index in range(count - 1):
        one, other = values[index], values[index + 1]
        if (one < 0 <= other) or (one >= 0 > other):
            found.append(float(brentq(value, float(times[index]), float(times[index + 1]), xtol=1e-10)))
    return found


def intervals(holds: Callable[[float], float], start_s: float, end_s: float) -> list[tuple[float, float]]:
    """Stretches of time in which a smooth value is not negative."""
    edges = [start_s, *zeros(holds, start_s, end_s), end_s]
    return [(a, b) for a, b in itertools.pairwise(edges) if b > a and holds((a + b) / 2) >= 0]
