"""A pinhole camera above a flat road: metres to pixels and back."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.stage.specification import StageCamera

Points = NDArray[np.float64]
NEAR_M = 0.4
"""What is nearer to the lens than this is cut away."""


class Lens:
    """Projection of one camera.

    Args:
        camera: Place, direction, focal length and picture size.
        scale: Pixels of the canvas for one of the picture (supersampling).
    """

    def __init__(self, camera: StageCamera, scale: float = 1.0) -> None:
        yaw, pitch = math.radians(camera.yaw_degrees), math.radians(camera.pitch_degrees)
        self.place = np.array([camera.east_m, camera.north_m, camera.height_m])
        self.width, self.height = round(camera.width_px * scale), round(camera.height_px * scale)
        self.focal = camera.focal_px * scale
        right = np.array([math.cos(yaw), -math.sin(yaw), 0.0])
        forward = np.array([math.sin(yaw) * math.cos(pitch), math.cos(yaw) * math.cos(pitch), -math.sin(pitch)])
        down = np.cross(forward, right)
        self.axes = np.stack([right, down, forward])

    def seen(self, points: Points) -> Points:
        """World points [n, 3] in the camera's own axes: right, down, forward, in metres."""
        return np.asarray((points - self.place) @ self.axes.T)

    def flat(self, seen: Points) -> Points:
        """Points in the camera's axes, all in front of it, as pixels [n, 2]."""
        depth = seen[:, 2:3]
        return np.asarray(self.focal * seen[:, :2] / depth + np.array([self.width / 2, self.height / 2]))

    def polygon(self, points: Points) -> Points | None:
        """A plane polygon's pixels [m, 2], cut at the near plane; None when nothing of it is in front."""
        seen = self.seen(points)
        if (seen[:, 2] < NEAR_M).any():
            seen = cut_near(seen)
            if len(seen) < 3:
                return None
        return self.flat(seen)

    def pixel(self, east_m: float, north_m: float, height_m: float = 0.0) -> tuple[float, float] | None:
        """One point's pixel, or None behind the camera."""
        seen = self.seen(np.array([[east_m, north_m, height_m]]))
        if seen[0, 2] < NEAR_M:
            return None
        x, y = self.flat(seen)[0]
        return float(x), float(y)

    def scale_at(self, point: Points) -> float:
        """Pixels a metre at a world point [3] (0 behind the camera)."""
        depth = float(self.seen(point[None])[0, 2])
        return self.focal / depth if depth > NEAR_M else 0.0

    def ground(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """East and north of the ground under every pixel, float32 [h, w]; NaN at and above the horizon."""
        x = (np.arange(self.width) + 0.5 - self.width / 2) / self.focal
        y = (np.arange(self.height) + 0.5 - self.height / 2) / self.focal
        columns, rows = np.meshgrid(x, y)
        rays = np.stack([columns, rows, np.ones_like(rows)], axis=-1) @ self.axes
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.where(rays[..., 2] < -1e-4, -self.place[2] / rays[..., 2], np.nan)
        east = self.place[0] + reach * rays[..., 0]
        north = self.place[1] + reach * rays[..., 1]
        return east.astype(np.float32), north.astype(np.float32)


def sway_px(camera: StageCamera, at_s: float) -> tuple[float, float]:
    """How far the wind has moved the picture at an instant: to the right and down, in pixels."""
    across = camera.shake_px * math.sin(2 * math.pi * 1.7 * at_s)
    down = camera.shake_px * 0.6 * math.sin(2 * math.pi * 2.3 * at_s + 1.0)
    return across, down


def cut_near(seen: Points) -> Points:
    """The part of a polygon beyond the near plane."""
    kept: list[Points] = []
    for one, other in zip(seen, np.roll(seen, -1, axis=0), strict=True):
        if one[2] >= NEAR_M:
            kept.append(one)
        if (one[2] >= NEAR_M) != (other[2] >= NEAR_M):
            share = (NEAR_M - one[2]) / (other[2] - one[2])
            kept.append(one + share * (other - one))
    return np.array(kept).reshape(-1, 3)
