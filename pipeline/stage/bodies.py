"""Cars as solids: hull, cabin, glass, wheels, lamps and plates; and which body an actor has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.stage.cast import Actor, Body
from pipeline.stage.colour import BGR, NAMES, bgr, darker
from pipeline.stage.fittings import HEAD, HEAD_GLOW, TRIM, arches, plate, rear_lamps, slab, strip, under, wheels
from pipeline.stage.heavy import bus, truck
from pipeline.stage.solid import Assembly, Group, Solid, patch


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
        return bus(actor, lit=lit, braking=braking)
    if actor.kind == "truck":
        return truck(actor, lit=lit, braking=braking)
    return _car(actor, lit=lit, braking=braking)


def _car(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    ambulance = actor.role == "ambulance"
    build = _CARS["van" if ambulance else actor.body or "mpv"]
    paint = NAMES["white"] if ambulance else bgr(actor.colour)
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
    rear_lamps(marks, back, half, build.tail * 0.66, (0.22, 0.26), lit=lit, braking=braking)
    slab(marks, back, half * 0.88, 0.3, 0.47, TRIM, -1)
    slab(marks, back, half * 0.42, build.tail * 0.72 + 0.16, build.tail * 0.72 + 0.2, (168, 170, 172), -1)
    plate(marks, actor, back - 0.01, build.tail * 0.72, -1)
    nose = front + 0.012
    slab(marks, nose, half * 0.52, build.bonnet - 0.42, build.bonnet - 0.3, (36, 36, 36), 1)
    slab(marks, nose, half * 0.74, 0.28, 0.4, TRIM, 1)
    for side in (-1.0, 1.0):
        y0, y1 = side * half * 0.5, side * half * 0.84
        z0, z1 = build.bonnet - 0.36, build.bonnet - 0.2
        corners = [[nose, y0, z0], [nose - 0.1, y1, z0], [nose - 0.12, y1, z1], [nose - 0.03, y0, z1]]
        marks.add(corners, HEAD, (1, 0, 0), glow=HEAD_GLOW if lit else None)
    plate(marks, actor, nose + 0.01, 0.5, 1)
    if ambulance:
        _ambulance(upper, marks, build)
    axles = (-0.3 * length, 0.31 * length)
    arches(marks, axles, half, build.wheel)
    for side in (-1.0, 1.0):
        strip(marks, rear + 0.3, front - 0.5, side * (half + 0.004), 0.24, 0.34, TRIM)
        for x in (-0.02 * length, 0.17 * length):
            strip(marks, x, x + 0.02, side * (half + 0.004), 0.36, build.belt * 0.95, darker(paint, 0.55))
    lamps = tuple(np.array([front, side * half * 0.68, build.bonnet - 0.28]) for side in (-1, 1))
    return Solid(
        (
            *wheels(axles, half, build.wheel, 0.2),
            under(length, half),
            Group(2, tuple(lower.faces), tuple(marks.faces)),
            Group(3, (), tuple(upper.faces)),
        ),
        length,
        build.width,
        build.height,
        axles[1],
        axles[0],
        lamps if lit else (),
    )


def _ambulance(upper: Assembly, marks: Assembly, build: _Build) -> None:
    """Red bands round the body and beacons on the roof."""
    half, length, high = build.width / 2, build.length, build.height
    for side in (-1.0, 1.0):
        y = side * (half + 0.008)
        strip(marks, -0.48 * length, 0.44 * length, y, build.belt - 0.24, build.belt - 0.08, (40, 36, 190))
    slab(marks, -length / 2 - 0.016, half * 0.92, build.tail * 0.55, build.tail * 0.64, (40, 36, 190), -1)
    bar = (0.05 * length, 0.13 * length)
    for low, top, colour, glow in (
        (-0.62, -0.06, (200, 70, 30), (255, 120, 60)),
        (0.06, 0.62, (40, 36, 190), (70, 60, 255)),
    ):
        corners = [[bar[0], half * low], [bar[1], half * low], [bar[1], half * top], [bar[0], half * top]]
        upper.box((bar[0], half * low, high), (bar[1], half * top, high + 0.16), colour)
        upper.add([[x, y, high + 0.17] for x, y in corners], colour, (0, 0, 1), glow=glow)


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
        upper.add(patch(quad, 0.05, 0.95, 0.07, 0.93), (22, 22, 22), outward)
        upper.glass(patch(quad, 0.08, 0.92, 0.11, 0.89), outward, strips=8, sky=1.35)
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
