"""Draws number plates from strokes of our own, and spoils them as cameras do: for tests, and to choose when a reader abstains."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Skeletons on a grid of 0..1 (x right, y down), one list of points a stroke, in the narrow upright manner of plate letters.
STROKES: dict[str, list[list[tuple[float, float]]]] = {
    "0": [[(0, 0.2), (0.25, 0), (0.75, 0), (1, 0.2), (1, 0.8), (0.75, 1), (0.25, 1), (0, 0.8), (0, 0.2)]],
    "1": [[(0.15, 0.22), (0.6, 0), (0.6, 1)]],
    "2": [[(0, 0.2), (0.25, 0), (0.75, 0), (1, 0.2), (1, 0.4), (0, 1), (1, 1)]],
    "3": [[(0, 0.15), (0.3, 0), (0.75, 0), (1, 0.2), (0.95, 0.4), (0.55, 0.5), (1, 0.65), (1, 0.82), (0.7, 1), (0.3, 1), (0, 0.85)]],
    "4": [[(0.6, 0), (0, 0.7), (1, 0.7)], [(0.75, 0.4), (0.75, 1)]],
    "5": [[(0.9, 0), (0.1, 0), (0.05, 0.45), (0.7, 0.42), (1, 0.6), (1, 0.8), (0.7, 1), (0.3, 1), (0, 0.85)]],
    "6": [[(0.7, 0), (0.15, 0.5), (0, 0.75), (0.25, 1), (0.75, 1), (1, 0.8), (1, 0.62), (0.75, 0.45), (0.25, 0.45), (0.02, 0.65)]],
    "7": [[(0, 0), (1, 0), (0.4, 1)]],
    "8": [
        [(0.3, 0.48), (0.05, 0.3), (0.05, 0.15), (0.3, 0), (0.7, 0), (0.95, 0.15), (0.95, 0.3), (0.7, 0.48), (0.3, 0.48)],
        [(0.3, 0.48), (0, 0.68), (0, 0.85), (0.3, 1), (0.7, 1), (1, 0.85), (1, 0.68), (0.7, 0.48)],
    ],
    "9": [[(0.3, 1), (0.85, 0.5), (1, 0.25), (0.75, 0), (0.25, 0), (0, 0.2), (0, 0.38), (0.25, 0.55), (0.75, 0.55), (0.98, 0.35)]],
    "A": [[(0, 1), (0.5, 0), (1, 1)], [(0.18, 0.68), (0.82, 0.68)]],
    "B": [[(0, 0), (0, 1), (0.7, 1), (1, 0.85), (1, 0.65), (0.7, 0.5), (0, 0.5)], [(0, 0), (0.65, 0), (0.92, 0.13), (0.92, 0.35), (0.65, 0.5)]],
    "C": [[(1, 0.2), (0.75, 0), (0.25, 0), (0, 0.2), (0, 0.8), (0.25, 1), (0.75, 1), (1, 0.8)]],
    "D": [[(0, 0), (0, 1), (0.6, 1), (1, 0.8), (1, 0.2), (0.6, 0), (0, 0)]],
    "E": [[(1, 0), (0, 0), (0, 1), (1, 1)], [(0, 0.5), (0.8, 0.5)]],
    "F": [[(1, 0), (0, 0), (0, 1)], [(0, 0.5), (0.8, 0.5)]],
    "G": [[(1, 0.2), (0.75, 0), (0.25, 0), (0, 0.2), (0, 0.8), (0.25, 1), (0.75, 1), (1, 0.8), (1, 0.55), (0.55, 0.55)]],
    "H": [[(0, 0), (0, 1)], [(1, 0), (1, 1)], [(0, 0.5), (1, 0.5)]],
    "I": [[(0.5, 0), (0.5, 1)], [(0.2, 0), (0.8, 0)], [(0.2, 1), (0.8, 1)]],
    "J": [[(0.9, 0), (0.9, 0.8), (0.65, 1), (0.25, 1), (0, 0.8)]],
    "K": [[(0, 0), (0, 1)], [(1, 0), (0, 0.6)], [(0.35, 0.42), (1, 1)]],
    "L": [[(0, 0), (0, 1), (1, 1)]],
    "M": [[(0, 1), (0, 0), (0.5, 0.6), (1, 0), (1, 1)]],
    "N": [[(0, 1), (0, 0), (1, 1), (1, 0)]],
    "O": [[(0, 0.2), (0.25, 0), (0.75, 0), (1, 0.2), (1, 0.8), (0.75, 1), (0.25, 1), (0, 0.8), (0, 0.2)]],
    "P": [[(0, 1), (0, 0), (0.7, 0), (1, 0.15), (1, 0.4), (0.7, 0.55), (0, 0.55)]],
    "Q": [[(0, 0.2), (0.25, 0), (0.75, 0), (1, 0.2), (1, 0.8), (0.75, 1), (0.25, 1), (0, 0.8), (0, 0.2)], [(0.6, 0.75), (1, 1)]],
    "R": [[(0, 1), (0, 0), (0.7, 0), (1, 0.15), (1, 0.38), (0.7, 0.52), (0, 0.52)], [(0.55, 0.52), (1, 1)]],
    "S": [[(1, 0.15), (0.7, 0), (0.3, 0), (0, 0.18), (0.05, 0.4), (0.95, 0.6), (1, 0.82), (0.7, 1), (0.3, 1), (0, 0.85)]],
    "T": [[(0, 0), (1, 0)], [(0.5, 0), (0.5, 1)]],
    "U": [[(0, 0), (0, 0.8), (0.25, 1), (0.75, 1), (1, 0.8), (1, 0)]],
    "V": [[(0, 0), (0.5, 1), (1, 0)]],
    "W": [[(0, 0), (0.22, 1), (0.5, 0.35), (0.78, 1), (1, 0)]],
    "X": [[(0, 0), (1, 1)], [(1, 0), (0, 1)]],
    "Y": [[(0, 0), (0.5, 0.5), (1, 0)], [(0.5, 0.5), (0.5, 1)]],
    "Z": [[(0, 0), (1, 0), (0, 1), (1, 1)]],
    ".": [[(0.4, 0.5), (0.6, 0.5)]],
    "-": [[(0.1, 0.5), (0.9, 0.5)]],
}  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a plate looks: grays 0..255 of text and ground, stroke and glyph width as shares of the glyph's height."""

    text_gray: int = 20
    ground_gray: int = 230
    stroke: float = 0.13
    glyph_width: float = 0.46
    slashed_o: bool = True
    frame: bool = True


