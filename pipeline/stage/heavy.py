"""Buses and trucks as solids."""

from __future__ import annotations

import numpy as np

from pipeline.stage.cast import Actor
from pipeline.stage.colour import BGR, bgr, darker
from pipeline.stage.fittings import TRIM, arches, head_lamps, plate, rear_lamps, slab, strip, under, wheels
from pipeline.stage.solid import Assembly, Group, Limb, Solid, patch

LIGHT: BGR = (214, 218, 218)


def bus(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    """A city bus or a coach."""
    coach = actor.body == "coach"
    length, width, height = (11.8, 2.5, 3.45) if coach else (11.0, 2.5, 3.1)
    half, paint = width / 2, bgr(actor.colour)
    rear, front = -length / 2, length / 2
    hull = Assembly()
    white: BGR = (222, 226, 226)
    hull.loft(
        [
            (rear, half * 0.94, 0.42, height - 0.2),
            (rear + 0.15, half, 0.34, height),
            (front - 0.3, half, 0.34, height),
            (front - 0.08, half * 0.98, 0.36, height - 0.12),
            (front, half * 0.92, 0.42, height - 0.4),
        ],
        paint,
        shoulder=0.9,
        top=white,
    )
    marks = Assembly()
    for side in (1.0, -1.0):
        _bus_side(marks, side, (rear, front), half, height, paint, coach=coach)
    _bus_rear(marks, actor, rear - 0.012, half, height, paint, lit=lit, braking=braking)
    _bus_front(marks, actor, front + 0.012, half, height, lit=lit)
    axles = (-0.27 * length, 0.28 * length)
    arches(marks, axles, half, 0.5)
    roof = Assembly()
    roof.box((-0.3 * length, -half * 0.5, height), (-0.06 * length, half * 0.5, height + 0.2), (196, 198, 198))
    roof.box((0.1 * length, -half * 0.4, height), (0.2 * length, half * 0.4, height + 0.1), (150, 152, 152))
    mirrors = tuple(
        Limb(
            np.array([front + 0.16, s * (half + 0.2), z]),
            np.array([front + 0.16, s * (half + 0.2), z - 0.36]),
            0.1,
            TRIM,
        )
        for s in (-1.0, 1.0)
        for z in (2.3,)
    )
    groups = (
        *wheels(axles, half, 0.5, 0.3),
        under(length, half),
        Group(1, (), (), mirrors),
        Group(2, tuple(hull.faces), tuple(marks.faces)),
        Group(3, tuple(roof.faces)),
    )
    lamps = tuple(np.array([front, side * half * 0.7, 0.8]) for side in (-1, 1))
    return Solid(groups, length, width, height, axles[1], axles[0], lamps if lit else ())


def _bus_side(
    marks: Assembly, side: float, ends: tuple[float, float], half: float, height: float, paint: BGR, *, coach: bool
) -> None:
    rear, front = ends
    y = side * (half + 0.006)
    low, high = (1.55, height - 0.62) if coach else (1.15, height - 0.6)
    strip(marks, rear + 0.08, front - 0.12, y, low - 0.08, height - 0.32, (24, 23, 22))
    count = 9
    step = (front - rear - 0.75) / count
    for index in range(count):
        x0 = rear + 0.3 + index * step
        x1 = x0 + step - 0.07
        pane = np.array([[x0, y, low], [x1, y, low], [x1, y, high], [x0, y, high]])
        marks.glass(pane, (0, side, 0), strips=4, sky=0.9)
    strip(marks, rear + 0.15, front - 0.2, y, 0.78, 0.98, LIGHT if max(paint) < 200 else (40, 40, 160))
    strip(marks, rear + 0.15, front - 0.2, y, 0.36, 0.5, TRIM)
    if side > 0:
        # Left-hand traffic: the doors are on the left.
        for x in (front - 1.5, -0.4):
            door = np.array([[x, y, 0.42], [x + 1.0, y, 0.42], [x + 1.0, y, 2.4], [x, y, 2.4]])
            marks.add(door, TRIM, (0, side, 0))
            marks.glass(patch(door, 0.06, 0.47, 0.06, 0.95), (0, side, 0))
            marks.glass(patch(door, 0.53, 0.94, 0.06, 0.95), (0, side, 0))


def _bus_rear(
    marks: Assembly, actor: Actor, x: float, half: float, height: float, paint: BGR, *, lit: bool, braking: bool
) -> None:
    low, high = height - 1.2, height - 0.42
    frame = np.array([[x, half * 0.86, low], [x, -half * 0.86, low], [x, -half * 0.8, high], [x, half * 0.8, high]])
    marks.add(frame, (24, 24, 24), (-1, 0, 0))
    marks.glass(patch(frame, 0.03, 0.97, 0.05, 0.95), (-1, 0, 0), strips=5, sky=0.8)
    slab(marks, x, half * 0.6, 1.0, 1.45, (34, 34, 36), -1)
    for z in (1.08, 1.17, 1.26, 1.35):
        slab(marks, x - 0.004, half * 0.57, z, z + 0.035, (84, 84, 86), -1)
    slab(marks, x, half * 0.84, 1.5, low - 0.12, LIGHT if max(paint) < 200 else (40, 40, 160), -1)
    slab(marks, x - 0.004, half * 0.5, 1.56, low - 0.2, darker(paint, 0.7), -1)
    slab(marks, x, half * 0.93, 0.42, 0.66, TRIM, -1)
    rear_lamps(marks, x - 0.004, half, 0.72, (0.7, 0.13), lit=lit, braking=braking)
    rear_lamps(marks, x - 0.004, half, height - 0.42, (0.1, 0.22), lit=lit, braking=braking, indicator=False)
    plate(marks, actor, x - 0.014, 0.74, -1)


def _bus_front(marks: Assembly, actor: Actor, x: float, half: float, height: float, *, lit: bool) -> None:
    top = height - 0.34
    screen = np.array([[x, -half * 0.95, 0.98], [x, half * 0.95, 0.98], [x, half * 0.9, top], [x, -half * 0.9, top]])
    marks.add(screen, (22, 22, 22), (1, 0, 0))
    marks.glass(patch(screen, 0.03, 0.49, 0.04, 0.82), (1, 0, 0), strips=6, sky=1.0)
    marks.glass(patch(screen, 0.51, 0.97, 0.04, 0.82), (1, 0, 0), strips=6, sky=1.0)
    marks.add(patch(screen, 0.2, 0.8, 0.86, 0.97), (40, 150, 230), (1, 0, 0), shaded=False)
    for left in (0.06, 0.56):
        marks.add(patch(screen, left, left + 0.3, 0.05, 0.075), (60, 60, 60), (1, 0, 0), shaded=False)
    slab(marks, x, half * 0.93, 0.42, 0.62, TRIM, 1)
    slab(marks, x, half * 0.34, 0.68, 0.9, (50, 50, 52), 1)
    head_lamps(marks, x + 0.004, (half * 0.66, half * 0.88), (0.68, 0.84), lit=lit)
    plate(marks, actor, x + 0.014, 0.47, 1)


def truck(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    """A lorry with a box, or with an open tipping body."""
    length, width = 6.6, 2.2
    half, paint = width / 2, bgr(actor.colour)
    rear, front = -length / 2, length / 2
    cab_back = front - 1.85
    chassis = Assembly()
    chassis.box((rear + 0.15, -half * 0.45, 0.55), (front - 0.3, half * 0.45, 0.95), (36, 36, 36))
    body, height = (_tipper if actor.body == "tipper" else _box)(paint, (rear, cab_back - 0.12), half)
    marks = Assembly()
    back = rear + 0.1
    slab(marks, back, half * 0.93, 0.72, 0.9, (48, 48, 50), -1)
    slab(marks, back, half * 0.9, 0.42, 0.5, (120, 120, 122), -1)
    rear_lamps(marks, back - 0.004, half, 0.73, (0.15, 0.36), lit=lit, braking=braking)
    plate(marks, actor, back - 0.014, 0.745, -1)
    for side in (-1.0, 1.0):
        flap = [[back, side * half * 0.9, 0.2], [back, side * half * 0.42, 0.2], [back, side * half * 0.42, 0.72]]
        marks.add([*flap, [back, side * half * 0.9, 0.72]], (24, 24, 24), (-1, 0, 0))
    axles = (-0.22 * length, 0.34 * length)
    groups = (
        *wheels(axles, half * 0.97, 0.46, 0.5),
        Group(1, tuple(chassis.faces), tuple(marks.faces)),
        _cab(actor, paint, (cab_back, front), half, lit=lit),
        body,
    )
    lamps = tuple(np.array([front, side * half * 0.66, 0.78]) for side in (-1, 1))
    return Solid(groups, length, width, height, axles[1], axles[0], lamps if lit else ())


def _box(paint: BGR, ends: tuple[float, float], half: float) -> tuple[Group, float]:
    rear, front = ends
    low, high = 0.98, 3.0
    load = Assembly()
    load.box((rear, -half, low), (front, half, high), LIGHT)
    marks = Assembly()
    back = rear - 0.012
    slab(marks, back, half, low, high, (120, 122, 124), -1)
    for side in (-1.0, 1.0):
        door = np.array(
            [
                [back - 0.004, side * half * y, z]
                for y, z in ((0.95, low + 0.1), (0.02, low + 0.1), (0.02, high - 0.1), (0.95, high - 0.1))
            ]
        )
        marks.add(door, (206, 209, 210), (-1, 0, 0))
        for share in (0.25, 0.62):
            bar = patch(door, share, share + 0.05, 0.02, 0.98)
            marks.add(bar, (96, 98, 100), (-1, 0, 0))
        marks.add(patch(door, 0.0, 1.0, 0.0, 0.05), (40, 40, 190), (-1, 0, 0))
        marks.add(patch(door, 0.3, 0.9, 0.45, 0.62), darker(paint, 0.8), (-1, 0, 0))
        y = side * (half + 0.006)
        strip(marks, rear, front, y, low, low + 0.12, (90, 92, 94))
        strip(marks, rear + 0.4, front - 0.4, y, 1.7, 2.3, paint)
        for index in range(6):
            x = rear + 0.15 + index * (front - rear - 0.3) / 5
            strip(marks, x - 0.02, x + 0.02, y + side * 0.003, low, high, (150, 152, 152))
    return Group(2, tuple(load.faces), tuple(marks.faces)), high


def _tipper(paint: BGR, ends: tuple[float, float], half: float) -> tuple[Group, float]:
    rear, front = ends
    low, high = 0.95, 1.85
    wood: BGR = darker((88, 132, 160), 0.8)
    load = Assembly()
    load.box((rear, -half, low), (front, half, high), darker(paint, 0.85))
    marks = Assembly()
    inner = [
        [rear + 0.08, -half + 0.08],
        [front - 0.08, -half + 0.08],
        [front - 0.08, half - 0.08],
        [rear + 0.08, half - 0.08],
    ]
    marks.add([[x, y, high + 0.004] for x, y in inner], (62, 78, 92), (0, 0, 1))
    marks.add([[0.55 * x - 0.4, 0.6 * y, high + 0.006] for x, y in inner], (92, 116, 134), (0, 0, 1))
    back = rear - 0.012
    tail = np.array(
        [[back, half * 0.97, low], [back, -half * 0.97, low], [back, -half * 0.97, high], [back, half * 0.97, high]]
    )
    for index in range(4):
        plank = patch(tail, 0.03, 0.97, 0.04 + 0.24 * index, 0.24 + 0.24 * index)
        marks.add(plank, wood if index % 2 else darker(wood, 1.15), (-1, 0, 0))
    for share in (0.0, 0.32, 0.64, 0.96):
        marks.add(patch(tail, share, share + 0.05, 0, 1), darker(paint, 0.7), (-1, 0, 0))
    for side in (-1.0, 1.0):
        y = side * (half + 0.006)
        for index in range(4):
            z = low + 0.04 + index * 0.22
            strip(marks, rear + 0.05, front - 0.05, y, z, z + 0.18, wood if index % 2 else darker(wood, 1.15))
        for index in range(6):
            x = rear + 0.05 + index * (front - rear - 0.15) / 5
            strip(marks, x, x + 0.08, y + side * 0.003, low, high, darker(paint, 0.75))
    return Group(2, tuple(load.faces), tuple(marks.faces)), 2.35


def _cab(actor: Actor, paint: BGR, ends: tuple[float, float], half: float, *, lit: bool) -> Group:
    back, front = ends
    cab = Assembly()
    cab.loft(
        [
            (back, half * 0.9, 0.5, 2.24),
            (back + 0.4, half * 0.93, 0.48, 2.35),
            (front - 0.42, half * 0.93, 0.45, 2.3),
            (front - 0.1, half * 0.92, 0.42, 1.55),
            (front, half * 0.88, 0.42, 1.15),
        ],
        paint,
        shoulder=0.92,
    )
    marks = Assembly()
    screen = np.array(
        [
            [front - 0.06, -half * 0.84, 1.36],
            [front - 0.06, half * 0.84, 1.36],
            [front - 0.36, half * 0.8, 2.2],
            [front - 0.36, -half * 0.8, 2.2],
        ]
    ) + np.array([0.06, 0, 0.02])
    marks.add(screen, (22, 22, 22), (1, 0, 0.3))
    marks.glass(patch(screen, 0.03, 0.97, 0.05, 0.93), (1, 0, 0.3), strips=6, sky=1.2)
    nose = front + 0.012
    slab(marks, nose, half * 0.84, 0.42, 0.62, TRIM, 1)
    slab(marks, nose, half * 0.5, 0.7, 0.98, (40, 40, 42), 1)
    for z in (0.76, 0.84, 0.92):
        slab(marks, nose + 0.003, half * 0.48, z, z + 0.03, (150, 152, 154), 1)
    head_lamps(marks, nose + 0.004, (half * 0.54, half * 0.84), (0.7, 0.9), lit=lit)
    plate(marks, actor, nose + 0.014, 0.46, 1)
    for side in (-1.0, 1.0):
        y = side * (half * 0.94)
        pane = np.array(
            [[back + 0.45, y, 1.38], [front - 0.25, y, 1.38], [front - 0.5, y, 2.12], [back + 0.45, y, 2.12]]
        )
        marks.glass(pane, (0, side, 0), strips=3)
    arches(marks, (front - 1.05,), half * 0.93, 0.46)
    mirrors = tuple(
        Limb(
            np.array([front - 0.1, s * (half + 0.12), 2.0]), np.array([front - 0.1, s * (half + 0.12), 1.7]), 0.07, TRIM
        )
        for s in (-1.0, 1.0)
    )
    return Group(2, tuple(cab.faces), tuple(marks.faces), mirrors)
