"""What all vehicles have: wheels, arches, lamps, bumpers and plates."""

from __future__ import annotations

import numpy as np

from pipeline.stage import plate_face
from pipeline.stage.cast import Actor
from pipeline.stage.colour import BGR
from pipeline.stage.solid import Assembly, Group, Points

TRIM: BGR = (44, 43, 42)
TAIL: BGR = (34, 26, 170)
TAIL_GLOW: BGR = (20, 14, 190)
BRAKE_GLOW: BGR = (40, 40, 255)
HEAD: BGR = (226, 228, 226)
HEAD_GLOW: BGR = (235, 250, 255)


def wheels(axles: tuple[float, ...], half: float, radius: float, width: float) -> tuple[Group, ...]:
    """A wheel on both sides of each axle."""
    groups: list[Group] = []
    for x in axles:
        for side in (-1.0, 1.0):
            wheel = Assembly()
            wheel.wheel(x, side * (half - 0.015), radius, width)
            groups.append(Group(1, (), tuple(wheel.faces)))
    return tuple(groups)


def under(length: float, half: float) -> Group:
    """The dark below a body."""
    dark = Assembly()
    dark.box((-length * 0.46, -half * 0.9, 0.14), (length * 0.46, half * 0.9, 0.4), (16, 16, 16))
    return Group(0, tuple(dark.faces))


def arches(marks: Assembly, axles: tuple[float, ...], half: float, radius: float) -> None:
    """Wheels as they show in the sides of a body."""
    for x in axles:
        for side in (-1.0, 1.0):
            y = side * (half + 0.006)
            marks.disc(x, y, radius, radius * 1.16, (20, 20, 20), side)
            marks.disc(x, y + side * 0.003, radius, radius * 0.98, (32, 31, 30), side)
            marks.disc(x, y + side * 0.006, radius, radius * 0.66, (140, 140, 138), side)
            marks.disc(x, y + side * 0.009, radius, radius * 0.2, (58, 58, 58), side)


def rear_lamps(
    marks: Assembly,
    x: float,
    half: float,
    z: float,
    size: tuple[float, float],
    *,
    lit: bool,
    braking: bool,
    indicator: bool = True,
) -> None:
    """Tail lamps of (height, width) at both ends of the rear, the indicator at their lower end."""
    height, width = size
    glow = BRAKE_GLOW if braking else TAIL_GLOW if lit else None
    colour: BGR = (50, 44, 235) if braking else TAIL
    for side in (-1.0, 1.0):
        outer, inner = side * half * 0.93, side * (half * 0.93 - width)
        frame = [[x, outer, z], [x, inner, z], [x, inner, z + height], [x, outer, z + height]]
        marks.add(_grown(np.array(frame), 0.02), (30, 28, 34), (-1, 0, 0))
        marks.add(frame, colour, (-1, 0, 0), glow=glow)
        if indicator:
            low = [[x, outer, z], [x, inner, z], [x, inner, z + 0.28 * height], [x, outer, z + 0.28 * height]]
            marks.add(low, (60, 130, 205), (-1, 0, 0))


def _grown(frame: Points, by_m: float) -> Points:
    middle = frame.mean(axis=0)
    return np.asarray(middle + (frame - middle) + by_m * np.sign(frame - middle))


def slab(marks: Assembly, x: float, half: float, low: float, high: float, colour: BGR, side: float) -> None:
    """A band across the front (side 1) or the rear (side -1)."""
    corners = [[x, half, low], [x, -half, low], [x, -half, high], [x, half, high]]
    marks.add(corners, colour, (side, 0, 0))


def strip(marks: Assembly, x0: float, x1: float, y: float, low: float, high: float, colour: BGR) -> None:
    """A band along the side at `y`."""
    marks.add([[x0, y, low], [x1, y, low], [x1, y, high], [x0, y, high]], colour, (0, y, 0))


def head_lamps(marks: Assembly, x: float, across: tuple[float, float], up: tuple[float, float], *, lit: bool) -> None:
    """Lamps at both ends of the front, from `across` to its mirror."""
    for side in (-1.0, 1.0):
        y0, y1 = side * across[0], side * across[1]
        frame = [[x, y0, up[0]], [x, y1, up[0]], [x, y1, up[1]], [x, y0, up[1]]]
        marks.add(_grown(np.array(frame), 0.025), (36, 36, 38), (1, 0, 0))
        marks.add(frame, HEAD, (1, 0, 0), glow=HEAD_GLOW if lit else None)


def plate(marks: Assembly, actor: Actor, x: float, z: float, side: float) -> None:
    """The number plate, if there is one."""
    if actor.plate is None:
        return
    image = plate_face.plate_face(actor.plate, actor.plate_style, actor.expiry)
    corners = plate_corners(x, z, side, plate_face.WIDTH_M, plate_face.HEIGHT_M)
    marks.add(corners, (230, 230, 230), (side, 0, 0), texture=image)


def plate_corners(x: float, z: float, side: float, width: float, height: float) -> Points:
    """Corners of an upright plate, from the upper left as its reader sees it, clockwise."""
    left = -side * width / 2
    return np.array([[x, left, z + height], [x, -left, z + height], [x, -left, z], [x, left, z]])
