"""Cars, buses and trucks as solids: hull, cabin, glass, wheels, lamps and plates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.stage import plate_face
from pipeline.stage.colour import BGR, bgr, darker
from pipeline.stage.solid import Assembly, Group, Image, Points, Solid, patch
from pipeline.stage.specification import Actor, Body

TRIM: BGR = (44, 43, 42)
TAIL: BGR = (34, 26, 170)
TAIL_GLOW: BGR = (20, 14, 190)
BRAKE_GLOW: BGR = (40, 40, 255)
HEAD: BGR = (226, 228, 226)
HEAD_GLOW: BGR = (235, 250, 255)


@dataclass(frozen=True)
class _Build:
    length: float
    width: float
    height: float
    belt: float
    bonnet: float
    """Height of the nose."""
    tail: float
    """Height of the rear deck."""
    cabin: tuple[float, float, float, float]
    """Lower rear, upper rear, upper front, lower front: shares of the length, -0.5 rear to 0.5 front."""
    wheel: float


_CARS: dict[Body, _Build] = {
    "sedan": _Build(4.5, 1.76, 1.46, 0.92, 0.78, 0.93, (-0.40, -0.24, 0.08, 0.27), 0.32),
    "hatch": _Build(3.9, 1.70, 1.52, 0.94, 0.82, 0.95, (-0.49, -0.40, 0.10, 0.29), 0.31),
    "mpv": _Build(4.3, 1.72, 1.72, 0.99, 0.88, 1.0, (-0.49, -0.45, 0.14, 0.32), 0.32),
    "van": _Build(4.2, 1.68, 1.92, 1.05, 0.98, 1.05, (-0.495, -0.47, 0.26, 0.42), 0.31),
    "pickup": _Build(5.1, 1.82, 1.76, 1.02, 0.98, 1.02, (-0.10, -0.06, 0.12, 0.25), 0.38),
}


def solid_of(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    """The body of a car, bus or truck.

    Args:
        actor: Class, build, colour and plate.
        lit: Head and tail lamps are on.
        braking: Brake lamps are on.
    """
    if actor.kind == "bus":
        return _bus(actor, lit=lit, braking=braking)
    if actor.kind == "truck":
        return _truck(actor, lit=lit, braking=braking)
    return _car(actor, lit=lit, braking=braking)


def _car(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    build = _CARS[actor.body or "mpv"]
    paint = bgr(actor.colour)
    half, length = build.width / 2, build.length
    rear, front = -length / 2, length / 2
    lower = Assembly()
    lower.loft(
        [
            (rear, half * 0.84, 0.36, build.tail * 0.82),
            (rear + 0.04, half * 0.93, 0.28, build.tail * 0.96),
            (rear + 0.22, half, 0.22, build.tail),
            (-0.15 * length, half, 0.2, build.belt),
            (0.2 * length, half, 0.2, build.belt),
            (0.36 * length, half * 0.99, 0.21, build.bonnet + 0.04),
            (front - 0.16, half * 0.95, 0.24, build.bonnet - 0.06),
            (front - 0.03, half * 0.86, 0.3, build.bonnet - 0.16),
            (front, half * 0.74, 0.38, build.bonnet - 0.26),
        ],
        paint,
    )
    upper = Assembly()
    _cabin(upper, build, paint)
    if actor.body == "pickup":
        _bed(upper, build)
    marks = Assembly()
    back = rear - 0.012
    _rear_lamps(marks, back, half, build.tail * 0.66, 0.2, 0.24, lit=lit, braking=braking)
    _slab(marks, back, half * 0.88, 0.3, 0.47, TRIM, -1)
    _plate(marks, actor, back - 0.01, build.tail * 0.72, -1)
    nose = front + 0.012
    _slab(marks, nose, half * 0.52, build.bonnet - 0.42, build.bonnet - 0.3, (36, 36, 36), 1)
    _slab(marks, nose, half * 0.74, 0.28, 0.4, TRIM, 1)
    for side in (-1.0, 1.0):
        y0, y1 = side * half * 0.5, side * half * 0.84
        z0, z1 = build.bonnet - 0.36, build.bonnet - 0.2
        corners = [[nose, y0, z0], [nose - 0.1, y1, z0], [nose - 0.12, y1, z1], [nose - 0.03, y0, z1]]
        marks.add(corners, HEAD, (1, 0, 0), glow=HEAD_GLOW if lit else None)
    _plate(marks, actor, nose + 0.01, 0.5, 1)
    axles = (-0.3 * length, 0.31 * length)
    _arches(marks, axles, half, build.wheel)
    for side in (-1.0, 1.0):
        _strip(marks, rear + 0.3, front - 0.5, side * (half + 0.004), 0.24, 0.34, TRIM)
        for x in (-0.02 * length, 0.17 * length):
            _strip(marks, x, x + 0.02, side * (half + 0.004), 0.36, build.belt * 0.95, darker(paint, 0.55))
    lamps = tuple(np.array([front, side * half * 0.68, build.bonnet - 0.28]) for side in (-1, 1))
    return Solid(
        (*_wheels(axles, half, build.wheel, 0.2), _under(length, half), *_stack(lower, upper, marks)),
        length,
        build.width,
        build.height,
        axles[1],
        axles[0],
        lamps if lit else (),
    )


def _cabin(upper: Assembly, build: _Build, paint: BGR) -> None:
    half, length = build.width / 2, build.length
    low_rear, high_rear, high_front, low_front = (share * length for share in build.cabin)
    base, top = half * 0.93, half * 0.78
    low, high = build.belt - 0.04, build.height

    def corner(x: float, y: float, z: float) -> list[float]:
        return [x, y, z]

    back = np.array(
        [
            corner(low_rear, base, low),
            corner(low_rear, -base, low),
            corner(high_rear, -top, high),
            corner(high_rear, top, high),
        ]
    )
    windscreen = np.array(
        [
            corner(low_front, -base, low),
            corner(low_front, base, low),
            corner(high_front, top, high),
            corner(high_front, -top, high),
        ]
    )
    for quad, outward in ((back, (-1.0, 0.0, 0.2)), (windscreen, (1.0, 0.0, 0.3))):
        upper.add(quad, paint, outward)
        upper.glass(patch(quad, 0.07, 0.93, 0.1, 0.9), outward)
    for side in (1.0, -1.0):
        quad = np.array(
            [
                corner(low_rear, side * base, low),
                corner(low_front, side * base, low),
                corner(high_front, side * top, high),
                corner(high_rear, side * top, high),
            ]
        )
        outward = (0.0, side, 0.2)
        upper.add(quad, paint, outward)
        panes = ((0.1, 0.34), (0.37, 0.62), (0.65, 0.93)) if build.length > 4.0 else ((0.1, 0.5), (0.54, 0.93))
        for left, right in panes:
            upper.glass(patch(quad, left, right, 0.12, 0.9), outward, strips=3)
    roof = np.array([back[3], back[2], windscreen[3], windscreen[2]])
    upper.add(roof, paint, (0, 0, 1))


def _bed(upper: Assembly, build: _Build) -> None:
    half, length = build.width / 2 * 0.84, build.length
    z = build.tail + 0.004
    upper.add(
        [[-0.48 * length, half, z], [-0.48 * length, -half, z], [-0.12 * length, -half, z], [-0.12 * length, half, z]],
        (40, 40, 40),
        (0, 0, 1),
    )


def _bus(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    length, width, height = (11.0, 2.5, 3.15) if actor.body != "coach" else (11.8, 2.5, 3.5)
    half, paint = width / 2, bgr(actor.colour)
    rear, front = -length / 2, length / 2
    lower = Assembly()
    lower.loft(
        [
            (rear, half * 0.95, 0.4, height - 0.14),
            (rear + 0.1, half, 0.34, height),
            (front - 0.14, half, 0.34, height),
            (front, half * 0.94, 0.4, height - 0.16),
        ],
        paint,
        shoulder=0.93,
    )
    marks = Assembly()
    low, high = 1.25, height - 0.62
    for side in (1.0, -1.0):
        y = side * (half + 0.006)
        count = 8
        for index in range(count):
            x0 = rear + 0.35 + index * (length - 0.8) / count
            x1 = x0 + (length - 0.8) / count - 0.1
            marks.glass(np.array([[x0, y, low], [x1, y, low], [x1, y, high], [x0, y, high]]), (0, side, 0), strips=3)
        _strip(marks, rear + 0.1, front - 0.1, y, 0.95, 1.08, darker(paint, 0.45))
        _strip(marks, rear + 0.1, front - 0.1, y, 0.36, 0.5, TRIM)
        door = np.array(
            [[front - 1.5, y, 0.45], [front - 0.5, y, 0.45], [front - 0.5, y, 2.45], [front - 1.5, y, 2.45]]
        )
        if side < 0:
            marks.add(door, TRIM, (0, side, 0))
            marks.glass(patch(door, 0.08, 0.92, 0.15, 0.95), (0, side, 0))
    back = rear - 0.012
    pane = np.array(
        [[back, half * 0.82, 1.75], [back, -half * 0.82, 1.75], [back, -half * 0.78, 2.62], [back, half * 0.78, 2.62]]
    )
    marks.glass(pane, (-1, 0, 0))
    _slab(marks, back, half * 0.9, 0.42, 0.62, TRIM, -1)
    _slab(marks, back, half * 0.62, 1.0, 1.5, darker(paint, 0.6), -1)
    _rear_lamps(marks, back, half, 0.78, 0.2, 0.5, lit=lit, braking=braking)
    _plate(marks, actor, back - 0.01, 0.72, -1)
    nose = front + 0.012
    screen = np.array(
        [
            [nose, -half * 0.9, 1.15],
            [nose, half * 0.9, 1.15],
            [nose - 0.02, half * 0.88, 2.55],
            [nose - 0.02, -half * 0.88, 2.55],
        ]
    )
    marks.glass(screen, (1, 0, 0), strips=5)
    sign = np.array(
        [[nose, -half * 0.7, 2.62], [nose, half * 0.7, 2.62], [nose, half * 0.7, 2.9], [nose, -half * 0.7, 2.9]]
    )
    marks.add(sign, (30, 30, 30), (1, 0, 0))
    marks.add(patch(sign, 0.2, 0.8, 0.25, 0.75), (40, 150, 230), (1, 0, 0), shaded=False)
    _slab(marks, nose, half * 0.9, 0.42, 0.6, TRIM, 1)
    for side in (-1.0, 1.0):
        corners = [[nose, side * half * z, h] for z, h in ((0.55, 0.7), (0.88, 0.7), (0.88, 0.92), (0.55, 0.92))]
        marks.add(corners, HEAD, (1, 0, 0), glow=HEAD_GLOW if lit else None)
    _plate(marks, actor, nose + 0.01, 0.5, 1)
    axles = (-0.27 * length, 0.28 * length)
    _arches(marks, axles, half, 0.5)
    lamps = tuple(np.array([front, side * half * 0.7, 0.8]) for side in (-1, 1))
    groups = (*_wheels(axles, half, 0.5, 0.3), _under(length, half), *_stack(lower, Assembly(), marks))
    return Solid(groups, length, width, height, axles[1], axles[0], lamps if lit else ())


def _truck(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    length, width, height = 6.6, 2.2, 3.0
    half, paint = width / 2, bgr(actor.colour)
    rear, front = -length / 2, length / 2
    cab_back = front - 1.85
    chassis = Assembly()
    chassis.box((rear + 0.1, -half * 0.7, 0.45), (front - 0.3, half * 0.7, 0.85), (38, 38, 38))
    load = Assembly()
    cover: BGR = (206, 208, 206) if actor.body != "tipper" else (60, 120, 150)
    top = height if actor.body != "tipper" else 2.1
    load.loft(
        [(rear, half * 0.99, 0.85, top), (rear + 0.03, half, 0.85, top), (cab_back - 0.12, half, 0.85, top)],
        cover,
        shoulder=0.98,
    )
    marks = Assembly()
    back = rear - 0.012
    _slab(marks, back, 0.015, 0.9, top - 0.1, (90, 90, 90), -1)
    for y in (-half * 0.5, half * 0.5):
        marks.add(
            [[back, y - 0.02, 0.95], [back, y + 0.02, 0.95], [back, y + 0.02, top - 0.1], [back, y - 0.02, top - 0.1]],
            (110, 110, 112),
            (-1, 0, 0),
        )
    _slab(marks, back, half * 0.95, 0.84, 0.92, (60, 60, 62), -1)
    _slab(marks, back, half * 0.85, 0.4, 0.52, (50, 50, 52), -1)
    _rear_lamps(marks, back, half, 0.6, 0.16, 0.36, lit=lit, braking=braking)
    _plate(marks, actor, back - 0.01, 0.66, -1)
    for side in (-1.0, 1.0):
        for index in range(5):
            x = rear + 0.5 + index * 0.85
            _strip(marks, x, x + 0.05, side * (half + 0.005), 0.9, top - 0.08, darker(cover, 0.8))
    cab = Assembly()
    cab.loft(
        [
            (cab_back, half * 0.9, 0.5, 2.3),
            (cab_back + 0.4, half * 0.92, 0.48, 2.38),
            (front - 0.35, half * 0.92, 0.45, 2.3),
            (front - 0.05, half * 0.9, 0.42, 1.5),
            (front, half * 0.86, 0.42, 1.2),
        ],
        paint,
        shoulder=0.92,
    )
    screen = np.array(
        [
            [front - 0.03, -half * 0.8, 1.42],
            [front - 0.03, half * 0.8, 1.42],
            [front - 0.3, half * 0.76, 2.2],
            [front - 0.3, -half * 0.76, 2.2],
        ]
    )
    cab.glass(screen + np.array([0.03, 0, 0.02]), (1, 0, 0.3))
    for side in (-1.0, 1.0):
        y = side * half * 0.935
        pane = np.array(
            [[cab_back + 0.5, y, 1.4], [front - 0.4, y, 1.4], [front - 0.55, y, 2.1], [cab_back + 0.5, y, 2.1]]
        )
        cab.glass(pane, (0, side, 0), strips=3)
        nose = front + 0.012
        corners = [[nose, side * half * a, h] for a, h in ((0.5, 0.68), (0.82, 0.68), (0.82, 0.88), (0.5, 0.88))]
        cab.add(corners, HEAD, (1, 0, 0), glow=HEAD_GLOW if lit else None)
    _slab(cab, front + 0.012, half * 0.8, 0.44, 0.6, TRIM, 1)
    _slab(cab, front + 0.012, half * 0.45, 0.7, 1.0, (50, 50, 52), 1)
    _plate(cab, actor, front + 0.02, 0.52, 1)
    axles = (-0.24 * length, 0.33 * length)
    _arches(marks, (axles[1],), half * 0.93, 0.45)
    groups = (
        *_wheels(axles, half * 0.96, 0.45, 0.4),
        Group(1, tuple(chassis.faces)),
        Group(2, tuple(cab.faces)),
        Group(2, (*load.faces, *marks.faces), sort=False),
    )
    lamps = tuple(np.array([front, side * half * 0.66, 0.78]) for side in (-1, 1))
    return Solid(groups, length, width, height, axles[1], axles[0], lamps if lit else ())


def _stack(lower: Assembly, upper: Assembly, marks: Assembly) -> tuple[Group, ...]:
    groups = [Group(2, tuple(lower.faces)), Group(3, tuple(marks.faces), sort=False)]
    return (*groups, Group(4, tuple(upper.faces), sort=False)) if upper.faces else tuple(groups)


def _wheels(axles: tuple[float, ...], half: float, radius: float, width: float) -> tuple[Group, ...]:
    groups: list[Group] = []
    for x in axles:
        for side in (-1.0, 1.0):
            wheel = Assembly()
            wheel.wheel(x, side * (half - 0.015), radius, width)
            groups.append(Group(1, tuple(wheel.faces), sort=False))
    return tuple(groups)


def _under(length: float, half: float) -> Group:
    dark = Assembly()
    dark.box((-length * 0.46, -half * 0.9, 0.14), (length * 0.46, half * 0.9, 0.4), (16, 16, 16))
    return Group(0, tuple(dark.faces))


def _arches(marks: Assembly, axles: tuple[float, ...], half: float, radius: float) -> None:
    for x in axles:
        for side in (-1.0, 1.0):
            y = side * (half + 0.006)
            marks.disc(x, y, radius, radius * 1.16, (20, 20, 20), side)
            marks.disc(x, y + side * 0.003, radius, radius * 0.98, (32, 31, 30), side)
            marks.disc(x, y + side * 0.006, radius, radius * 0.66, (140, 140, 138), side)
            marks.disc(x, y + side * 0.009, radius, radius * 0.2, (58, 58, 58), side)


def _rear_lamps(
    marks: Assembly, x: float, half: float, z: float, height: float, width: float, *, lit: bool, braking: bool
) -> None:
    glow = BRAKE_GLOW if braking else TAIL_GLOW if lit else None
    colour: BGR = (50, 44, 235) if braking else TAIL
    for side in (-1.0, 1.0):
        outer, inner = side * half * 0.93, side * (half * 0.93 - width)
        corners = [[x, outer, z], [x, inner, z], [x, inner, z + height], [x, outer, z + height]]
        marks.add(corners, colour, (-1, 0, 0), glow=glow)


def _slab(marks: Assembly, x: float, half: float, low: float, high: float, colour: BGR, side: float) -> None:
    corners = [[x, half, low], [x, -half, low], [x, -half, high], [x, half, high]]
    marks.add(corners, colour, (side, 0, 0))


def _strip(marks: Assembly, x0: float, x1: float, y: float, low: float, high: float, colour: BGR) -> None:
    marks.add([[x0, y, low], [x1, y, low], [x1, y, high], [x0, y, high]], colour, (0, y, 0))


def _plate(marks: Assembly, actor: Actor, x: float, z: float, side: float) -> None:
    if actor.plate is None:
        return
    image: Image = plate_face.plate_face(actor.plate, actor.plate_style, "04.29")
    marks.add(
        plate_corners(x, z, side, plate_face.WIDTH_M, plate_face.HEIGHT_M), (230, 230, 230), (side, 0, 0), texture=image
    )


def plate_corners(x: float, z: float, side: float, width: float, height: float) -> Points:
    """Corners of an upright plate, from the upper left as its reader sees it, clockwise."""
    left = -side * width / 2
    return np.array([[x, left, z + height], [x, -left, z + height], [x, -left, z], [x, left, z]])
