"""Draws number plates from strokes of our own and spoils them as cameras do: for tests and for choosing limits."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# The narrow upright skeletons of plate characters on a grid of 100 by 100 (x right, y down): points of a stroke are
# apart by spaces, strokes by semicolons.
PATHS = """
0 0,20 25,0 75,0 100,20 100,80 75,100 25,100 0,80 0,20
1 15,22 60,0 60,100
2 0,20 25,0 75,0 100,20 100,40 0,100 100,100
3 0,15 30,0 75,0 100,20 95,40 55,50 100,65 100,82 70,100 30,100 0,85
4 60,0 0,70 100,70; 75,40 75,100
5 90,0 10,0 5,45 70,42 100,60 100,80 70,100 30,100 0,85
6 70,0 15,50 0,75 25,100 75,100 100,80 100,62 75,45 25,45 2,65
7 0,0 100,0 40,100
8 30,48 5,30 5,15 30,0 70,0 95,15 95,30 70,48 30,48; 30,48 0,68 0,85 30,100 70,100 100,85 100,68 70,48
9 30,100 85,50 100,25 75,0 25,0 0,20 0,38 25,55 75,55 98,35
A 0,100 50,0 100,100; 18,68 82,68
B 0,0 0,100 70,100 100,85 100,65 70,50 0,50; 0,0 65,0 92,13 92,35 65,50
C 100,20 75,0 25,0 0,20 0,80 25,100 75,100 100,80
D 0,0 0,100 60,100 100,80 100,20 60,0 0,0
E 100,0 0,0 0,100 100,100; 0,50 80,50
F 100,0 0,0 0,100; 0,50 80,50
G 100,20 75,0 25,0 0,20 0,80 25,100 75,100 100,80 100,55 55,55
H 0,0 0,100; 100,0 100,100; 0,50 100,50
I 50,0 50,100; 20,0 80,0; 20,100 80,100
J 90,0 90,80 65,100 25,100 0,80
K 0,0 0,100; 100,0 0,60; 35,42 100,100
L 0,0 0,100 100,100
M 0,100 0,0 50,60 100,0 100,100
N 0,100 0,0 100,100 100,0
O 0,20 25,0 75,0 100,20 100,80 75,100 25,100 0,80 0,20
P 0,100 0,0 70,0 100,15 100,40 70,55 0,55
Q 0,20 25,0 75,0 100,20 100,80 75,100 25,100 0,80 0,20; 60,75 100,100
R 0,100 0,0 70,0 100,15 100,38 70,52 0,52; 55,52 100,100
S 100,15 70,0 30,0 0,18 5,40 95,60 100,82 70,100 30,100 0,85
T 0,0 100,0; 50,0 50,100
U 0,0 0,80 25,100 75,100 100,80 100,0
V 0,0 50,100 100,0
W 0,0 22,100 50,35 78,100 100,0
X 0,0 100,100; 100,0 0,100
Y 0,0 50,50 100,0; 50,50 50,100
Z 0,0 100,0 0,100 100,100
. 40,50 60,50
- 10,50 90,50
"""
STROKES = {
    line[0]: [[tuple(int(v) / 100 for v in point.split(",")) for point in path.split()] for path in line[2:].split(";")]
    for line in PATHS.split("\n")
    if line
}


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


def draw_plate(
    groups: tuple[str, ...], *, expiry: str | None = None, style: Style = WHITE, glyph_px: int = 80
) -> NDArray[np.uint8]:
    """A clean plate seen from straight ahead, uint8 [height, width, 3]; `glyph_px`: height of a main character."""
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


def spoil(
    plate: NDArray[np.uint8], rng: np.random.Generator, *, strength: float, glyph_px: int = 80
) -> NDArray[np.uint8]:
    """What a camera makes of it: tilt, distance, blur, low light, noise, JPEG; `strength`: 0 (kind) to 1 (cruel)."""
    height, width = plate.shape[:2]
    margin = round(height * rng.uniform(0.0, 0.12))
    around = int(rng.integers(20, 200))
    picture = cv2.copyMakeBorder(
        plate, margin, margin, margin * 2, margin * 2, cv2.BORDER_CONSTANT, value=(around,) * 3
    )
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
    light = (light - 128) * float(rng.uniform(1 - 0.8 * strength, 1)) + float(
        rng.uniform(128 - 60 * strength, 128 + 60 * strength)
    )
    light += np.linspace(-1, 1, light.shape[1], dtype=np.float32)[None, :, None] * float(rng.normal(0, 25 * strength))
    light += rng.normal(0, 2 + 10 * strength * rng.uniform(), light.shape[:2])[:, :, None]
    spoiled = np.clip(light, 0, 255).astype(np.uint8)
    encoded = cv2.imencode(".jpg", spoiled, [cv2.IMWRITE_JPEG_QUALITY, int(95 - 60 * strength * rng.uniform())])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


REGIONS = "A B D E F G H K L N R S T W Z AA AB AD AE AG BA BK DK EA KT"


def random_indonesian(rng: np.random.Generator) -> tuple[str, ...]:
    """Groups of an ordinary Indonesian plate, every letter as likely as any other."""
    number = str(rng.integers(1, 10)) + "".join(str(digit) for digit in rng.integers(0, 10, 3))
    letters = "".join(chr(65 + int(letter)) for letter in rng.integers(0, 26, int(rng.integers(1, 4))))
    return (str(rng.choice(REGIONS.split())), number[: int(rng.choice([2, 3, 4, 4, 4]))], letters)
