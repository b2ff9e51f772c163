"""Paints solids on a canvas: far things first, each face in the light that falls on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.stage.colour import BGR, darker
from pipeline.stage.lens import NEAR_M, Lens, Points, cut_near
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


@dataclass(frozen=True, eq=False)
class _View:
    """A body as the camera has it before itself: turned, measured and projected at once.

    Attributes:
        seen: Corners of all faces in the camera's axes [n, 3].
        pixels: The same as pixels [n, 2]; of no use where they lie behind the near plane.
        starts: Where each face begins, and where the last ends.
        normals: In the world [faces, 3].
        faces_us: Which faces look towards the camera.
        face_m: Distance of each face.
        rods: Ends of the limbs in the camera's axes [2 * limbs, 3].
        limb_m: Distance of each limb.
    """

    seen: Points
    pixels: Points
    starts: NDArray[np.int64]
    normals: Points
    faces_us: NDArray[np.bool_]
    face_m: NDArray[np.float64]
    rods: Points
    limb_m: NDArray[np.float64]

    @classmethod
    def of(cls, presence: Presence, lens: Lens) -> _View:
        """A presence before a lens."""
        stacked = presence.solid.stacked
        seen = lens.seen(presence.placed(stacked.points))
        toward = lens.place - presence.placed(stacked.middles)
        normals = presence.turned(stacked.normals)
        rods = lens.seen(presence.placed(stacked.rods))
        nearer = np.concatenate([seen[:, :2], np.maximum(seen[:, 2:3], NEAR_M)], axis=1)
        return cls(
            seen,
            lens.flat(nearer),
            stacked.starts,
            normals,
            np.asarray((normals * toward).sum(axis=1) > 0),
            np.asarray(np.linalg.norm(toward, axis=1)),
            rods,
            np.asarray(np.linalg.norm((rods[::2] + rods[1::2]) / 2, axis=1)),
        )

    def flat(self, number: int, lens: Lens) -> Points | None:
        """Pixels of a face, cut at the near plane; None when nothing of it is in front."""
        low, high = self.starts[number], self.starts[number + 1]
        if (self.seen[low:high, 2] >= NEAR_M).all():
            return self.pixels[low:high]
        cut = cut_near(self.seen[low:high])
        return lens.flat(cut) if len(cut) >= 3 else None


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
        view = _View.of(presence, self.lens)
        distance = [float(self.lens.seen(presence.placed(g.middle()[None]))[0, 2]) for g in groups]
        first_face = first_limb = 0
        places: list[tuple[int, int]] = []
        for group in groups:
            places.append((first_face, first_limb))
            first_face += len(group.faces) + len(group.marks)
            first_limb += len(group.limbs)
        for index in sorted(range(len(groups)), key=lambda i: (groups[i].level, -distance[i])):
            group, (face_at, limb_at) = groups[index], places[index]
            faces = sorted(
                (n for n in range(len(group.faces)) if view.faces_us[face_at + n]),
                key=lambda n: -view.face_m[face_at + n],
            )
            for number in faces:
                self._face(canvas, group.faces[number], view, face_at + number)
            marks_at = face_at + len(group.faces)
            for number, mark in enumerate(group.marks):
                if view.faces_us[marks_at + number]:
                    self._face(canvas, mark, view, marks_at + number)
            for number in sorted(range(len(group.limbs)), key=lambda n: -view.limb_m[limb_at + n]):
                self._limb(canvas, group.limbs[number], view.rods[2 * (limb_at + number) : 2 * (limb_at + number) + 2])
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

    def _face(self, canvas: Canvas, face: Face, view: _View, number: int) -> None:
        flat = view.flat(number, self.lens)
        if flat is None or not self._visible(flat):
            return
        normal = view.normals[number]
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

    def _limb(self, canvas: Canvas, limb: Limb, seen: Points) -> None:
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