WHITE = Style()
BLACK = Style(text_gray=225, ground_gray=25)


def draw_plate(groups: tuple[str, ...], *, expiry: str | None = None, style: Style = WHITE, glyph_px: int = 80) -> NDArray[np.uint8]:
    """A clean plate seen from straight ahead, uint8 [height, width, 3]; `glyph_px` is the height of a main character."""
    step = glyph_px * (style.glyph_width + 0.17)
    gap = glyph_px * 0.42
    text_width = sum(len(group) for group in groups) * step + gap * (len(groups) - 1)
    height, width = round(glyph_px * (1.95 if expiry else 1.5)), round(text_width + glyph_px * 0.75)
    plate = np.full((height, width), style.ground_gray, np.uint8)
    if style.frame:
        rim = max(2, glyph_px // 14)
        cv2.rectangle(plate, (rim, rim), (width - rim, height - rim), style.text_gray, max(1, rim // 2), cv2.LINE_AA)
    x, top = glyph_px * 0.42, glyph_px * 0.24
    for group in groups:
        for character in group:
            _glyph(plate, character, (x, top), glyph_px, style)
            x += step
        x += gap
    if expiry:
        small = glyph_px * 0.42
        x = (width - 5 * small * 0.7) / 2
        for character in expiry:
            _glyph(plate, character, (x, top + glyph_px * 1.14), small, style)
            x += small * 0.7
    return np.repeat(plate[:, :, None], 3, 2)


def _glyph(plate: NDArray[np.uint8], character: str, corner: tuple[float, float], height: float, style: Style) -> None:
    strokes = list(STROKES[character])
    if character == "O" and style.slashed_o:
        strokes.append([(0.8, 0.2), (0.2, 0.8)])
    scale = np.array([height * style.glyph_width, height])
    for stroke in strokes:
        points = np.round((np.array(stroke) * scale + np.array(corner)) * 16).astype(np.int32)
        thickness = max(1, round(height * style.stroke))
        cv2.polylines(plate, [points[:, None]], False, style.text_gray, thickness, cv2.LINE_AA, shift=4)


def spoil(plate: NDArray[np.uint8], rng: np.random.Generator, *, strength: float, glyph_px: int = 80) -> NDArray[np.uint8]:
    """What a camera makes of it: tilt, distance, blur, little light, noise, JPEG; `strength` from 0 (kind) to 1 (cruel)."""
    height, width = plate.shape[:2]
    margin = round(height * rng.uniform(0.0, 0.12))
    around = int(rng.integers(20, 200))
    picture = cv2.copyMakeBorder(plate, margin, margin, margin * 2, margin * 2, cv2.BORDER_CONSTANT, value=(around,) * 3)
    if rng.uniform() < 0.15 * strength:  # a bumper or a tow hook before the lower part of the characters
        hidden = margin + round(height * float(rng.uniform(0.45, 0.62)))
        picture[hidden:] = around
    tilt, slant = rng.normal(0, 0.05 * strength, 2)
    matrix = np.array([[1, slant, -slant * height / 2], [tilt, 1, -tilt * width / 2]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    picture = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen_px = rng.uniform(30 - 20 * strength, 60 - 30 * strength)
    zoom = seen_px / glyph_px
    picture = cv2.resize(picture, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_AREA)
    sigma = float(rng.uniform(0, 0.09) * strength * seen_px)
    if sigma > 0.3:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    travel = round(float(rng.uniform(0, 0.25)) * strength * seen_px)
    if travel > 1:
        picture = cv2.blur(picture, (travel, 1))
    light = picture.astype(np.float32)
    light = (light - 128) * float(rng.uniform(1 - 0.8 * strength, 1)) + float(rng.uniform(128 - 60 * strength, 128 + 60 * strength))
    light += np.linspace(-1, 1, light.shape[1], dtype=np.float32)[None, :, None] * float(rng.normal(0, 25 * strength))
    light += rng.normal(0, 2 + 10 * strength * rng.uniform(), light.shape[:2])[:, :, None]
    spoiled = np.clip(light, 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", spoiled, [cv2.IMWRITE_JPEG_QUALITY, int(95 - 60 * strength * rng.uniform())])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def random_indonesian(rng: np.random.Generator) -> tuple[str, ...]:
    """Groups of an ordinary Indonesian plate, every letter as likely as any other."""
    regions = "A B D E F G H K L M N P R S T W Z AA AB AD AE AG BA BB BE BG BK BM DA DD DK DR EA KB KT".split()
    number = str(rng.integers(1, 10)) + "".join(str(digit) for digit in rng.integers(0, 10, 3))
    letters = "".join(chr(65 + int(letter)) for letter in rng.integers(0, 26, int(rng.integers(1, 4))))
    return (str(rng.choice(regions)), number[: int(rng.choice([2, 3, 4, 4, 4]))], letters)
