"""What stands beside the road: houses, trees, poles; and the signal heads."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.colour import BGR, darker
from pipeline.stage.lens import Lens, Points
from pipeline.stage.painter import Canvas, Painter, fill
from pipeline.stage.solid import patch
from pipeline.stage.specification import Shine, Specification, StageSignal

WALLS: tuple[BGR, ...] = ((188, 204, 214), (170, 186, 200), (206, 214, 218), (150, 176, 204), (196, 190, 180))
ROOFS: tuple[BGR, ...] = ((62, 78, 136), (70, 72, 80), (58, 66, 110))
LEAVES: BGR = (52, 104, 70)
LIT: dict[Shine, BGR] = {"red": (40, 40, 250), "yellow": (30, 190, 252), "green": (150, 240, 60), "off": (0, 0, 0)}
UNLIT: dict[Shine, BGR] = {"red": (26, 24, 52), "yellow": (24, 44, 52), "green": (34, 46, 26), "off": (0, 0, 0)}
LAMP_PITCH = 1.15
"""Distance between the middles of two lamps, in diameters."""
KEEP_CLEAR_M = 6.0


def paint_surroundings(
    canvas: Canvas, painter: Painter, specification: Specification, random: np.random.Generator
) -> None:
    """Houses and trees on both sides, the farthest first."""
    road = specification.road
    west, east = road.lanes[0].west_m - 3.4, road.lanes[-1].east_m + 3.4
    night = specification.light.time == "night"
    things: list[tuple[float, str, float, float]] = []
    for side, edge in ((-1.0, west), (1.0, east)):
        north = painter.lens.place[1] + 4.0
        while north < road.to_m + 40:
            depth = random.uniform(7, 12)
            if not _on_cross_road(specification, north, depth):
                kind = "house" if random.random() < 0.62 else "tree"
                back = random.uniform(1.5, 4.0) if kind == "house" else random.uniform(0.3, 2.0)
                things.append((north + depth / 2, kind, edge + side * back, side))
            north += depth + random.uniform(1, 5)
    for north, kind, edge, side in sorted(things, key=lambda thing: -thing[0]):
        if kind == "house":
            _house(canvas, painter, edge, north, side, random, night=night)
        else:
            _tree(canvas, painter, np.array([edge, north, 0.0]), random)


def _on_cross_road(specification: Specification, north: float, depth: float) -> bool:
    cross = specification.road.cross_road
    return cross is not None and north + depth > cross.from_m - KEEP_CLEAR_M and north < cross.to_m + KEEP_CLEAR_M


def _house(
    canvas: Canvas,
    painter: Painter,
    edge: float,
    north: float,
    side: float,
    random: np.random.Generator,
    *,
    night: bool,
) -> None:
    depth, high, wide = random.uniform(6, 10), random.uniform(3.2, 8.5), random.uniform(6, 9)
    wall, roof = WALLS[random.integers(len(WALLS))], ROOFS[random.integers(len(ROOFS))]
    far = edge + side * wide
    south, end = north - depth / 2, north + depth / 2
    street = np.array([[edge, south, 0], [edge, end, 0], [edge, end, high], [edge, south, high]])
    front = np.array([[edge, south, 0], [far, south, 0], [far, south, high], [edge, south, high]])
    top = np.array([[edge, south, high], [edge, end, high], [far, end, high], [far, south, high]])
    if painter.lens.place[2] > high:
        _plane(canvas, painter, top, roof, np.array([0.0, 0.0, 1.0]))
    for quad, normal in ((street, np.array([-side, 0.0, 0.0])), (front, np.array([0.0, -1.0, 0.0]))):
        _plane(canvas, painter, quad, wall, normal)
        floors = max(1, int(high // 3))
        for floor in range(floors):
            for column in range(3):
                low = (floor + 0.35) / floors
                pane = patch(quad, 0.1 + 0.3 * column, 0.28 + 0.3 * column, low, low + 0.4 / floors)
                lit = night and random.random() < 0.4
                _plane(canvas, painter, pane, (60, 56, 52), normal, glow=(60, 120, 160) if lit else None)
        _plane(canvas, painter, patch(quad, 0, 1, 0.94, 1.0), roof, normal)


def _plane(
    canvas: Canvas, painter: Painter, quad: Points, colour: BGR, normal: Points, *, glow: BGR | None = None
) -> None:
    if float(normal @ (painter.lens.place - quad.mean(axis=0))) <= 0:
        return
    flat = painter.lens.polygon(quad)
    if flat is not None:
        fill(canvas, flat, darker(colour, painter.shade(normal)), glow)


def _tree(canvas: Canvas, painter: Painter, foot: Points, random: np.random.Generator) -> None:
    high, spread = random.uniform(3.5, 7.5), random.uniform(1.2, 2.3)
    trunk = np.array([[-0.14, 0, 0], [0.14, 0, 0], [0.1, 0, high * 0.7], [-0.1, 0, high * 0.7]]) + foot
    flat = painter.lens.polygon(trunk)
    if flat is None:
        return
    fill(canvas, flat, (52, 66, 82))
    tint = random.uniform(0.75, 1.2)
    balls = random.normal(0, 1, (70, 3)) * np.array([spread, spread, high * 0.17]) * 0.55 + np.array(
        [0, 0, high * 0.75]
    )
    balls = balls[np.argsort(balls[:, 2] - balls[:, 1])]
    for ball in balls:
        place = painter.lens.pixel(*(foot + ball))
        if place is None:
            return
        radius = painter.lens.scale_at(foot + ball) * spread * random.uniform(0.16, 0.34)
        level = tint * (0.72 + 0.5 * float(np.clip((ball[2] / high - 0.5), 0, 0.5))) * random.uniform(0.8, 1.2)
        middle = (round(place[0]), round(place[1]))
        if abs(middle[0]) < 20000 and abs(middle[1]) < 20000:
            cv2.circle(canvas.colour, middle, max(1, round(radius)), darker(LEAVES, level), -1, cv2.LINE_AA)
            cv2.circle(canvas.glow, middle, max(1, round(radius)), (0, 0, 0), -1)


def lamp_places(head: StageSignal) -> list[tuple[Shine, Points]]:
    """Middles of the red, yellow and green lamps in the world."""
    step = head.lamp_m * LAMP_PITCH
    heights = (head.height_m + step, head.height_m, head.height_m - step)
    colours: tuple[Shine, ...] = ("red", "yellow", "green")
    return [
        (colour, np.array([head.east_m, head.north_m, height])) for colour, height in zip(colours, heights, strict=True)
    ]


def head_box(head: StageSignal, lens: Lens) -> tuple[float, float, float, float] | None:
    """Box round the three lamps in the picture, or None behind the camera."""
    corners: list[tuple[float, float]] = []
    for _, middle in lamp_places(head):
        pixel, radius = lens.pixel(*middle), lens.scale_at(middle) * head.lamp_m * 0.55
        if pixel is None:
            return None
        corners += [(pixel[0] - radius, pixel[1] - radius), (pixel[0] + radius, pixel[1] + radius)]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def paint_head(canvas: Canvas, painter: Painter, head: StageSignal, shows: Shine) -> None:
    """A signal head on its pole, its lamps towards the camera."""
    lens, middle = painter.lens, np.array([head.east_m, head.north_m, head.height_m])
    across = lens.axes[0] * head.lamp_m
    pole = np.array([middle - across * 0.2, middle + across * 0.2])
    foot = pole.copy()
    foot[:, 2] = 0
    for quad, colour in (
        (np.array([foot[0], foot[1], pole[1], pole[0]]), (92, 94, 96)),
        (_housing(head, across, 0.78, 1.85), (58, 62, 62)),
        (_housing(head, across, 0.68, 1.75), (18, 18, 18)),
    ):
        flat = lens.polygon(quad)
        if flat is None:
            return
        fill(canvas, flat, colour)
    for colour_name, place in lamp_places(head):
        pixel = lens.pixel(*place)
        radius = lens.scale_at(place) * head.lamp_m / 2
        if pixel is None or radius > lens.width:
            return
        lit = shows == colour_name
        circle = _circle(pixel, radius)
        if not lit:
            fill(canvas, circle, UNLIT[colour_name])
            continue
        full = LIT[colour_name]
        fill(canvas, circle, darker(full, 0.92), darker(full, 0.55))
        fill(canvas, _circle(pixel, radius * 0.6), full, full)


def _housing(head: StageSignal, across: Points, wide: float, high: float) -> Points:
    middle = np.array([head.east_m, head.north_m, head.height_m])
    up = np.array([0.0, 0.0, head.lamp_m * high])
    return np.array(
        [
            middle - across * wide - up,
            middle + across * wide - up,
            middle + across * wide + up,
            middle - across * wide + up,
        ]
    )


def _circle(middle: tuple[float, float], radius: float) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, 21)[:-1]
    return np.stack([middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)], axis=1)
