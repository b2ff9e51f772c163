"""What bodies are built of: plane faces and round limbs, in the body's own metres (x forward, y left, z up)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.stage.colour import BGR

Points = NDArray[np.float64]
Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Face:
    """A plane polygon that is seen from its front only.

    Attributes:
        points: float64 [n, 3], in order around it.
        colour: Blue, green, red (0..255) in full light.
        normal: Unit vector that points out of the body.
        glow: Light that it gives off itself, added to the picture.
        shaded: Whether sun and sky change its colour.
        texture: A picture that is stretched over it, from its first point (upper left) clockwise.
    """

    points: Points
    colour: BGR
    normal: Points
    glow: BGR | None = None
    shaded: bool = True
    texture: Image | None = None


@dataclass(frozen=True, eq=False)
class Limb:
    """A rod with round ends, or a ball when both ends are one.

    Attributes:
        start: One end [3].
        end: The other end [3].
        radius_m: Metres.
        colour: Blue, green, red.
    """

    start: Points
    end: Points
    radius_m: float
    colour: BGR


@dataclass(frozen=True, eq=False)
class Group:
    """Faces and limbs that are drawn together.

    Attributes:
        level: Lower levels are drawn first; within a level the farther ones.
        faces: Drawn by distance.
        marks: What lies on the faces, drawn after them in this order.
        limbs: Drawn last, the farther ones first.
    """

    level: int
    faces: tuple[Face, ...] = ()
    marks: tuple[Face, ...] = ()
    limbs: tuple[Limb, ...] = ()

    def middle(self) -> Points:
        """The mean of all its points."""
        points = [face.points.mean(axis=0) for face in (*self.faces, *self.marks)]
        points += [(limb.start + limb.end) / 2 for limb in self.limbs]
        return np.asarray(np.mean(points, axis=0))


@dataclass(frozen=True, eq=False)
class Stacked:
    """The parts of a body in the order of its groups: faces, then marks; limbs apart.

    Attributes:
        points: Corners of all faces [n, 3].
        starts: Where each face begins in `points`, and where the last ends [faces + 1].
        middles: Of the faces [faces, 3].
        normals: Of the faces [faces, 3].
        rods: Both ends of each limb, one after the other [2 * limbs, 3].
    """

    points: Points
    starts: NDArray[np.int64]
    middles: Points
    normals: Points
    rods: Points


@dataclass(frozen=True, eq=False)
class Solid:
    """A whole road user.

    Attributes:
        groups: What is drawn; where there are riders, they are the last.
        length_m: From bumper to bumper.
        width_m: Over all.
        height_m: Over all.
        front_axle_m: The front wheels, ahead of the middle.
        rear_axle_m: The rear wheels, ahead of the middle (negative).
        head_lamps: Where light goes forward, points [n, 3].
        heads: Balls that are heads of riders: (middle [3], radius in metres, helmet worn).
        people: Limbs of each rider or walker.
    """

    groups: tuple[Group, ...]
    length_m: float
    width_m: float
    height_m: float
    front_axle_m: float
    rear_axle_m: float
    head_lamps: tuple[Points, ...] = ()
    heads: tuple[tuple[Points, float, bool], ...] = ()
    people: tuple[tuple[Limb, ...], ...] = ()

    @cached_property
    def stacked(self) -> Stacked:
        """All faces and limbs in one, so that a body is turned and projected at once."""
        faces = [face for group in self.groups for face in (*group.faces, *group.marks)]
        limbs = [limb for group in self.groups for limb in group.limbs]
        sizes = [len(face.points) for face in faces]
        return Stacked(
            np.concatenate([face.points for face in faces]) if faces else np.zeros((0, 3)),
            np.cumsum([0, *sizes]),
            np.array([face.points.mean(axis=0) for face in faces]).reshape(-1, 3),
            np.array([face.normal for face in faces]).reshape(-1, 3),
            np.array([[limb.start, limb.end] for limb in limbs]).reshape(-1, 3),
        )

    @cached_property
    def outline(self) -> tuple[Points, NDArray[np.float64]]:
        """All corners [n, 3] and the radius of each, for boxes and shadows."""
        return _outline(self.groups)

    @cached_property
    def machine(self) -> tuple[Points, NDArray[np.float64]] | None:
        """The same of what is ridden, without its riders; None where nobody rides."""
        return _outline(self.groups[:-1]) if self.heads else None


def _outline(groups: Sequence[Group]) -> tuple[Points, NDArray[np.float64]]:
    points: list[Points] = []
    radii: list[float] = []
    for group in groups:
        for face in (*group.faces, *group.marks):
            points.extend(face.points)
            radii.extend([0.0] * len(face.points))
        for limb in group.limbs:
            points += [limb.start, limb.end]
            radii += [limb.radius_m] * 2
    return np.array(points), np.array(radii)


@dataclass
class Assembly:
    """Faces as they are added."""

    faces: list[Face] = field(default_factory=list)

    def add(
        self,
        points: Sequence[Sequence[float]] | Points,
        colour: BGR,
        outward: Sequence[float] | Points,
        *,
        glow: BGR | None = None,
        shaded: bool = True,
        texture: Image | None = None,
    ) -> None:
        """Add a polygon whose normal points to the side of `outward`."""
        corners = np.asarray(points, np.float64)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        length = float(np.linalg.norm(normal))
        normal = np.asarray(outward, np.float64) if length < 1e-9 else normal / length
        if float(normal @ np.asarray(outward, np.float64)) < 0:
            normal = -normal
        self.faces.append(Face(corners, colour, normal, glow, shaded, texture))

    def box(self, low: Sequence[float], high: Sequence[float], colour: BGR) -> None:
        """An upright box."""
        (x0, y0, z0), (x1, y1, z1) = low, high
        self.add([[x0, y0, z0], [x0, y1, z0], [x0, y1, z1], [x0, y0, z1]], colour, (-1, 0, 0))
        self.add([[x1, y0, z0], [x1, y1, z0], [x1, y1, z1], [x1, y0, z1]], colour, (1, 0, 0))
        self.add([[x0, y0, z0], [x1, y0, z0], [x1, y0, z1], [x0, y0, z1]], colour, (0, -1, 0))
        self.add([[x0, y1, z0], [x1, y1, z0], [x1, y1, z1], [x0, y1, z1]], colour, (0, 1, 0))
        self.add([[x0, y0, z1], [x1, y0, z1], [x1, y1, z1], [x0, y1, z1]], colour, (0, 0, 1))

    def loft(
        self,
        sections: Sequence[tuple[float, float, float, float]],
        colour: BGR,
        *,
        shoulder: float = 0.9,
        top: BGR | None = None,
    ) -> None:
        """A hull through cross-sections (x, half width, lowest, highest).

        It is narrower at the top by `shoulder`, and the top is of a colour of its own where `top` is given.
        """
        rings: list[Points] = []
        for x, half, low, high in sections:
            middle = low + 0.55 * (high - low)
            edge = low + 0.92 * (high - low)
            ring = [(half * 0.96, low), (half, middle), (half * (1 + shoulder) / 2, edge), (half * shoulder, high)]
            rings.append(np.array([[x, y, z] for y, z in ring] + [[x, -y, z] for y, z in reversed(ring)]))
        core = np.mean([ring.mean(axis=0) for ring in rings], axis=0)
        for one, other in itertools.pairwise(rings):
            for index in range(len(one) - 1):
                quad = np.array([one[index], one[index + 1], other[index + 1], other[index]])
                # Along a long body only the sides, at a slanting nose also the front says where outside is.
                away = (quad.mean(axis=0) - core) * np.array([0.15, 1.0, 1.0])
                self.add(quad, top if top and index in (2, 3, 4) else colour, away)
        self.add(rings[0], colour, (-1, 0, 0))
        self.add(rings[-1], colour, (1, 0, 0))

    def glass(self, quad: Points, outward: Sequence[float], *, strips: int = 4, sky: float = 1.0) -> None:
        """A pane [lower left, lower right, upper right, upper left] that mirrors the sky in its upper part."""
        for index in range(strips):
            low, high = index / strips, (index + 1) / strips
            level = 26 + 92 * sky * (low + high) / 2 * (low + high) / 2 + 14 * low
            self.add(patch(quad, 0, 1, low, high), (level * 1.06, level, level * 0.95), outward, shaded=False)

    def wheel(self, x: float, y: float, radius: float, width: float) -> None:
        """A tyre whose outer side looks away from the middle plane."""
        turn = np.linspace(0, 2 * np.pi, 17)[:-1]
        side = 1.0 if y > 0 else -1.0
        rim = np.stack([x + radius * np.cos(turn), np.full(16, y), radius + radius * np.sin(turn)], axis=1)
        inner = rim - np.array([0, side * width, 0])
        for index in range(16):
            nxt = (index + 1) % 16
            middle = (rim[index] + rim[nxt]) / 2 - np.array([x, y, radius])
            self.add([rim[index], rim[nxt], inner[nxt], inner[index]], (30, 29, 28), (middle[0], 0, middle[2]))
        self.add(inner, (26, 25, 24), (0, -side, 0))
        self.add(rim, (28, 27, 27), (0, side, 0))
        self.disc(x, y + side * 0.004, radius, 0.66 * radius, (128, 128, 126), side)
        self.disc(x, y + side * 0.008, radius, 0.2 * radius, (60, 60, 60), side)

    def disc(self, x: float, y: float, z: float, radius: float, colour: BGR, side: float) -> None:
        """A circle on a side of the body."""
        turn = np.linspace(0, 2 * np.pi, 15)[:-1]
        points = np.stack([x + radius * np.cos(turn), np.full(14, y), z + radius * np.sin(turn)], axis=1)
        self.add(points, colour, (0, side, 0))


def patch(quad: Points, left: float, right: float, low: float, high: float) -> Points:
    """A part of a quad [lower left, lower right, upper right, upper left]; shares of its width and height."""

    def at(u: float, v: float) -> Points:
        lower = quad[0] + u * (quad[1] - quad[0])
        upper = quad[3] + u * (quad[2] - quad[3])
        return np.asarray(lower + v * (upper - lower))

    return np.array([at(left, low), at(right, low), at(right, high), at(left, high)])
