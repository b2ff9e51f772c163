"""Heads without a helmet: a ball is no head, and a network that was taught people's heads takes it for a helmet."""

from __future__ import annotations

import numpy as np

from pipeline.stage.cast import Rider
from pipeline.stage.colour import BGR, bgr, darker
from pipeline.stage.solid import Limb, Points

SKIN: BGR = (110, 150, 205)
SHADED: BGR = (70, 100, 150)
HAIR: BGR = (22, 22, 26)
WHITE: BGR = (235, 235, 240)
LIPS: BGR = (70, 70, 150)


def bare_head(middle: Points, who: Rider) -> list[Limb]:
    """Face, ears, neck, and what is on the head: hair, a hijab or a cap.

    Args:
        middle: Of the head, in the body's metres; it looks along x.
        who: Whose it is.
    """
    cloth = bgr(who.cloth)
    neck = Limb(middle - _at(0.03, 0, 0.16), middle - _at(0.02, 0, 0.06), 0.065, SHADED)
    if who.headwear == "hijab":
        face = middle + _at(0.06, 0, -0.015)
        return [neck, Limb(middle, middle, 0.135, cloth), Limb(face, face, 0.085, SKIN), *_face(middle)]
    skull = Limb(middle, middle - _at(0, 0, 0.03), 0.108, SKIN)
    head = [neck, skull, *_face(middle), *_ears(middle)]
    if who.headwear == "cap":
        cap, brim = middle + _at(-0.01, 0, 0.045), middle + _at(0.13, 0, 0.045)
        nape = middle + _at(-0.035, 0, -0.02)
        return [
            *head,
            Limb(nape, nape, 0.08, HAIR),
            Limb(cap, cap, 0.115, cloth),
            Limb(cap, brim, 0.04, darker(cloth, 0.8)),
        ]
    return [*head, *_hair(middle)]


def _at(x: float, y: float, z: float) -> Points:
    return np.array([x, y, z], np.float64)


def _spot(place: Points, radius_m: float, colour: BGR) -> Limb:
    return Limb(place, place, radius_m, colour)


def _face(middle: Points) -> list[Limb]:
    parts: list[Limb] = []
    for side in (1.0, -1.0):
        parts += [
            _spot(middle + _at(0.098, side * 0.04, 0.012), 0.017, WHITE),
            _spot(middle + _at(0.112, side * 0.04, 0.01), 0.012, HAIR),
            Limb(middle + _at(0.1, side * 0.022, 0.04), middle + _at(0.092, side * 0.062, 0.042), 0.008, HAIR),
        ]
    nose = Limb(middle + _at(0.112, 0, 0), middle + _at(0.125, 0, -0.025), 0.014, SKIN)
    mouth = Limb(middle + _at(0.098, 0.03, -0.06), middle + _at(0.098, -0.03, -0.06), 0.009, LIPS)
    return [*parts, nose, mouth, _spot(middle + _at(0.06, 0, -0.09), 0.05, SKIN)]


def _ears(middle: Points) -> list[Limb]:
    return [
        Limb(middle + _at(0, side * 0.11, 0.01), middle + _at(0, side * 0.11, -0.025), 0.018, SHADED)
        for side in (1.0, -1.0)
    ]


def _hair(middle: Points) -> list[Limb]:
    sides = [
        Limb(middle + _at(-0.02, side * 0.085, 0.05), middle + _at(-0.02, side * 0.085, 0), 0.04, HAIR)
        for side in (1.0, -1.0)
    ]
    fringe = Limb(middle + _at(0.055, 0.05, 0.085), middle + _at(0.055, -0.05, 0.085), 0.035, HAIR)
    return [Limb(middle + _at(-0.03, 0, 0.045), middle + _at(-0.04, 0, 0), 0.112, HAIR), fringe, *sides]
