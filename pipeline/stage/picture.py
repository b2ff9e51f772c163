"""One picture: the empty place, who is there, and what light, rain, lens and sensor make of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.ground import Ground
from pipeline.stage.lens import NEAR_M, Lens, sway_px
from pipeline.stage.painter import Canvas, Image, Painter
from pipeline.stage.specification import Shine, Specification, StageSignal
from pipeline.stage.surroundings import paint_head, paint_surroundings
from pipeline.stage.world import Presence, World

SUPERSAMPLING = 2
LAMP_EVERY_M = 24.0
_AMBIENT = {"dusk": (0.62, 0.54, 0.52), "night": (0.2, 0.165, 0.15)}
_STREET_LAMP = (0.34, 0.46, 0.56)
_BEAM = (0.62, 0.7, 0.74)


class Studio:
    """Takes pictures of a world.

    Args:
        world: Who is where.
    """

    def __init__(self, world: World) -> None:
        specification = world.specification
        self._world, self._specification = world, specification
        self.lens = Lens(specification.camera)
        self._large = Lens(specification.camera, SUPERSAMPLING)
        self._painter = Painter(self._large, specification.light)
        self._random = np.random.default_rng(specification.seed)
        ground = Ground(self._large, specification, self._random)
        self._empty = self._painted(ground, specification)
        self._ambient = self._light(ground)
        height, width = specification.camera.height_px, specification.camera.width_px
        self._grain = self._random.normal(0, 1, (height + 61, width + 67, 3)).astype(np.float32)
        self._grain = cv2.GaussianBlur(self._grain, (0, 0), 0.6) * 1.6
        self._vignette = _vignette(height, width)

    def _painted(self, ground: Ground, specification: Specification) -> Canvas:
        colour = np.clip(ground.painted(), 0, 255).astype(np.uint8)
        canvas = Canvas(colour, np.zeros_like(colour), np.zeros(colour.shape[:2], np.uint8))
        if specification.houses:
            paint_surroundings(canvas, self._painter, specification, self._random)
        return canvas

    def _light(self, ground: Ground) -> NDArray[np.float32] | None:
        """What of the colours is seen without the vehicles' lamps, float32 [h, w, 3]; None by day."""
        time = self._specification.light.time
        if time == "day":
            return None
        road = self._specification.road
        edges = (road.lanes[0].west_m - 1.0, road.lanes[-1].east_m + 1.0)
        count = math.ceil((road.to_m - road.from_m) / LAMP_EVERY_M)
        spots = [(edges[n % 2], road.from_m + n * LAMP_EVERY_M) for n in range(count)]
        pools = ground.pools(spots, 7.0)[..., None] * np.array(_STREET_LAMP, np.float32)
        level = np.array(_AMBIENT[time], np.float32) + pools * (1.0 if time == "night" else 0.4)
        return self._small(level.astype(np.float32))

    def _small(self, pixels: NDArray[np.float32] | Image) -> NDArray[np.float32]:
        size = (self.lens.width, self.lens.height)
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)

    def take(self, at_s: float) -> Image:
        """The picture at an instant, uint8 [height, width, 3] BGR; in order, for noise is drawn on the way."""
        return self.look(at_s)[0]

    def look(self, at_s: float) -> tuple[Image, Image]:
        """The picture as of `take`, and whom each pixel shows before the mast sways.

        Returns:
            Picture uint8 [height, width, 3] BGR; numbers of actors uint8 [height, width], 0 where there is none.
        """
        canvas = self._empty.copy()
        present = self._world.at(at_s)
        for presence in present:
            self._painter.shadow(canvas, presence)
        drawings: list[tuple[float, Callable[[], None]]] = [
            (self._distance_m(presence), partial(self._painter.draw, canvas, presence)) for presence in present
        ]
        for head in self._specification.signals:
            distance = math.hypot(head.east_m - self._large.place[0], head.north_m - self._large.place[1])
            drawings.append((distance, partial(paint_head, canvas, self._painter, head, self._shown(head, at_s))))
        for _, draw in sorted(drawings, key=lambda drawing: -drawing[0]):
            draw()
        step = SUPERSAMPLING
        return self._exposed(canvas, present, at_s), canvas.owner[step // 2 :: step, step // 2 :: step]

    def _shown(self, head: StageSignal, at_s: float) -> Shine:
        """What the sensor catches of a head: lamps fed with pulses are dark in some pictures."""
        dark = np.random.default_rng((self._specification.seed, 7, round(at_s * 1e6))).random() < head.flicker
        return "off" if dark else head.shows(at_s)

    def _distance_m(self, presence: Presence) -> float:
        return math.hypot(presence.pose.east_m - self._large.place[0], presence.pose.north_m - self._large.place[1])

    def _exposed(self, canvas: Canvas, present: list[Presence], at_s: float) -> Image:
        seen = self._small(canvas.colour)
        glow = self._small(canvas.glow)
        if self._ambient is not None:
            seen = seen * (self._ambient + self._beams(present))
            seen = seen + glow + self._bloom(glow)
            rain = self._specification.weather.rain
            if rain > 0:
                seen = seen + rain * 1.2 * cv2.blur(cv2.GaussianBlur(glow, (0, 0), 1.5), (3, 61))
        else:
            seen = seen + 0.25 * cv2.GaussianBlur(glow, (0, 0), 1.2)
        if self._specification.weather.rain > 0:
            seen = self._rained(seen)
        return self._sensed(seen, at_s)

    def _bloom(self, glow: NDArray[np.float32]) -> NDArray[np.float32]:
        """What bright lamps spill around themselves; blurred at half the size, which nobody sees."""
        half = cv2.resize(glow, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        spilt = 0.8 * cv2.GaussianBlur(half, (0, 0), 1.0) + 1.1 * cv2.GaussianBlur(half, (0, 0), 3.5)
        size = (self.lens.width, self.lens.height)
        return np.asarray(cv2.resize(spilt, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def _beams(self, present: list[Presence]) -> NDArray[np.float32]:
        """Light of head lamps on the road, float32 [h, w, 3]."""
        quarter = (max(1, self.lens.height // 4), max(1, self.lens.width // 4))
        light = np.zeros(quarter, np.float32)
        for presence in present:
            if not presence.solid.head_lamps:
                continue
            front, half = presence.solid.length_m / 2, presence.solid.width_m / 2
            for reach, wide, level in ((15.0, 1.9, 0.3), (9.0, 1.4, 0.35), (5.0, 1.0, 0.35)):
                corners = [[front, half, 0], [front, -half, 0], [front + reach, -half - wide, 0]]
                corners += [[front + reach, half + wide, 0]]
                seen = self.lens.seen(presence.placed(np.array(corners, np.float64)))
                if (seen[:, 2] < NEAR_M).any():
                    continue
                patch = np.zeros(quarter, np.float32)
                flat = np.clip(self.lens.flat(seen) / 4, -4000, 4000)
                cv2.fillConvexPoly(patch, np.round(flat * 16).astype(np.int32), level, cv2.LINE_AA, 4)
                light += patch
        light = cv2.GaussianBlur(np.minimum(light, 1.1), (0, 0), 2.0)
        light = cv2.resize(light, (self.lens.width, self.lens.height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(light[..., None] * np.array(_BEAM, np.float32), np.float32)

    def _rained(self, seen: NDArray[np.float32]) -> NDArray[np.float32]:
        rain = self._specification.weather.rain
        seen = seen * (1 - 0.16 * rain) + (20 if self._ambient is None else 5) * rain
        streaks = np.zeros((self.lens.height, self.lens.width), np.uint8)
        count = round(rain * self.lens.width * self.lens.height / 900)
        starts = self._random.uniform((0, 0), (self.lens.width, self.lens.height), (count, 2))
        for x, y in starts:
            length = self._random.uniform(6, 16)
            end = (round(x + length * 0.12), round(y + length))
            cv2.line(streaks, (round(x), round(y)), end, int(self._random.integers(40, 120)), 1, cv2.LINE_AA)
        bright = 0.28 if self._ambient is None else 0.14
        return np.asarray(seen + bright * streaks[..., None].astype(np.float32), np.float32)

    def _sensed(self, seen: NDArray[np.float32], at_s: float) -> Image:
        picture, camera = self._specification.picture, self._specification.camera
        if picture.blur_px > 0.05:
            seen = cv2.GaussianBlur(seen, (0, 0), picture.blur_px)
        if camera.shake_px > 0:
            dx, dy = sway_px(camera, at_s)
            matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
            size = (self.lens.width, self.lens.height)
            seen = cv2.warpAffine(seen, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        seen = seen * self._vignette
        if picture.noise > 0:
            top, left = int(self._random.integers(60)), int(self._random.integers(66))
            grain = self._grain[top : top + self.lens.height, left : left + self.lens.width]
            seen = seen + picture.noise * grain
        return np.clip(seen, 0, 255).astype(np.uint8)


def _vignette(height: int, width: int) -> NDArray[np.float32]:
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    square = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    return np.asarray((1 - 0.14 * square)[..., None], np.float32)
