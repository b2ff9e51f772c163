"""What a camera makes of a drawn plate: angle, distance, focus, motion, light, noise, compression; then a cut."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.plates.line_image import HEIGHT_PX, WIDTH_PX
from models.training.plates.drawing import Drawn

# Share of samples cut as a whole plate: what a reader falls back to when it finds no line.
WHOLE_SHARE = 0.3
NOISE_SIDE_PX = 512


@dataclass(frozen=True)
class Seen:
    """A cut as the network gets it, uint8 [HEIGHT_PX, WIDTH_PX], and the middle of each character in its pixels (x)."""

    image: NDArray[np.uint8]
    centres: NDArray[np.float32]


class Camera:
    """Looks at drawn plates; all chance comes from the generator that is handed in."""

    def __init__(self, rng: np.random.Generator) -> None:
        # Drawing normal numbers for each picture would cost as much as all the rest: windows of one sheet serve.
        self._noise = rng.standard_normal((NOISE_SIDE_PX, NOISE_SIDE_PX)).astype(np.float32)

    def look(self, rng: np.random.Generator, drawn: Drawn) -> Seen:
        """See one plate from somewhere, and cut its line (or the whole of it) out as a reader would."""
        picture, matrix = self._picture(rng, drawn)
        return self._cut(rng, drawn, picture, matrix)

    def crop(self, rng: np.random.Generator, drawn: Drawn) -> NDArray[np.uint8]:
        """See one plate from somewhere, and cut it out like a detector, a little loose: uint8 [height, width, 3]."""
        picture, matrix = self._picture(rng, drawn)
        left, top, right, bottom = drawn.box
        corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
        plate = _through(matrix, corners) * _enlarged(picture, matrix, drawn)
        (x1, y1), (x2, y2) = plate.min(0), plate.max(0)
        around = rng.uniform(0.0, 0.07, 4) * (x2 - x1, y2 - y1, x2 - x1, y2 - y1)
        height, width = picture.shape
        x1, y1 = max(0, round(x1 - around[0])), max(0, round(y1 - around[1]))
        x2, y2 = min(width, round(x2 + around[2])), min(height, round(y2 + around[3]))
        return np.asarray(cv2.cvtColor(picture[y1:y2, x1:x2], cv2.COLOR_GRAY2BGR), np.uint8)

    def _picture(self, rng: np.random.Generator, drawn: Drawn) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """The exposed picture, and the matrix from the canvas to it before it was enlarged."""
        u = rng.random(20)
        line_px = drawn.line[3] - drawn.line[1]
        # Height of a character in the camera's picture: few pixels at a distance, many near by.
        glyph_px = float(np.exp(np.log(9) + u[0] * (np.log(44) - np.log(9))))
        picture, matrix = self._project(rng, drawn, glyph_px / line_px, tilted=bool(u[1] < 0.85))
        return self._expose(rng, picture, glyph_px, u), matrix

    @staticmethod
    def _project(
        rng: np.random.Generator, drawn: Drawn, scale: float, *, tilted: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """The canvas from an angle at the camera's size, and the matrix from canvas to picture."""
        height, width = drawn.canvas.shape
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        target = corners * np.array((scale * float(rng.uniform(0.8, 1.2)), scale), np.float32)
        if tilted:
            target[:, 1] += target[:, 0] * np.float32(rng.normal(0, 0.06))
            target[:, 0] += target[:, 1] * np.float32(rng.normal(0, 0.08))
            target += (rng.normal(0, 0.035, (4, 2)) * height * scale).astype(np.float32)
        target -= target.min(0)
        size = np.ceil(target.max(0)).astype(int) + 1
        matrix = cv2.getPerspectiveTransform(corners, target)
        canvas = drawn.canvas
        # Optics and sensor together blur by about half a pixel of the picture: it also keeps strokes from aliasing.
        sigma = 0.45 / scale
        if sigma > 0.5:
            canvas = cv2.GaussianBlur(canvas, (0, 0), sigma)
        picture = cv2.warpPerspective(
            canvas, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(picture, np.uint8), np.asarray(matrix, np.float64)

    def _expose(
        self, rng: np.random.Generator, picture: NDArray[np.uint8], glyph_px: float, u: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        height, width = picture.shape
        light: NDArray[np.float32] = picture.astype(np.float32)
        if u[2] < 0.4:  # out of focus
            light = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.2 + float(u[3]) * 0.075 * glyph_px), np.float32)
        if u[4] < 0.25:
            light = _moved(light, float(rng.uniform(1, 1 + 0.18 * glyph_px)), float(rng.normal(0, 30)))
        if u[5] < 0.35:  # light falls off across the plate
            slope = np.linspace(-1, 1, width, dtype=np.float32)[None] * np.float32(rng.normal(0, 0.25))
            slope = slope + np.linspace(-1, 1, height, dtype=np.float32)[:, None] * np.float32(rng.normal(0, 0.2))
            light = light * (1 + slope)
        if u[6] < 0.2:
            light = _shadowed(rng, light)
        if u[7] < 0.12:
            light = _glared(rng, light, glyph_px)
        if u[8] < 0.3:  # contrast lost to haze, rain or a dirty window; or a picture too dark
            light = 128 + (light - 128) * float(rng.uniform(0.2, 1.0)) + float(rng.normal(0, 35))
        if u[9] < 0.25:
            gamma = float(np.exp(rng.normal(0, 0.5)))
            light = np.asarray(255 * (np.clip(light, 0, 255) / 255) ** gamma, np.float32)
        if u[10] < 0.12:  # overexposed: strokes melt
            light = (light - 128) * float(rng.uniform(1.0, 2.0)) + 128 + float(rng.normal(0, 35))
        # Noise that drowns the characters teaches guessing.
        strength = min(float(1 + 9 * u[11] ** 2), 0.3 * float(light.std()))
        y, x = (int(n) for n in rng.integers(0, NOISE_SIDE_PX, 2))
        rows = (np.arange(y, y + height) % NOISE_SIDE_PX)[:, None]
        noise = self._noise[rows, np.arange(x, x + width) % NOISE_SIDE_PX]
        light = light + strength * noise
        seen = np.clip(light, 0, 255).astype(np.uint8)
        if u[12] < 0.7:
            quality = int(22 + 74 * u[13])
            ok, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])
            if ok:
                seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
        if u[14] < 0.25:  # enlarged by somebody before us
            factor = float(rng.uniform(1.5, 3))
            seen = np.asarray(cv2.resize(seen, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
        elif u[14] < 0.35:  # sharpened by the camera
            seen = np.asarray(cv2.addWeighted(seen, 1.8, cv2.GaussianBlur(seen, (0, 0), 1.2), -0.8, 0.0), np.uint8)
        return seen

    @staticmethod
    def _cut(rng: np.random.Generator, drawn: Drawn, picture: NDArray[np.uint8], matrix: NDArray[np.float64]) -> Seen:
        """Sheared upright like `text_line` does, as wide as a detector's box, a little off in every way."""
        centres = _through(matrix, drawn.centres)
        left, top, right, bottom = drawn.box
        plate = _through(matrix, np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32))
        line_left, line_top, line_right, line_bottom = drawn.line
        middle_y = (line_top + line_bottom) / 2
        marks = [[line_left, middle_y], [line_right, middle_y], [line_left, line_top], [line_left, line_bottom]]
        ends = _through(matrix, np.array(marks, np.float32))
        height = float(ends[3, 1] - ends[2, 1])
        slope = float((ends[1, 1] - ends[0, 1]) / max(1e-3, ends[1, 0] - ends[0, 0]))
        # Undo what `_expose` may have enlarged.
        zoom = picture.shape[0] / max(1, round(picture.shape[0] / _enlarged(picture, matrix, drawn)))
        first, last = float(ends[0, 0]) - 0.08 * height, float(ends[1, 0]) + 0.08 * height
        width = float(plate[:, 0].max() - plate[:, 0].min())
        # A loose or tight box; but one that cuts a character off teaches guessing.
        x1 = min(first, float(plate[:, 0].min()) + width * float(rng.uniform(-0.09, 0.03)))
        x2 = max(last, float(plate[:, 0].max()) + width * float(rng.uniform(-0.03, 0.09)))
        if not drawn.two_lines and rng.random() < WHOLE_SHARE:
            slope *= float(rng.uniform(0, 1))
            middle = float(plate[:, 1].mean())
            half = float(plate[:, 1].max() - plate[:, 1].min()) * float(rng.uniform(0.46, 0.58))
        else:
            # A line finder is a little off, and now and then by so much that heads or feet are cut.
            off = 2.5 if rng.random() < 0.15 else 1.0
            slope += float(rng.normal(0, 0.012)) * off
            middle = float(ends[:2, 1].mean()) + float(rng.normal(0, 0.035)) * height * off
            half = height * float(rng.uniform(0.52 - 0.02 * off, 0.82))
        x_step, y_step = (x2 - x1) / WIDTH_PX, 2 * half / HEIGHT_PX
        across = (x1 + x2) / 2
        # From the cut's pixels back to the picture's: y leans along x by the line's slope.
        back = np.array(
            [
                [x_step, 0.0, x1],
                [slope * x_step, y_step, middle - half + slope * (x1 - across)],
            ]
        )
        image = cv2.warpAffine(
            picture,
            back * zoom,
            (WIDTH_PX, HEIGHT_PX),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return Seen(np.asarray(image, np.uint8), ((centres[:, 0] - x1) / x_step).astype(np.float32))


def _enlarged(picture: NDArray[np.uint8], matrix: NDArray[np.float64], drawn: Drawn) -> float:
    """How many times the picture was enlarged after projection."""
    height, width = drawn.canvas.shape
    corners = _through(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32))
    return float(picture.shape[1] / (np.ceil(corners[:, 0].max()) + 1))


def _through(matrix: NDArray[np.float64], points: NDArray[np.float32]) -> NDArray[np.float64]:
    mapped = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(mapped[:, :2] / mapped[:, 2:], np.float64)


def _moved(light: NDArray[np.float32], length_px: float, degrees: float) -> NDArray[np.float32]:
    size = int(np.ceil(length_px)) | 1
    if size < 3:
        return light
    kernel = np.zeros((size, size), np.float32)
    middle = size // 2
    dx, dy = np.cos(np.radians(degrees)) * length_px / 2, np.sin(np.radians(degrees)) * length_px / 2
    cv2.line(
        kernel,
        (round((middle - dx) * 16), round((middle - dy) * 16)),
        (round((middle + dx) * 16), round((middle + dy) * 16)),
        1.0,
        1,
        shift=4,
    )
    return np.asarray(cv2.filter2D(light, -1, kernel / max(kernel.sum(), 1e-6)), np.float32)


def _shadowed(rng: np.random.Generator, light: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = light.shape
    mask = np.ones((height, width), np.float32)
    depth = float(rng.uniform(0.35, 0.85))
    x, y = rng.uniform(0, width, 2), rng.uniform(-0.3, 1.3, 2) * height
    if rng.random() < 0.5:
        corners = [(x[0], 0), (x[1], height), (width, height), (width, 0)]
    else:
        corners = [(0, y[0]), (width, y[1]), (width, height), (0, height)]
    cv2.fillPoly(mask, [np.array(corners, np.int32)], depth)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, height * float(rng.uniform(0.01, 0.1))))
    return np.asarray(light * soft, np.float32)


def _glared(rng: np.random.Generator, light: NDArray[np.float32], glyph_px: float) -> NDArray[np.float32]:
    height, width = light.shape
    radius = glyph_px * float(rng.uniform(0.3, 2.5))
    x, y = float(rng.uniform(0, width)), float(rng.uniform(0, height))
    across = np.exp(-(((np.arange(width, dtype=np.float32) - x) / radius) ** 2))
    down = np.exp(-(((np.arange(height, dtype=np.float32) - y) / radius) ** 2))
    return np.asarray(light + float(rng.uniform(30, 170)) * down[:, None] * across[None], np.float32)
