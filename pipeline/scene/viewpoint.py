"""Where the camera hangs, as far as the homography of the road tells.

With square pixels and the principal point in the picture's middle, the homography of a plane gives the focal length and
the camera's place (Zhang, "A flexible new technique for camera calibration", 2000, section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.scene.homography import Homography

Array = NDArray[np.float64]
HIGHEST_M, LOWEST_M = 60.0, 1.5


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """The camera over the road.

    Attributes:
        foot: The point below it, in metres [2].
        height_m: Above the road.
        focal_px: Focal length in pixels.
    """

    foot: Array
    height_m: float
    focal_px: float


def viewpoint_of(ground: Homography, width_px: int, height_px: int) -> Viewpoint | None:
    """The camera's place; None where the homography does not tell it (a view straight down, say).

    Args:
        ground: Metres on the road.
        width_px: Of the picture.
        height_px: Of the picture.
    """
    origin = ground.metres([[width_px / 2, 0.8 * height_px]])[0]
    if not np.isfinite(origin).all():
        origin = np.array(ground.metre_scale[:2])
    to_pixel = _ground_to_pixel(ground, origin, width_px, height_px)
    first, second, third = to_pixel.T
    rows = np.array(
        [
            [first[:2] @ second[:2], first[2] * second[2]],
            [first[:2] @ first[:2] - second[:2] @ second[:2], first[2] ** 2 - second[2] ** 2],
        ]
    )
    inverse_square = -float(rows[:, 0] @ rows[:, 1]) / max(1e-30, float(rows[:, 0] @ rows[:, 0]))
    if inverse_square <= 0:
        return None
    focal = inverse_square**-0.5
    if not 0.3 * width_px < focal < 30 * width_px:
        return None
    columns = np.column_stack([first, second, third]) / np.array([[focal], [focal], [1.0]])
    scale = 2 / (np.linalg.norm(columns[:, 0]) + np.linalg.norm(columns[:, 1]))
    columns = columns * scale
    one, two, shift = columns.T
    rotation = np.column_stack([one, two, np.cross(one, two)])
    place = -np.linalg.solve(rotation, shift)
    height = abs(float(place[2]))
    if not LOWEST_M < height < HIGHEST_M:
        return None
    return Viewpoint(place[:2] + origin, height, focal)


def _ground_to_pixel(ground: Homography, origin: Array, width_px: int, height_px: int) -> Array:
    """3 x 3, from metres round `origin` to pixels from the picture's middle."""
    mx, my, ms = ground.metre_scale
    px, py, ps = ground.pixel_scale
    metres = np.array([[ms, 0, ms * (origin[0] - mx)], [0, ms, ms * (origin[1] - my)], [0, 0, 1]])
    pixels = np.array([[1 / ps, 0, px - width_px / 2], [0, 1 / ps, py - height_px / 2], [0, 0, 1]])
    return np.asarray(pixels @ np.linalg.inv(ground.matrix) @ metres)
