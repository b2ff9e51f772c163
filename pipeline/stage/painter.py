"""Paints solids on a canvas: far things first, each face in the light that falls on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.colour import BGR, darker
from pipeline.stage.lens import NEAR_M, Lens, Points
from pipeline.stage.solid import Face, Limb
from pipeline.stage.specification import Light
from pipeline.stage.world import Presence, box_of, hull

Image = NDArray[np.uint8]
_SHIFT = 4
_ONE = 1 << _SHIFT
NEAR_ROAD_M = 0.6


@dataclass
class Canvas:
    """What is painted on.

    Attributes:
        colour: What is lit by sun, sky and lamps; uint8 [h, w, 3].
        glow: What shines by itself; uint8 [h, w, 3].
        owner: Number of the actor that is seen in each pixel, 0 for none; uint8 [h, w].
    """

    colour: Image
    glow: Image
    owner: Image
    painting: int = 0

    def copy(self) -> Canvas:
        """A canvas of its own."""
        return Canvas(self.colour.copy(), self.glow.copy(), self.owner.copy())


class Painter:
    """Paints with one lens in one light.

    Args:
        lens: At the canvas's scale.
        light: Sun and clouds.
    """

    def __init__(self, lens: Lens, light: Light) -> None:
        self.lens = lens
        azimuth, height = math.radians(light.sun_azimuth_degrees), math.radians(light.sun_height_degrees)
        self._sun = np.array(
            [math.cos(height) * math.sin(azimuth), math.cos(height) * math.cos(azimuth), math.sin(height)]
        )
        self._sheen = np.random.default_rng(5).normal(0, 0.16, (9, 9)).astype(np.float32)
        self._sunlight = (1.0 - light.clouds) if light.time == "day" else 0.0

    def shadow(self, canvas: Canvas, presence: Presence) -> None:
        """Darken the ground under and behind an actor."""
        points, radii = presence.solid.outline
        world = presence.placed(points)
        world[:, 2] += radii * 0.5
        ground = world.copy()
        ground[:, 2] = 0.0
        if self._sunlight > 0.05:
            cast = world - self._sun * (world[:, 2:3] / self._sun[2])
            self._darken(canvas, np.vstack([cast, ground]), 0.24 + 0.4 * self._sunlight, 1.2)
        # Only what is near the road keeps the light of the sky from it.
        low = ground[world[:, 2] < NEAR_ROAD_M]
        self._darken(canvas, low, 0.34, 3.0)
        low[:, :2] = low[:, :2].mean(axis=0) + 0.86 * (low[:, :2] - low[:, :2].mean(axis=0))
        self._darken(canvas, low, 0.45, 1.5)

    def _darken(self, canvas: Canvas, ground: Points, share: float, blur_px: float) -> None:
        seen = self.lens.seen(ground)
        seen = seen[seen[:, 2] > NEAR_M]
        if len(seen) < 3:
            return
        outline = hull(self.lens.flat(seen).astype(np.float32))
        margin = math.ceil(3 * blur_px) + 1
        x1, y1 = np.maximum(np.floor(outline.min(axis=0)).astype(int) - margin, 0)
        x2, y2 = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + margin, (self.lens.width, self.lens.height))
        if x2 <= x1 or y2 <= y1:
            return
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillConvexPoly(mask, _fixed(outline - (x1, y1)), 255, cv2.LINE_8, _SHIFT)
        mask = cv2.GaussianBlur(mask, (0, 0), blur_px)
        factor = 1.0 - share * (mask.astype(np.float32) / 255)[..., None]
        region = canvas.colour[y1:y2, x1:x2]
        region[:] = (region * factor).astype(np.uint8)

    def draw(self, canvas: Canvas, presence: Presence) -> None:
        """Paint one actor over what is there."""
        if self.lens.scale_at(presence.placed(np.zeros((1, 3)))[0]) == 0.0 and not self._in_front(presence):
            return
        canvas.painting = presence.number
        groups = presence.solid.groups
        distance = [float(self.lens.seen(presence.placed(g.middle()[None]))[0, 2]) for g in groups]
        for index in sorted(range(len(groups)), key=lambda i: (groups[i].level, -distance[i])):
            group = groups[index]
            faces = sorted(
                group.faces, key=lambda face: -self._distance(presence.placed(face.points.mean(axis=0)[None])[0])
            )
            for face in (*faces, *group.marks):
                self._face(canvas, presence, face)
            limbs = sorted(
                group.limbs, key=lambda limb: -self._distance(presence.placed(((limb.start + limb.end) / 2)[None])[0])
            )
            for limb in limbs:
                self._limb(canvas, presence, limb)
        canvas.painting = 0
        self._soften(canvas, presence)

    def _soften(self, canvas: Canvas, presence: Presence) -> None:
        """Sheen above and dusk below, and the blurred mirror of the street in the paint: no body is of one colour."""
        box = box_of(presence, self.lens)
        if box is None:
            return
        x1, y1, x2, y2 = (int(value) for value in box)
        region, mine = canvas.colour[y1:y2, x1:x2], canvas.owner[y1:y2, x1:x2] == presence.number
        if not mine.any():
            return
        height, width = mine.shape
        slope = np.linspace(1.07, 0.84, height, dtype=np.float32)[:, None]
        spots = cv2.resize(self._sheen, (width, height), interpolation=cv2.INTER_CUBIC)
        factor = (slope * (1 + spots))[..., None]
        region[mine] = np.clip(region * factor + 3, 0, 255).astype(np.uint8)[mine]

    def _in_front(self, presence: Presence) -> bool:
        points, _ = presence.solid.outline
        return bool((self.lens.seen(presence.placed(points))[:, 2] > NEAR_M).any())

    def _distance(self, point: Points) -> float:
        return float(np.linalg.norm(point - self.lens.place))

    def _face(self, canvas: Canvas, presence: Presence, face: Face) -> None:
        world = presence.placed(face.points)
        normal = presence.turned(face.normal[None])[0]
        if float(normal @ (self.lens.place - world.mean(axis=0))) <= 0:
            return
        flat = self.lens.polygon(world)
        if flat is None or not self._visible(flat):
            return
        if face.texture is not None and len(flat) == 4:
            self._stretch(canvas, face.texture, flat.astype(np.float32), self.shade(normal))
            return
        colour = self._lacquered(face.colour, normal) if face.shaded else face.colour
        fill(canvas, flat, colour, face.glow)

    def _lacquered(self, colour: BGR, normal: Points) -> BGR:
        """Paint in this light: what looks up mirrors a little of the sky, dark paint the most to the eye."""
        level, sky = self.shade(normal), 15.0 * max(0.0, float(normal[2])) + 6.0
        blue, green, red = darker(colour, level)
        return blue + sky, green + 0.97 * sky, red + 0.93 * sky

    def shade(self, normal: Points) -> float:
        """Light on a plane with this normal; about 1 on a roof in the sun."""
        return 0.56 + 0.24 * float(normal[2]) + 0.42 * self._sunlight * max(0.0, float(normal @ self._sun))

    def _visible(self, flat: NDArray[np.float64]) -> bool:
        low, high = flat.min(axis=0), flat.max(axis=0)
        return bool(high[0] > 0 and high[1] > 0 and low[0] < self.lens.width and low[1] < self.lens.height)

    def _limb(self, canvas: Canvas, presence: Presence, limb: Limb) -> None:
        seen = self.lens.seen(presence.placed(np.stack([limb.start, limb.end])))
        if (seen[:, 2] < NEAR_M).any():
            return
        flat = self.lens.flat(seen)
        radius = self.lens.focal * limb.radius_m / float(seen[:, 2].mean())
        if not self._visible(np.vstack([flat - radius, flat + radius])):
            return
        # Three rods, each smaller, lighter and nearer to the light: round enough at a few pixels.
        for share, shift, level in ((1.0, 0.0, 0.62), (0.78, 0.16, 0.82), (0.45, 0.3, 1.02)):
            _rod(canvas, flat - radius * shift, radius * share, darker(limb.colour, level))

    def _stretch(self, canvas: Canvas, texture: Image, corners: NDArray[np.float32], level: float) -> None:
        x1, y1 = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        x2, y2 = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, (self.lens.width, self.lens.height))
        if x2 - x1 < 2 or y2 - y1 < 2:
            return
        # Shrunk first, so that strokes are averaged and not skipped.
        wide = float(np.linalg.norm(corners[1] - corners[0]))
        scale = min(1.0, 1.3 * max(8.0, wide) / texture.shape[1])
        small = cv2.resize(texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = small.shape[:2]
        source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        matrix = cv2.getPerspectiveTransform(source, corners - np.array([x1, y1], np.float32))
        size = (int(x2 - x1), int(y2 - y1))
        warped = cv2.warpPerspective(small, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        mask = np.zeros((size[1], size[0]), np.uint8)
        cv2.fillConvexPoly(mask, _fixed(corners - (x1, y1)), 255, cv2.LINE_8, _SHIFT)
        region = canvas.colour[y1:y2, x1:x2]
        region[mask > 0] = np.clip(warped[mask > 0] * min(1.0, level + 0.1), 0, 255).astype(np.uint8)
        canvas.glow[y1:y2, x1:x2][mask > 0] = 0


def fill(canvas: Canvas, flat: NDArray[np.float64], colour: BGR, glow: BGR | None = None) -> None:
    """Fill a polygon of pixels [n, 2]; what lies behind no longer glows."""
    points = [_fixed(flat)]
    cv2.fillPoly(canvas.colour, points, tuple(min(255.0, part) for part in colour), cv2.LINE_8, _SHIFT)
    cv2.fillPoly(canvas.glow, points, glow or (0, 0, 0), cv2.LINE_8, _SHIFT)
    cv2.fillPoly(canvas.owner, points, canvas.painting, cv2.LINE_8, _SHIFT)


def _rod(canvas: Canvas, flat: NDArray[np.float64], radius: float, colour: BGR) -> None:
    one, other = flat
    way = other - one
    length = float(np.hypot(*way))
    angle = math.atan2(way[1], way[0]) if length > 1e-6 else 0.0
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    far = other + radius * np.stack([np.cos(angle + turn), np.sin(angle + turn)], axis=1)
    near = one - radius * np.stack([np.cos(angle + turn), np.sin(angle + turn)], axis=1)
    fill(canvas, np.vstack([far, near]), colour)


def _fixed(flat: NDArray[np.float64] | NDArray[np.float32]) -> NDArray[np.int32]:
    # Far outside the canvas OpenCV's fixed-point numbers overflow.
    # OpenCV counts from the middle of the first pixel, the lens from its edge.
    return np.round(np.clip(flat - 0.5, -20000, 20000) * _ONE).astype(np.int32)
