"""Where a vehicle's front is, when the box shows only the wheels nearest to the camera."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.perception.track import Sighting, Track
from pipeline.scene import Scene
from pipeline.scene.geometry import Point
from pipeline.scene.homography import Homography

LENGTH_M = {
    "car": (3.4, 5.4),
    "motorcycle": (1.7, 2.3),
    "bus": (6.0, 13.5),
    "truck": (4.8, 16.0),
    "bicycle": (1.5, 2.0),
}
"""Shortest and longest of a class (Permenhub PM 33/2018: at most 12 m rigid, 13.5 m bus, 18 m articulated)."""
WIDTH_M = {"car": 1.7, "motorcycle": 0.7, "bus": 2.5, "truck": 2.2, "bicycle": 0.6}
LOWEST_IN_WIDTHS = {"car": 0.8, "bus": 1.1, "truck": 0.9, "motorcycle": 2.0, "bicycle": 2.0}
"""How high the lowest vehicle of a class stands, in its own widths.

What a box is higher than that may be road that the vehicle covers: its front lies so far ahead of its rear.
"""


@dataclass(frozen=True)
class GroundLine:
    """A line on the road in metres, with the direction in which it is passed."""

    ground: Homography
    start: NDArray[np.float64]
    ahead: NDArray[np.float64]

    @classmethod
    def of(cls, scene: Scene, line: tuple[Point, Point], direction: Point) -> GroundLine | None:
        """The line in metres; None where the scene has no homography, or the line lies beyond the horizon."""
        return None if scene.ground is None else _on_the_ground(scene.ground, line, direction)

    def point_beyond_m(self, point: Point) -> float:
        """Distance of one point, in pixels, from the line in metres; NaN beyond the horizon."""
        x, y = self.ground.metre(point)
        return (x - float(self.start[0])) * float(self.ahead[0]) + (y - float(self.start[1])) * float(self.ahead[1])

    def beyond_m(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distances of points [n, 2] in metres from the line: positive beyond it."""
        return np.asarray((points - self.start) @ self.ahead)


@lru_cache(maxsize=256)
def _on_the_ground(ground: Homography, line: tuple[Point, Point], direction: Point) -> GroundLine | None:
    # A scene's lines stay where they are: each is mapped once, not in every picture.
    start, end = ground.metres(line)
    middle = (line[0][0] + line[1][0]) / 2, (line[0][1] + line[1][1]) / 2
    step = ground.metres([middle, (middle[0] + 4 * direction[0], middle[1] + 4 * direction[1])])
    normal = np.array([start[1] - end[1], end[0] - start[0]])
    normal = normal / np.linalg.norm(normal)
    sign = np.sign(normal @ (step[1] - step[0]))
    return GroundLine(ground, start, normal * sign) if sign else None


def lengths_m(track: Track) -> tuple[float, float]:
    """Shortest and longest that the vehicle may be, over all classes that were seen in it."""
    names = [name for name in track.votes if name in LENGTH_M and track.share(name) > 0.05] or ["car"]
    return min(LENGTH_M[name][0] for name in names), max(LENGTH_M[name][1] for name in names)


def front_lead_m(
    line: GroundLine, sighting: Sighting, heading: NDArray[np.float64], length_m: float, width_m: float
) -> float:
    """How far beyond the ground point, across the line, the front reaches.

    The box's lower edge touches the corner nearest to the camera, and its middle stands for the vehicle's middle as
    seen from there: half a length and half a width of the footprint lie between both.

    Args:
        line: The line.
        sighting: Where the vehicle was.
        heading: Its direction on the road, of length 1, in metres.
        length_m: Of the vehicle.
        width_m: Of the vehicle.
    """
    x, y = sighting.ground
    here, farther = line.ground.metre((x, y)), line.ground.metre((x, y - 2.0))
    view_x, view_y = farther[0] - here[0], farther[1] - here[1]
    far = math.hypot(view_x, view_y)
    view_x, view_y = view_x / far, view_y / far
    head_x, head_y, ahead_x, ahead_y = (float(part) for part in (*heading, *line.ahead))
    along = abs(head_x * view_x + head_y * view_y)
    depth = length_m / 2 * along + width_m / 2 * math.sqrt(max(0.0, 1 - along**2))
    return depth * (view_x * ahead_x + view_y * ahead_y) + length_m / 2 * (head_x * ahead_x + head_y * ahead_y)


def front_point_px(track: Track, sighting: Sighting, direction: Point) -> Point:
    """Where the foremost part may touch the road, as far ahead as the box allows, in pixels."""
    width, height = sighting.box[2] - sighting.box[0], sighting.box[3] - sighting.box[1]
    lowest = min((LOWEST_IN_WIDTHS.get(name, 0.8) for name in track.votes), default=0.8)
    covered = max(0.0, height - lowest * width)
    x, y = sighting.ground
    # Towards the camera the lower edge is the front itself.
    return x + direction[0] * width / 2, y + min(0.0, direction[1]) * covered
