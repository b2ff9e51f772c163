"""Motorcycles, bicycles, those who sit on them, and those who walk."""

from __future__ import annotations

import math

import numpy as np

from pipeline.stage import plate_face
from pipeline.stage.cast import Actor, Rider
from pipeline.stage.colour import BGR, bgr, darker
from pipeline.stage.faces import bare_head
from pipeline.stage.fittings import BRAKE_GLOW, HEAD, HEAD_GLOW, TAIL, TAIL_GLOW, plate_corners
from pipeline.stage.solid import Assembly, Group, Limb, Points, Solid

SKIN: BGR = (96, 132, 186)
JEANS: BGR = (92, 62, 44)
HELMETS: tuple[BGR, ...] = ((40, 40, 44), (40, 36, 170), (230, 230, 232), (150, 84, 36))
Head = tuple[Points, float, bool]
CHILD = 0.62
"""Size of a child beside a grown-up."""
VEST: BGR = (60, 230, 190)
POLICE: BGR = (62, 62, 70)


def two_wheeler(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    """A motorcycle or bicycle with its riders."""
    return _bicycle(actor) if actor.kind == "bicycle" else _motorcycle(actor, lit=lit, braking=braking)


def _point(x: float, y: float, z: float) -> Points:
    return np.array([x, y, z], np.float64)


def _motorcycle(actor: Actor, *, lit: bool, braking: bool) -> Solid:
    paint = bgr(actor.colour)
    tail, nose = Assembly(), Assembly()
    tail.loft(
        [(-0.84, 0.06, 0.66, 0.78), (-0.6, 0.12, 0.54, 0.82), (-0.1, 0.15, 0.34, 0.76), (0.12, 0.13, 0.28, 0.5)], paint
    )
    # The shield before the legs is wide at the knees and narrow at the feet.
    nose.loft([(0.3, 0.13, 0.3, 0.7), (0.42, 0.12, 0.36, 0.72), (0.5, 0.07, 0.46, 0.72)], paint)
    nose.loft(
        [(0.28, 0.25, 0.66, 0.98), (0.4, 0.24, 0.66, 1.06), (0.54, 0.15, 0.7, 1.06), (0.62, 0.09, 0.74, 0.98)], paint
    )
    rear_marks, front_marks = Assembly(), Assembly()
    rear_marks.loft([(-0.72, 0.1, 0.8, 0.86), (-0.3, 0.16, 0.76, 0.85), (0.1, 0.12, 0.68, 0.78)], (30, 30, 32))
    glow = BRAKE_GLOW if braking else TAIL_GLOW if lit else None
    _upright(rear_marks, -0.875, (-0.12, 0.12), (0.69, 0.8), TAIL, -1, glow)
    for side in (-1.0, 1.0):
        _upright(rear_marks, -0.87, (side * 0.16 - 0.04, side * 0.16 + 0.04), (0.69, 0.77), (30, 130, 235), -1, None)
        _upright(front_marks, 0.63, (side * 0.14 - 0.04, side * 0.14 + 0.04), (0.74, 0.86), (30, 130, 235), 1, None)
    _upright(rear_marks, -0.88, (-0.09, 0.09), (0.46, 0.67), (26, 26, 28), -1, None)
    _upright(front_marks, 0.64, (-0.1, 0.1), (0.74, 0.94), HEAD, 1, HEAD_GLOW if lit else None)
    if actor.plate:
        image = plate_face.plate_face(actor.plate, actor.plate_style, actor.expiry)
        size = plate_face.MOTORCYCLE_WIDTH_M, plate_face.MOTORCYCLE_HEIGHT_M
        rear_marks.add(plate_corners(-0.89, 0.5, -1, *size), (230, 230, 230), (-1, 0, 0), texture=image)
        front_marks.add(plate_corners(0.65, 0.6, 1, *size), (230, 230, 230), (1, 0, 0), texture=image)
    dark: BGR = (40, 40, 42)
    bars = [
        Limb(_point(0.42, 0.34, 1.08), _point(0.42, -0.34, 1.08), 0.035, dark),
        Limb(_point(0.5, 0.09, 0.8), _point(0.62, 0.09, 0.32), 0.032, (150, 150, 152)),
        Limb(_point(0.5, -0.09, 0.8), _point(0.62, -0.09, 0.32), 0.032, (150, 150, 152)),
        Limb(_point(0.5, 0, 0.62), _point(0.78, 0, 0.6), 0.075, paint),
    ]
    for side in (-1.0, 1.0):
        bars.append(Limb(_point(0.42, side * 0.28, 1.08), _point(0.4, side * 0.42, 1.25), 0.018, dark))
        bars.append(Limb(_point(0.4, side * 0.38, 1.26), _point(0.4, side * 0.48, 1.27), 0.06, dark))
    exhaust = (
        Limb(_point(-0.8, -0.23, 0.44), _point(-0.15, -0.2, 0.32), 0.085, (128, 128, 130)),
        Limb(_point(-0.83, -0.23, 0.45), _point(-0.82, -0.23, 0.45), 0.055, (20, 20, 20)),
    )
    riders, heads = _seated(actor.riders, seat_m=0.86, hands=(0.4, 0.3, 1.08), feet=(0.12, 0.22, 0.32))
    groups = (
        *(_wheel(x, 0.31, 0.15) for x in (-0.62, 0.62)),
        Group(2, tuple(tail.faces), tuple(rear_marks.faces), exhaust),
        Group(2, tuple(nose.faces), tuple(front_marks.faces), tuple(bars)),
        *((Group(2, (), (), _child_seat()),) if actor.child_seat else ()),
        Group(2, (), (), tuple(limb for rider in riders for limb in rider)),
    )
    return Solid(groups, 1.92, 0.8, 1.7, 0.62, -0.62, (_point(0.57, 0, 0.8),) if lit else (), heads, riders)


def _upright(
    marks: Assembly,
    x: float,
    across: tuple[float, float],
    up: tuple[float, float],
    colour: BGR,
    side: float,
    glow: BGR | None,
) -> None:
    (y0, y1), (z0, z1) = across, up
    marks.add([[x, y1, z0], [x, y0, z0], [x, y0, z1], [x, y1, z1]], colour, (side, 0, 0), glow=glow)


def _bicycle(actor: Actor) -> Solid:
    paint = bgr(actor.colour)
    frame = tuple(
        Limb(_point(*start), _point(*end), 0.025, paint)
        for start, end in (
            ((-0.5, 0, 0.34), (-0.12, 0, 0.3)),
            ((-0.12, 0, 0.3), (-0.2, 0, 0.88)),
            ((-0.12, 0, 0.3), (0.36, 0, 0.82)),
            ((-0.17, 0, 0.72), (0.36, 0, 0.82)),
            ((-0.5, 0, 0.34), (-0.17, 0, 0.72)),
            ((0.34, 0, 0.95), (0.5, 0, 0.34)),
            ((0.3, 0.26, 1.0), (0.3, -0.26, 1.0)),
        )
    )
    riders, heads = _seated(actor.riders[:1], seat_m=0.94, hands=(0.3, 0.24, 1.02), feet=(0.0, 0.12, 0.22))
    limbs = tuple(limb for rider in riders for limb in rider)
    groups = (*(_wheel(x, 0.34, 0.035) for x in (-0.5, 0.5)), Group(2, (), (), frame), Group(3, (), (), limbs))
    return Solid(groups, 1.72, 0.6, 1.75, 0.5, -0.5, (), heads, riders)


def _wheel(x: float, radius: float, width: float) -> Group:
    """A narrow wheel in the middle plane; both sides show."""
    wheel = Assembly()
    turn = np.linspace(0, 2 * np.pi, 19)[:-1]
    rims = [
        np.stack([x + radius * np.cos(turn), np.full(18, side * width / 2), radius + radius * np.sin(turn)], axis=1)
        for side in (1.0, -1.0)
    ]
    for index in range(18):
        nxt = (index + 1) % 18
        middle = (rims[0][index] + rims[0][nxt]) / 2 - np.array([x, 0, radius])
        quad = [rims[0][index], rims[0][nxt], rims[1][nxt], rims[1][index]]
        wheel.add(quad, (30, 30, 30), (middle[0], 0, middle[2]))
    for side, rim in ((1.0, rims[0]), (-1.0, rims[1])):
        wheel.add(rim, (30, 30, 30), (0, side, 0))
        wheel.disc(x, side * (width / 2 + 0.003), radius, radius * 0.72, (120, 120, 120), side)
        wheel.disc(x, side * (width / 2 + 0.006), radius, radius * 0.3, (60, 60, 60), side)
    return Group(1, (), tuple(wheel.faces))


def _seated(
    riders: tuple[Rider, ...], *, seat_m: float, hands: tuple[float, float, float], feet: tuple[float, float, float]
) -> tuple[tuple[tuple[Limb, ...], ...], tuple[Head, ...]]:
    people: list[tuple[Limb, ...]] = []
    heads: list[Head] = []
    for number, rider in enumerate(riders):
        cloth, back = bgr(rider.colour), -0.2 - 0.34 * number
        hip, chest = _point(back, 0, seat_m + 0.06), _point(back + 0.1, 0, seat_m + 0.5)
        limbs = [Limb(hip, chest, 0.19, cloth)]
        limbs.append(Limb(chest + _point(0, 0.13, 0.02), chest + _point(0, -0.13, 0.02), 0.1, cloth))
        for side in (1.0, -1.0):
            knee = _point(back + 0.42, side * 0.22, seat_m - 0.14)
            foot = _point(back + 0.12 + feet[0], side * feet[1], feet[2])
            limbs += [Limb(hip + _point(0, side * 0.1, 0), knee, 0.085, JEANS), Limb(knee, foot, 0.06, JEANS)]
            limbs.append(Limb(foot, foot + _point(0.14, 0, -0.02), 0.045, (30, 30, 34)))
            shoulder = chest + _point(0, side * 0.2, 0.03)
            hand = (
                _point(hands[0], side * hands[1], hands[2])
                if number == 0
                else _point(back + 0.36, side * 0.2, seat_m + 0.3)
            )
            elbow = (shoulder + hand) / 2 + _point(-0.04, side * 0.07, -0.1)
            limbs += [Limb(shoulder, elbow, 0.06, cloth), Limb(elbow, hand, 0.045, SKIN if number == 0 else cloth)]
        radius = 0.15 if rider.helmet else 0.135 if rider.headwear == "hijab" else 0.125
        middle = chest + _point(0.06, 0, 0.3)
        head = _head(middle, rider, number)
        if rider.child:
            limbs = [_smaller(limb, hip, hip, CHILD) for limb in limbs]
            lower = hip + CHILD * (middle - hip)
            # A child's head is large beside its body.
            head = [_smaller(limb, middle, lower, CHILD * 1.2) for limb in head]
            middle, radius = lower, CHILD * radius * 1.2
        limbs += head
        heads.append((middle, radius, rider.helmet))
        people.append(tuple(limbs))
    return tuple(people), tuple(heads)


def _smaller(limb: Limb, about: Points, place: Points, size: float) -> Limb:
    """A child's limb: as it was about one point, now smaller about another."""
    start, end = place + size * (limb.start - about), place + size * (limb.end - about)
    return Limb(start, end, size * limb.radius_m, limb.colour)


def _head(middle: Points, who: Rider, number: int) -> list[Limb]:
    neck = Limb(middle - _point(0.02, 0, 0.2), middle, 0.06, SKIN)
    cloth = bgr(who.cloth)
    scarf: list[Limb] = []
    if who.headwear == "hijab":
        # It falls over neck and shoulders.
        scarf = [
            Limb(middle - _point(0.02, 0, 0.1), middle - _point(0.06, 0, 0.22), 0.125, cloth),
            Limb(middle - _point(0.03, 0.1, 0.27), middle - _point(0.03, -0.1, 0.27), 0.1, darker(cloth, 0.9)),
        ]
    if who.helmet:
        shell = HELMETS[number % len(HELMETS)]
        visor = middle + _point(0.075, 0, -0.01)
        covers = [Limb(middle, middle, 0.15, shell), Limb(visor, visor, 0.085, darker((60, 56, 52), 0.9))]
        return [neck, *scarf, *covers]
    return [*scarf, *bare_head(middle, who)]


def _child_seat() -> tuple[Limb, ...]:
    """An empty seat for a child behind the rider: padded back and sides, and a bar."""
    pad: BGR = (150, 90, 200)
    return (
        Limb(_point(-0.66, 0.13, 1.0), _point(-0.66, -0.13, 1.0), 0.07, pad),
        Limb(_point(-0.68, 0.12, 1.22), _point(-0.68, -0.12, 1.22), 0.06, darker(pad, 0.9)),
        Limb(_point(-0.62, 0.16, 1.0), _point(-0.42, 0.16, 1.06), 0.035, (60, 60, 62)),
        Limb(_point(-0.62, -0.16, 1.0), _point(-0.42, -0.16, 1.06), 0.035, (60, 60, 62)),
    )


def walker(actor: Actor, travelled_m: float, at_s: float, *, moving: bool) -> Solid:
    """A person on foot, with the legs where the way so far has brought them; an officer waves.

    Args:
        actor: Colour of the clothes, and the role.
        travelled_m: Metres walked, which turn the legs.
        at_s: Seconds of the clip, which move a waving arm.
        moving: Standing people keep their legs together.
    """
    swing = 0.26 * math.sin(2 * math.pi * travelled_m / 1.3) if moving else 0.03
    officer = actor.role == "officer"
    cloth, legs = (VEST, POLICE) if officer else (bgr(actor.colour), JEANS)
    sleeve = POLICE if officer else cloth
    hip, chest = _point(0, 0, 0.92), _point(0.02, 0, 1.36)
    limbs = [Limb(hip, chest, 0.16, cloth), Limb(chest + _point(0, 0.12, 0), chest + _point(0, -0.12, 0), 0.09, cloth)]
    for side in (1.0, -1.0):
        reach = swing * side
        knee, foot = _point(0.5 * reach + 0.03, side * 0.09, 0.5), _point(reach, side * 0.09, 0.07)
        limbs += [Limb(hip + _point(0, side * 0.08, 0), knee, 0.085, legs), Limb(knee, foot, 0.06, legs)]
        limbs.append(Limb(foot, foot + _point(0.14, 0, -0.02), 0.045, (30, 30, 34)))
        shoulder, elbow = chest + _point(0, side * 0.19, 0.02), _point(-0.4 * reach, side * 0.25, 1.12)
        hand = _point(-0.7 * reach + 0.05, side * 0.24, 0.9)
        if officer:
            beat = 0.25 * math.sin(2 * math.pi * 0.9 * at_s)
            elbow = chest + _point(0.1, side * 0.45, 0.08)
            hand = elbow + (_point(0.05, side * (0.14 + beat), 0.3) if side > 0 else _point(0.05, side * 0.34, 0.02))
        limbs += [Limb(shoulder, elbow, 0.055, sleeve), Limb(elbow, hand, 0.042, sleeve if officer else SKIN)]
    who = Rider(helmet=False, headwear="cap", cloth="white") if officer else Rider(helmet=False)
    limbs += _head(_point(0.03, 0, 1.62), who, 0)
    return Solid((Group(2, (), (), tuple(limbs)),), 0.45, 0.55, 1.75, 0.0, 0.0, people=(tuple(limbs),))
