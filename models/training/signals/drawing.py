"""Drawn signal heads: states, lamps and lights of which photographs hold too few."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
STATES = ("red", "yellow", "green", "dark")
_WIDTH, _HEIGHT = 40, 94
# BGR of a lit lens: from old lamps to LEDs.
_LIT: dict[str, tuple[tuple[int, int, int], ...]] = {
    "red": ((30, 30, 245), (60, 20, 255), (20, 70, 250), (90, 60, 255)),
    "yellow": ((20, 190, 255), (10, 160, 255), (60, 210, 255), (0, 140, 250)),
    "green": ((130, 240, 40), (200, 250, 60), (90, 220, 20), (180, 230, 0)),
}


def draw_head(rng: np.random.Generator, ground: Picture, state: str) -> Picture:
    """A head on a piece of a street.

    Args:
        rng: all randomness.
        ground: what lies behind it, uint8 [height, width, 3], any size.
        state: one of `STATES`.

    Returns:
        uint8 [height, width, 3], BGR; the housing fills the middle, about as a box with its margin would.
    """
    night = rng.random() < 0.35
    picture = np.asarray(cv2.resize(ground, (_WIDTH, _HEIGHT)), np.float32)
    picture *= rng.uniform(0.05, 0.4) if night else rng.uniform(0.5, 1.3)
    left, right = (int(value) for value in (rng.uniform(2, 8), _WIDTH - rng.uniform(2, 8)))
    top, bottom = (int(value) for value in (rng.uniform(4, 12), _HEIGHT - rng.uniform(4, 12)))
    level = rng.uniform(4, 40) if rng.random() < 0.85 else rng.uniform(60, 150)
    housing = level + rng.normal(0, 5, 3)
    cv2.rectangle(picture, (left, top), (right, bottom), housing.tolist(), -1)
    _countdown(rng, picture, state)
    if state == "dark" and rng.random() < 0.35:
        return _finished(picture)  # seen from behind: a plain box
    lit = {state} if state != "dark" else set()
    if state == "red" and rng.random() < 0.06:
        lit.add("yellow")  # red and yellow together is a red that ends soon
    if state == "dark" and rng.random() < 0.1:
        lit = {"red", "green"}  # no signal shows this: a fault, or a reflection
    radius = min((right - left) / 2, (bottom - top) / 6) * rng.uniform(0.72, 0.98)
    middle_x = (left + right) / 2
    glow = np.zeros_like(picture)
    phantom = 0.0 if night else max(0.0, rng.normal(0, 0.35))
    for place, name in enumerate(("red", "yellow", "green")):
        centre = (round(middle_x), round(top + (bottom - top) * (place + 0.5) / 3))
        tint = np.array(_LIT[name][int(rng.integers(4))], np.float32) if rng.random() < 0.6 else np.full(3, 160.0)
        lens = level + (0.05 if night else rng.uniform(0.05, 0.35)) * tint + 120 * phantom * rng.uniform(0.5, 1)
        cv2.circle(picture, centre, round(radius), np.minimum(lens, 235).tolist(), -1)
        if name in lit:
            _light(rng, picture, glow, centre, radius, name, night=night)
        if rng.random() < 0.5:
            _visor(rng, picture, centre, radius, level)
    spread = rng.uniform(1, 8 if night else 3)
    strength = rng.uniform(0.4, 2.5) if night else rng.uniform(0.0, 0.6)
    picture += strength * cv2.GaussianBlur(glow, (0, 0), spread)
    return _finished(picture)


def _light(
    rng: np.random.Generator,
    picture: NDArray[np.float32],
    glow: NDArray[np.float32],
    centre: tuple[int, int],
    radius: float,
    name: str,
    *,
    night: bool,
) -> None:
    colour = np.array(_LIT[name][int(rng.integers(4))], np.float32) + rng.normal(0, 12, 3)
    colour = np.clip(colour * rng.uniform(0.45, 1.15), 0, 255)
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    if rng.random() < 0.12:
        tip = [(-1, 0), (1, 0), (0, -1)][int(rng.integers(3))]
        ends = [
            (int(centre[0] + s * radius * 0.7 * tip[0]), int(centre[1] + s * radius * 0.7 * tip[1])) for s in (-1, 1)
        ]
        cv2.arrowedLine(mask, ends[0], ends[1], 255, max(2, round(radius * 0.3)), tipLength=0.5)
    else:
        cv2.circle(mask, centre, round(radius * rng.uniform(0.8, 1.0)), 255, -1)
    if rng.random() < 0.35:
        down, across = np.mgrid[:height, :width]
        step = int(rng.integers(2, 4))
        mask[(down % step == 0) | (across % step == 0)] //= 3  # single diodes
    if rng.random() < 0.15:
        # A sensor that reads row by row catches diodes that flicker: a part of the lamp is dark.
        cut = centre[1] + rng.uniform(-0.3, 0.3) * radius
        heights = np.arange(height)
        mask[heights < cut if rng.random() < 0.5 else heights > cut] //= 4
    share = (mask.astype(np.float32) / 255)[:, :, None]
    picture *= 1 - share
    picture += share * colour
    glow += share * colour
    if rng.random() < (0.7 if night else 0.2):
        core = np.zeros(mask.shape, np.uint8)
        cv2.circle(core, centre, round(radius * rng.uniform(0.3, 0.95)), 255, -1)
        white = cv2.GaussianBlur(core, (0, 0), 0.15 * radius + 0.3).astype(np.float32)[:, :, None] / 255
        picture += white * share * (255 - picture) * rng.uniform(0.5, 1.0)


def _visor(
    rng: np.random.Generator, picture: NDArray[np.float32], centre: tuple[int, int], radius: float, level: float
) -> None:
    axes = (round(radius * 1.08), round(radius * rng.uniform(0.9, 1.1)))
    angle = rng.uniform(-35, 35)
    cv2.ellipse(
        picture, centre, axes, angle, 180, 360, [level * 0.8] * 3, max(2, round(radius * rng.uniform(0.1, 0.3)))
    )


def _countdown(rng: np.random.Generator, picture: NDArray[np.float32], state: str) -> None:
    """A box with digits beside the head: half of Indonesia's heads have one, in the colour of the phase."""
    if rng.random() > 0.3:
        return
    name = state if state != "dark" else "red"
    colour = _LIT[name][int(rng.integers(4))]
    x = int(rng.uniform(-4, 2)) if rng.random() < 0.5 else int(_WIDTH - rng.uniform(5, 10))
    y = int(rng.uniform(8, _HEIGHT))
    digits = np.zeros(picture.shape[:2], np.uint8)
    cv2.putText(digits, str(int(rng.integers(10, 99))), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, 255, 1)
    picture[digits > 128] = colour


def _finished(picture: NDArray[np.float32]) -> Picture:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)
