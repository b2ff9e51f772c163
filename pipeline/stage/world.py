"""Who is where at an instant, with the body to draw; and the box that it fills in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.bodies import solid_of
from pipeline.stage.journey import Journey, Pose, journey_of
from pipeline.stage.lens import NEAR_M, Lens, Points
from pipeline.stage.riders import two_wheeler, walker
from pipeline.stage.solid import Solid
from pipeline.stage.specification import Actor, Specification

Box = tuple[float, float, float, float]
BRAKING_M_S2 = 0.9
FARTHEST_M = 400.0


@dataclass(frozen=True, eq=False)
class Presence:
    """One actor at one instant.

    Attributes:
        number: Place in the specification, from 1.
        actor: Who.
        pose: Where.
        solid: What to draw.
    """

    number: int
    actor: Actor
    pose: Pose
    solid: Solid

    def placed(self, points: Points) -> Points:
        """Points of the body [n, 3] in the world."""
        cos, sin = math.cos(self.pose.heading), math.sin(self.pose.heading)
        turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
        return np.asarray(points @ turn + np.array([self.pose.east_m, self.pose.north_m, 0.0]))

    def turned(self, directions: Points) -> Points:
        """Directions of the body [n, 3] in the world."""
        return np.asarray(self.placed(directions) - np.array([self.pose.east_m, self.pose.north_m, 0.0]))


class World:
    """All actors of a specification.

    Args:
        specification: Who takes part.
    """

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self.journeys: dict[str, Journey] = {
            actor.id: journey_of(actor, specification) for actor in specification.actors
        }
        self._solids: dict[tuple[str, bool], Solid] = {}

    def at(self, at_s: float) -> list[Presence]:
        """Everybody at an instant."""
        return [self.presence(number, at_s) for number in range(1, len(self.specification.actors) + 1)]

    def presence(self, number: int, at_s: float) -> Presence:
        """One actor (numbered from 1) at an instant."""
        actor = self.specification.actors[number - 1]
        journey = self.journeys[actor.id]
        return Presence(number, actor, journey.pose(at_s), self._solid(actor, journey, at_s))

    def _solid(self, actor: Actor, journey: Journey, at_s: float) -> Solid:
        if actor.kind == "person":
            pose, start = journey.pose(at_s), journey.pose(0.0)
            travelled_m = math.hypot(pose.east_m - start.east_m, pose.north_m - start.north_m)
            return walker(actor, travelled_m, at_s, moving=journey.speed_kmh(at_s) > 0.3)
        slowing = (journey.speed_kmh(at_s - 0.1) - journey.speed_kmh(at_s)) / 3.6 / 0.1 > BRAKING_M_S2
        braking = not actor.parked and (slowing or journey.speed_kmh(at_s) < 0.2)
        key = (actor.id, braking)
        if key not in self._solids:
            two_wheels = actor.kind in ("motorcycle", "bicycle")
            # Motorcycles have their lamps on by day too: the law asks it of them.
            lit = not actor.parked and (self.specification.light.time != "day" or actor.kind == "motorcycle")
            self._solids[key] = (two_wheeler if two_wheels else solid_of)(actor, lit=lit, braking=braking)
        return self._solids[key]


def box_of(presence: Presence, lens: Lens) -> Box | None:
    """The smallest box round an actor, cut by the picture's edge; None when nothing of it is in the picture."""
    points, radii = presence.solid.outline
    return box_round(presence.placed(points), radii, lens)


def machine_box(presence: Presence, lens: Lens) -> Box | None:
    """The box round a motorcycle or bicycle without its riders, as many detectors draw it; None for all others."""
    if presence.solid.machine is None:
        return None
    points, radii = presence.solid.machine
    return box_round(presence.placed(points), radii, lens)


def head_boxes(presence: Presence, lens: Lens) -> list[tuple[Box, bool]]:
    """The heads of riders: box, and whether a helmet is worn."""
    found: list[tuple[Box, bool]] = []
    for middle, radius, helmet in presence.solid.heads:
        box = box_round(presence.placed(middle[None]), np.array([radius]), lens)
        if box:
            found.append((box, helmet))
    return found


def box_round(points: Points, radii: NDArray[np.float64], lens: Lens) -> Box | None:
    """The smallest box round points [n, 3] with radii [n] in metres, cut by the picture's edge; None outside."""
    seen = lens.seen(points)
    if (seen[:, 2] < NEAR_M).all() or float(seen[:, 2].min()) > FARTHEST_M:
        return None
    front = seen[:, 2] >= NEAR_M
    flat, reach = lens.flat(seen[front]), lens.focal * radii[front] / seen[front, 2]
    x1, y1 = (flat - reach[:, None]).min(axis=0)
    x2, y2 = (flat + reach[:, None]).max(axis=0)
    box = (
        max(0.0, float(x1)),
        max(0.0, float(y1)),
        min(float(lens.width), float(x2)),
        min(float(lens.height), float(y2)),
    )
    return box if box[2] - box[0] > 1 and box[3] - box[1] > 1 else None


def hull(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners of the convex hull of pixels [n, 2]."""
    return np.asarray(cv2.convexHull(points.reshape(-1, 1, 2)), np.float32).reshape(-1, 2)
