"""The instant at which a distance was zero, fitted between pictures, with its error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.perception.track import Sighting
from pipeline.scene.geometry import Point, side
from pipeline.scene.homography import Homography

Array = NDArray[np.float64]
FIT_WITHIN_S = 0.5
"""Sightings so near to the passage tell its instant: longer, a vehicle may brake or turn."""
POINTS_A_SIDE = 5
LEAST_ERROR_PX = 0.7
"""No detector's box is better than this."""
EDGE_SHARE = 0.012
"""The same as a share of the box's height, where that is more."""
LEAST_FOR_PARABOLA = 6
MUCH_BETTER = 4.0
"""By so much must a parabola's scatter be smaller than a straight line's where metres are known: who drives steadily
moves along a straight line there, and a needless bend makes the instant half as sure again."""
REWEIGHTED = 2


@dataclass(frozen=True)
class Reach:
    """How far a vehicle was from a line.

    Attributes:
        times_s: Of its sightings, rising.
        distance: From the line: negative before it, positive beyond it; metres or pixels.
        error: Of each distance, one sigma.
        steady: Whether one that drives steadily moves evenly: in metres it does, in a picture not.
    """

    times_s: Array
    distance: Array
    error: Array
    steady: bool

    @classmethod
    def of(
        cls, sightings: Sequence[Sighting], line: tuple[Point, Point], sign: float, ground: Homography | None
    ) -> Reach:
        """Distances of ground points from a line, in metres where they are known, else in pixels.

        Args:
            sightings: In order of time.
            line: Its ends in pixels.
            sign: By which `side` of the line must be multiplied to be positive beyond it.
            ground: Metres on the road.
        """
        times = np.array([s.at_s for s in sightings])
        error = np.array([max(LEAST_ERROR_PX, EDGE_SHARE * (s.box[3] - s.box[1])) for s in sightings])
        if ground is not None:
            points = np.array([s.ground for s in sightings])
            metres = ground.metres(np.vstack([points, points + np.array([0.0, 1.0]), line]))
            if np.isfinite(metres).all():
                count = len(points)
                start, end = metres[-2:]
                normal = np.array([start[1] - end[1], end[0] - start[0]]) / np.hypot(*(end - start))
                distance = (metres[:count] - start) @ normal
                # Which side of it is which, is asked in the picture: the map may mirror.
                farthest = int(np.argmax(np.abs(distance)))
                mirrored = np.sign(distance[farthest]) != np.sign(side(sightings[farthest].ground, *line) * sign)
                scale = np.maximum(1e-4, np.abs((metres[count : 2 * count] - metres[:count]) @ normal))
                return cls(times, -distance if mirrored else distance, error * scale, steady=True)
        return cls(times, np.array([side(s.ground, *line) * sign for s in sightings]), error, steady=False)


def fitted_zero(reach: Reach, index: int, guess_s: float) -> tuple[float, float]:
    """When the distance from a line was zero.

    A straight line or a parabola through the sightings near the passage, in which those that lie off weigh less; its
    error follows from their scatter.

    Args:
        reach: Of the sightings round the passage.
        index: The first sighting beyond the line, not the first of all.
        guess_s: The instant by interpolation between the two sightings on both sides.

    Returns:
        The instant and its standard error, in seconds.
    """
    times = reach.times_s
    gap_s = float(times[index] - times[index - 1])
    interpolated = guess_s, gap_s / 12**0.5
    low, high = max(0, index - POINTS_A_SIDE), min(len(times), index + POINTS_A_SIDE)
    near = low + np.flatnonzero(np.abs(times[low:high] - guess_s) <= FIT_WITHIN_S)
    if len(near) < 3:
        return interpolated
    x, y, error = times[near] - guess_s, reach.distance[near], reach.error[near]
    fit = _fitted(x, y, error, 2) if reach.steady or len(near) < LEAST_FOR_PARABOLA else None
    if len(near) >= LEAST_FOR_PARABOLA and (fit is None or fit[2] > 1):
        bent = _fitted(x, y, error, 3)
        fit = bent if fit is None or fit[2] > MUCH_BETTER * bent[2] else fit
    if fit is None:
        return interpolated
    entries, spread, scatter = fit
    slope, level = float(entries[-2]), float(entries[-1])
    if slope <= 0:
        return interpolated
    shift_s = -level / slope
    if len(entries) == 3:
        # One step of Newton's method on the parabola is exact enough so near to its zero.
        bend = float(entries[0])
        shift_s -= bend * shift_s**2 / max(1e-9, slope + 2 * bend * shift_s)
    if not abs(shift_s) <= gap_s:
        return interpolated
    row = np.array([shift_s**2, shift_s, 1.0])[-len(entries) :]
    return guess_s + shift_s, float(np.sqrt(max(1.0, scatter) * (row @ spread @ row))) / slope


def _fitted(x: Array, y: Array, error: Array, order: int) -> tuple[Array, Array, float]:
    """Entries of a polynomial, highest power first, their covariance, and the scatter in squares of the errors."""
    design, known = np.vander(x, order), 1 / error**2
    weights = known
    for _ in range(REWEIGHTED):
        weighted = design * weights[:, None]
        spread: Array = np.asarray(np.linalg.inv(weighted.T @ design), np.float64)
        entries = spread @ (weighted.T @ y)
        off = np.abs(y - design @ entries) / error
        scale = max(1.0, 1.4826 * float(np.sort(off)[len(off) // 2]))
        weights = known * np.minimum(1.0, 2 * scale / np.maximum(off, 1e-9))
    scatter = float((weights / known * off**2).sum()) / max(1, len(x) - order)
    return entries, spread, scatter
