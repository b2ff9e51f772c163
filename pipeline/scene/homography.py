"""From pixels to metres on the road, with the uncertainty of both the pixel and the survey.

The road is taken as a plane. A plane seen by a pinhole camera maps by a homography (Hartley & Zisserman, Multiple View
Geometry, 2nd ed., 4.1); it is found by the normalised direct linear transform, refined by weighted least squares, and
its covariance follows from the survey's errors by propagation (GUM, JCGM 100:2008, 5.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.scene.measures import GroundReference

Array = NDArray[np.float64]
REFINEMENTS = 12
LEAST_DEPTH = 1e-6
LEAST_TRIANGLE = 0.1
"""Of points scaled to a spread of 1 both ways: four corners of a square make triangles of 2; three on a line, 0."""


class HomographyError(ValueError):
    """Points from which no homography follows; the message says which and why."""


@dataclass(frozen=True, eq=False)
class Homography:
    """A fitted mapping.

    Attributes:
        matrix: float64 [3, 3], normalised pixel to normalised metre; its last entry is 1.
        covariance: float64 [8, 8], of the first eight entries of `matrix`, row by row.
        pixel_scale: Offset x, y and scale of the pixel normalisation: (p - offset) * scale.
        metre_scale: The same for metres.
    """

    matrix: Array
    covariance: Array
    pixel_scale: tuple[float, float, float]
    metre_scale: tuple[float, float, float]

    @classmethod
    def fit(cls, references: Sequence[GroundReference]) -> Homography:
        """Fit at least four surveyed points.

        Args:
            references: Points with their errors; more than four also tell how well they agree.

        Raises:
            HomographyError: Fewer than four points, or points on one line.
        """
        if len(references) < 4:
            raise HomographyError(f"needs at least four ground references, not {len(references)}")
        pixels = np.array([reference.pixel for reference in references], float)
        metres = np.array([reference.metre for reference in references], float)
        for points, name in ((pixels, "pixels"), (metres, "metres")):
            _spread_out(points, name)
        pixel_scale, metre_scale = _scale(pixels), _scale(metres)
        u, x = _normal(pixels, pixel_scale), _normal(metres, metre_scale)
        sigma_u = np.array([reference.pixel_sigma_px for reference in references]) * pixel_scale[2]
        sigma_x = np.array([reference.metre_sigma_m for reference in references]) * metre_scale[2]
        h = _linear(u, x)
        for _ in range(REFINEMENTS):
            residual, design, weight = _system(h, u, x, sigma_u, sigma_x)
            step, *_ = np.linalg.lstsq(weight @ design, weight @ residual, rcond=None)
            h[:8] += step
            if float(np.abs(step).max()) < 1e-12:
                break
        residual, design, weight = _system(h, u, x, sigma_u, sigma_x)
        whitened = weight @ design
        covariance: Array = np.asarray(np.linalg.pinv(whitened.T @ whitened), np.float64)
        surplus = 2 * len(references) - 8
        if surplus > 0:
            # Points that disagree more than their stated errors make the whole mapping less certain.
            covariance *= max(1.0, float(((weight @ residual) ** 2).sum()) / surplus)
        return cls(h.reshape(3, 3), covariance, pixel_scale, metre_scale)

    def to_metres(self, points: ArrayLike, pixel_sigma_px: float = 0.0) -> tuple[Array, Array]:
        """Map pixels to metres.

        Args:
            points: [n, 2] pixels.
            pixel_sigma_px: Error of these points themselves, one sigma; 0 = only the survey's error is told.

        Returns:
            Metres [n, 2] and their covariances [n, 2, 2] in square metres. Points at or beyond the horizon are NaN.
        """
        u = _normal(np.asarray(points, float).reshape(-1, 2), self.pixel_scale)
        mapped, by_point, by_entry = _map(self.matrix.reshape(9), u)
        beyond = ~self._before_horizon(u)
        mapped[beyond] = np.nan
        covariance = by_entry @ self.covariance @ by_entry.transpose(0, 2, 1)
        sigma = pixel_sigma_px * self.pixel_scale[2]
        covariance = covariance + sigma**2 * (by_point @ by_point.transpose(0, 2, 1))
        scale = self.metre_scale
        return mapped / scale[2] + np.array(scale[:2]), covariance / scale[2] ** 2

    def metres(self, points: ArrayLike) -> Array:
        """Like `to_metres`, without covariances: [n, 2] pixels to [n, 2] metres."""
        u = _normal(np.asarray(points, float).reshape(-1, 2), self.pixel_scale)
        m = self.matrix
        w = m[2, 0] * u[:, 0] + m[2, 1] * u[:, 1] + m[2, 2]
        w = np.where(self._before_horizon(u), w, np.nan)
        mapped = (u @ m[:2, :2].T + m[:2, 2]) / w[:, None]
        return np.asarray(mapped / self.metre_scale[2] + np.array(self.metre_scale[:2]))

    def metre(self, point: tuple[float, float]) -> tuple[float, float]:
        """Like `metres`, of one point, without the cost of arrays; NaN at or beyond the horizon."""
        offset_x, offset_y, scale = self.pixel_scale
        x, y = (point[0] - offset_x) * scale, (point[1] - offset_y) * scale
        (a, b, c), (d, e, f), (g, h, i) = self._rows
        w = g * x + h * y + i
        if w * math.copysign(1.0, i) <= LEAST_DEPTH:
            return math.nan, math.nan
        east, north, size = self.metre_scale
        return (a * x + b * y + c) / w / size + east, (d * x + e * y + f) / w / size + north

    @cached_property
    def _rows(self) -> list[list[float]]:
        rows: list[list[float]] = self.matrix.tolist()
        return rows

    def joint_covariance(self, points: ArrayLike) -> Array:
        """Covariance that the survey gives to several mapped points together, [2n, 2n] in square metres.

        Neighbouring points err together: a distance between two is better known than either place.
        """
        u = _normal(np.asarray(points, float).reshape(-1, 2), self.pixel_scale)
        _, _, by_entry = _map(self.matrix.reshape(9), u)
        rows = by_entry.reshape(-1, 8)
        return np.asarray(rows @ self.covariance @ rows.T / self.metre_scale[2] ** 2)

    def to_pixels(self, points: ArrayLike) -> Array:
        """Map metres [n, 2] to pixels [n, 2]."""
        x = _normal(np.asarray(points, float).reshape(-1, 2), self.metre_scale)
        inverse = np.linalg.inv(self.matrix)
        mapped = np.column_stack([x, np.ones(len(x))]) @ inverse.T
        pixels = mapped[:, :2] / mapped[:, 2:]
        return np.asarray(pixels / self.pixel_scale[2] + np.array(self.pixel_scale[:2]))

    def metres_a_pixel(self, point: tuple[float, float]) -> float:
        """How many metres a pixel spans at a point, the larger of the two directions."""
        u = _normal(np.array([point], float), self.pixel_scale)
        _, by_point, _ = _map(self.matrix.reshape(9), u)
        largest = float(np.linalg.norm(by_point[0], 2))
        return largest * self.pixel_scale[2] / self.metre_scale[2]

    def _before_horizon(self, u: Array) -> NDArray[np.bool_]:
        # The normalised origin lies amid the surveyed points: on the ground.
        w = u @ self.matrix[2, :2] + self.matrix[2, 2]
        return np.asarray(w * np.sign(self.matrix[2, 2]) > LEAST_DEPTH)


def leave_one_out_m(references: Sequence[GroundReference]) -> list[float]:
    """For each point: how far from its survey the others put it, in metres; needs at least five points."""
    errors = []
    for number, left_out in enumerate(references):
        others = [reference for place, reference in enumerate(references) if place != number]
        found = Homography.fit(others).metres([left_out.pixel])[0]
        errors.append(float(np.hypot(*(found - np.array(left_out.metre)))))
    return errors


def _spread_out(points: Array, name: str) -> None:
    """Four of the points must be corners: no three of them on a line."""
    left, values, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    if values[1] > 1e-6 * values[0]:
        spread = left[:, :2] * np.sqrt(len(points))
        for four in combinations(range(len(points)), 4):
            if min(_triangle(spread[list(three)]) for three in combinations(four, 3)) >= LEAST_TRIANGLE:
                return
    raise HomographyError(
        f"the {name} have no four corners among them (three lie on a line): survey points on both sides of the road"
    )


def _triangle(corners: Array) -> float:
    (ax, ay), (bx, by), (cx, cy) = corners
    return abs(float((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))) / 2


def _scale(points: Array) -> tuple[float, float, float]:
    middle = points.mean(axis=0)
    spread = float(np.sqrt(((points - middle) ** 2).sum(axis=1)).mean())
    return float(middle[0]), float(middle[1]), float(np.sqrt(2) / spread)


def _normal(points: Array, scale: tuple[float, float, float]) -> Array:
    return np.asarray((points - np.array(scale[:2])) * scale[2], np.float64)


def _linear(u: Array, x: Array) -> Array:
    """The direct linear transform: nine entries, the last 1."""
    rows = []
    for (a, b), (c, d) in zip(u, x, strict=True):
        rows.append([a, b, 1, 0, 0, 0, -c * a, -c * b, -c])
        rows.append([0, 0, 0, a, b, 1, -d * a, -d * b, -d])
    h = np.linalg.svd(np.array(rows))[2][-1]
    if abs(h[8]) < 1e-9 * float(np.abs(h).max()):
        raise HomographyError("the points cannot all lie on one plane in front of the camera: check their order")
    return np.array(h / h[8])


def _map(h: Array, u: Array) -> tuple[Array, Array, Array]:
    """Mapped points [n, 2], their derivatives by the point [n, 2, 2] and by the eight entries [n, 2, 8]."""
    one = np.column_stack([u, np.ones(len(u))])
    w = one @ h[6:9]
    x, y = one @ h[0:3] / w, one @ h[3:6] / w
    by_point = np.empty((len(u), 2, 2))
    by_point[:, 0, 0], by_point[:, 0, 1] = (h[0] - x * h[6]) / w, (h[1] - x * h[7]) / w
    by_point[:, 1, 0], by_point[:, 1, 1] = (h[3] - y * h[6]) / w, (h[4] - y * h[7]) / w
    by_entry = np.zeros((len(u), 2, 8))
    by_entry[:, 0, 0:3] = by_entry[:, 1, 3:6] = one / w[:, None]
    by_entry[:, 0, 6:8] = -x[:, None] * u / w[:, None]
    by_entry[:, 1, 6:8] = -y[:, None] * u / w[:, None]
    return np.column_stack([x, y]), by_point, by_entry


def _system(h: Array, u: Array, x: Array, sigma_u: Array, sigma_x: Array) -> tuple[Array, Array, Array]:
    """Residuals [2n], derivatives [2n, 8] and whitening [2n, 2n] of the present fit."""
    mapped, by_point, by_entry = _map(h, u)
    weight = np.zeros((2 * len(u), 2 * len(u)))
    for n in range(len(u)):
        covariance = sigma_u[n] ** 2 * by_point[n] @ by_point[n].T + sigma_x[n] ** 2 * np.eye(2)
        weight[2 * n : 2 * n + 2, 2 * n : 2 * n + 2] = np.linalg.cholesky(np.linalg.inv(covariance)).T
    return (x - mapped).reshape(-1), by_entry.reshape(-1, 8), weight
