"""From surveyed points to the ground: the homography by least squares, each point's error, and a grid to look at.

Direct linear transformation (Hartley & Zisserman 2004, ch. 4) with normalised points; a few points, so plain Python.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, hypot, sqrt
from typing import Final

Point = tuple[float, float]
Matrix = list[list[float]]
LEAST_POINTS: Final = 4
MOST_GRID_LINES: Final = 60


class PointsUnfitError(ValueError):
    """The points do not make a homography: too few, or three of them in a line too often."""


@dataclass(frozen=True)
class Ground:
    """A fitted homography.

    Attributes:
        errors_m: distance on the ground between each surveyed point and where its pixel leads, metres.
        rms_m: of these.
        grid: lines of the ground every metre or more, in pixels.
        step_m: how far apart they are.
    """

    errors_m: tuple[float, ...]
    rms_m: float
    grid: tuple[tuple[Point, Point], ...]
    step_m: int


def _normaliser(points: Sequence[Point]) -> Matrix:
    n = len(points)
    x, y = sum(p[0] for p in points) / n, sum(p[1] for p in points) / n
    spread = sum(hypot(p[0] - x, p[1] - y) for p in points) / n
    if spread < 1e-9:
        raise PointsUnfitError
    s = sqrt(2) / spread
    return [[s, 0, -s * x], [0, s, -s * y], [0, 0, 1]]


def _at(m: Matrix, p: Point) -> Point:
    u, v, w = (row[0] * p[0] + row[1] * p[1] + row[2] for row in m)
    if abs(w) < 1e-12:
        raise PointsUnfitError
    return u / w, v / w


def _times(a: Matrix, b: Matrix) -> Matrix:
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def _inverse(m: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = m
    det = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    if abs(det) < 1e-15:
        raise PointsUnfitError
    adjugate = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    return [[value / det for value in row] for row in adjugate]


def _solve(a: list[list[float]], b: list[float]) -> list[float]:
    """Gauss with pivots, of a small square system."""
    n = len(b)
    rows = [[*row, value] for row, value in zip(a, b, strict=True)]
    for at in range(n):
        pivot = max(range(at, n), key=lambda r: abs(rows[r][at]))
        if abs(rows[pivot][at]) < 1e-10:
            raise PointsUnfitError
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for other in range(n):
            if other != at:
                factor = rows[other][at] / rows[at][at]
                rows[other] = [x - factor * y for x, y in zip(rows[other], rows[at], strict=True)]
    return [rows[at][n] / rows[at][at] for at in range(n)]


def homography(pixels: Sequence[Point], metres: Sequence[Point]) -> Matrix:
    """The matrix that leads from pixels to metres, h33 of the normalised one being 1.

    Raises:
        PointsUnfitError: fewer than four points, or they lie so that no plane fits.
    """
    if len(pixels) < LEAST_POINTS or len(pixels) != len(metres):
        raise PointsUnfitError
    t, u = _normaliser(pixels), _normaliser(metres)
    rows: list[list[float]] = []
    values: list[float] = []
    for pixel, metre in zip(pixels, metres, strict=True):
        (x, y), (e, n) = _at(t, pixel), _at(u, metre)
        rows += [[x, y, 1, 0, 0, 0, -e * x, -e * y], [0, 0, 0, x, y, 1, -n * x, -n * y]]
        values += [e, n]
    normal = [[sum(row[i] * row[j] for row in rows) for j in range(8)] for i in range(8)]
    right = [sum(row[i] * value for row, value in zip(rows, values, strict=True)) for i in range(8)]
    h = _solve(normal, right)
    return _times(_inverse(u), _times([h[0:3], h[3:6], [h[6], h[7], 1.0]], t))


def fit(surveyed: Sequence[tuple[Point, Point]]) -> Ground:
    """Fit the points and say how well.

    Args:
        surveyed: pixel and metres (east, north) of each point.

    Raises:
        PointsUnfitError: they make no homography.
    """
    pixels, metres = [one[0] for one in surveyed], [one[1] for one in surveyed]
    to_ground = homography(pixels, metres)
    found = [_at(to_ground, pixel) for pixel in pixels]
    errors = tuple(hypot(e - m[0], n - m[1]) for (e, n), m in zip(found, metres, strict=True))
    west, east = min(m[0] for m in metres), max(m[0] for m in metres)
    south, north = min(m[1] for m in metres), max(m[1] for m in metres)
    step = max(1, ceil((east - west + north - south) / MOST_GRID_LINES))
    back = _inverse(to_ground)
    grid = [
        (_at(back, (float(e), south)), _at(back, (float(e), north)))
        for e in range(floor(west / step) * step, ceil(east / step) * step + 1, step)
    ] + [
        (_at(back, (west, float(n))), _at(back, (east, float(n))))
        for n in range(floor(south / step) * step, ceil(north / step) * step + 1, step)
    ]
    return Ground(errors, sqrt(sum(e * e for e in errors) / len(errors)), tuple(grid), step)
