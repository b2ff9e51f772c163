"""Plane geometry of a picture: points in pixels, x to the right, y downwards."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

Point = tuple[float, float]
EDGE_PX = 1.5


def inside(point: Point, polygon: Sequence[Point]) -> bool:
    """Whether `point` lies in `polygon`, its edge included.

    Args:
        point: x, y in pixels.
        polygon: At least three corners in order, in pixels; need not be closed.

    Returns:
        True inside or on the edge, with a pixel and a half of tolerance: a box that ends at the picture's edge may end
        just beyond a lane that was drawn up to it.
    """
    x, y = point
    within = False
    ax, ay = polygon[-1]
    for bx, by in polygon:
        # Most edges are far from the point, and their distance need not be known.
        close = (
            min(ax, bx) - EDGE_PX <= x <= max(ax, bx) + EDGE_PX and min(ay, by) - EDGE_PX <= y <= max(ay, by) + EDGE_PX
        )
        if close and distance_to_segment(point, (ax, ay), (bx, by)) <= EDGE_PX:
            return True
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            within = not within
        ax, ay = bx, by
    return within


@lru_cache(maxsize=128)
def within(polygon: tuple[Point, ...]) -> Callable[[Point], bool]:
    """`inside` of one polygon, which remembers its answers: rules ask for the same points picture after picture.

    Args:
        polygon: At least three corners in order, in pixels.
    """
    return lru_cache(maxsize=4096)(partial(inside, polygon=polygon))


def side(point: Point, start: Point, end: Point) -> float:
    """Signed distance in pixels of `point` from the endless line `start` -> `end`.

    Returns:
        Positive to the right of somebody who walks from `start` to `end` in the picture (y points down), negative to
        the left.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    return (dx * (point[1] - start[1]) - dy * (point[0] - start[0])) / length


def along(point: Point, start: Point, end: Point) -> float:
    """Where the foot of `point` falls on the line: 0 at `start`, 1 at `end`, beyond them outside of the segment."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    return ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / (dx * dx + dy * dy)


def distance_to_segment(point: Point, start: Point, end: Point) -> float:
    """Distance in pixels from `point` to the segment `start`-`end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    share = (
        0.0 if square == 0 else max(0.0, min(1.0, ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square))
    )
    return math.hypot(point[0] - start[0] - share * dx, point[1] - start[1] - share * dy)


def unit(start: Point, end: Point) -> Point:
    """Direction from `start` to `end`, of length 1."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    return dx / length, dy / length


def crossing_edges(polygon: Sequence[Point]) -> tuple[int, int] | None:
    """The first two edges of `polygon` that cross each other.

    Returns:
        Their numbers, counted from 1 (edge 1 goes from corner 1 to corner 2), or None when the polygon is simple.
    """
    count = len(polygon)
    for first in range(count):
        for second in range(first + 1, count):
            if (first + 1) % count == second or (second + 1) % count == first:
                continue
            if _cross(polygon[first], polygon[(first + 1) % count], polygon[second], polygon[(second + 1) % count]):
                return first + 1, second + 1
    return None


def area(polygon: Sequence[Point]) -> float:
    """Area of a simple polygon in square pixels."""
    total = 0.0
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        total += ax * by - bx * ay
    return abs(total) / 2


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    def turn(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    def between(p: Point, q: Point, r: Point) -> bool:
        return min(p[0], q[0]) <= r[0] <= max(p[0], q[0]) and min(p[1], q[1]) <= r[1] <= max(p[1], q[1])

    one, two, three, four = turn(a, b, c), turn(a, b, d), turn(c, d, a), turn(c, d, b)
    if one * two < 0 and three * four < 0:
        return True
    touching = ((one, a, b, c), (two, a, b, d), (three, c, d, a), (four, c, d, b))
    return any(value == 0 and between(p, q, r) for value, p, q, r in touching)
