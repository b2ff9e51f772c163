"""Draws a plate as it hangs on a vehicle, in gray, seen from straight ahead; knows where each character stands."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.training.plates.glyphs import Glyph, choose_variants
from models.training.plates.texts import DIGITS, LETTERS, PlateText, weighted

GLYPH_PX = 44
# Room around the plate, in glyph heights: what a loose crop shows of the vehicle.
AROUND = 0.5
# From the head of one line to the head of the next, in glyph heights.
LINE_PITCH = 1.34
SHIFT = 3
# (ground, text) in gray: white, yellow, black, red, green plates by day; a camera's exposure shifts them afterwards.
COLOURS = (
    ((150, 250), (5, 90)),
    ((120, 220), (0, 70)),
    ((5, 75), (130, 250)),
    ((50, 130), (150, 250)),
    ((60, 140), (170, 250)),
)
COLOUR_SHARES = (0.34, 0.08, 0.46, 0.06, 0.06)
COLOUR_NAMES = ("white", "yellow", "black", "red", "green")
# Where screws sit, in glyph heights below the heads of the main line.
SCREW_ROWS = (0.0, 0.08, 0.3, 0.5, 1.1)


@dataclass(frozen=True)
class Drawn:
    """A plate on its canvas, all in canvas pixels.

    Attributes:
        canvas: uint8 [height, width].
        centres: float32 [characters, 2], the middles of the main line's characters.
        box: left, top, right, bottom of the plate.
        line: left, top, right, bottom of the main line's characters.
        two_lines: whether an equal line stands above or below it.
        colour: name of the plate's colour.
        ground: its gray.
        ink: gray of the characters.
    """

    canvas: NDArray[np.uint8]
    centres: NDArray[np.float32]
    box: tuple[float, float, float, float]
    line: tuple[float, float, float, float]
    two_lines: bool
    colour: str
    ground: int
    ink: int


@dataclass(frozen=True)
class _Stamp:
    """How one plate's characters are made: shares of the glyph height, and what a character's box is shifted by."""

    variants: dict[str, Glyph]
    width: float
    gap: float
    narrow: float
    stroke: float
    slant: float
    jitter: float


def draw(rng: np.random.Generator, plate: PlateText) -> Drawn:
    """Draw one plate with its own stamp, colours, frame, screws, dirt and neighbours."""
    foreign = plate.kind != "ID"
    u = rng.random(16)
    wide = u[0] < 0.22
    stamp = _Stamp(
        variants=choose_variants(rng, first_share=0.5 if foreign else 0.65),
        width=float(0.55 + 0.4 * u[1]) if wide else float(0.36 + 0.22 * u[1]),
        gap=float(0.08 + 0.22 * u[2]),
        narrow=float(0.45 + 0.55 * u[3]) if u[4] < 0.5 else 1.0,
        stroke=float(0.075 + 0.115 * u[5]),
        slant=float(rng.normal(0, 0.06)) if u[6] < 0.3 else 0.0,
        jitter=float(0.035 * u[7] ** 2),
    )
    colour, ground, text = _colours(rng)
    group_gap = float(0.12 + 0.35 * u[8]) if foreign or u[9] < 0.25 else float(0.3 + 0.9 * u[8] ** 1.5)
    pieces, places = _line(rng, plate.groups, stamp, group_gap, separators=plate.kind in {"VN", "EU", "BR"})
    line_width = places[-1] + stamp.width
    side = 0.12 + 0.5 * float(u[10]) ** 1.5
    second = u[11] < 0.16  # a plate of two equal lines, of which this is one
    upper = bool(u[12] < 0.5)
    expiry = not second and not foreign and u[13] < 0.9
    above = LINE_PITCH if second and not upper else 0.12 + 0.25 * float(u[14])
    below = LINE_PITCH if second and upper else (0.55 + 0.4 * float(u[15]) if expiry else 0.12 + 0.3 * float(u[15]))
    size = np.array([line_width + 2 * side, 1 + above + below])
    canvas = np.full(tuple(int(n) for n in np.ceil((size[::-1] + 2 * AROUND) * GLYPH_PX)), 128, np.uint8)
    box = (AROUND, AROUND, AROUND + float(size[0]), AROUND + float(size[1]))
    _surround(rng, canvas)
    _rectangle(canvas, box, ground, -1)
    if rng.random() < 0.75:
        _frame(rng, canvas, box, text if rng.random() < 0.8 else int(rng.integers(0, 256)))
    if plate.kind in {"EU", "BR"} and rng.random() < 0.6:
        _band(rng, canvas, box, plate.kind)
    left, top = box[0] + side, box[1] + above
    if expiry:
        _expiry(rng, canvas, box, (left, top + 1.0), stamp, text, below)
    if second:
        _other_line(rng, canvas, (left, top + (LINE_PITCH if upper else -LINE_PITCH)), line_width, stamp, text)
    if rng.random() < 0.5:
        _screws(rng, canvas, box, top)
    if side > 0.2 and rng.random() < 0.4:
        _beside(rng, canvas, box, (left, left + line_width), top)
    if above > 0.3 and not second and rng.random() < (0.6 if foreign else 0.15):
        _label(rng, canvas, box, stamp, above, text)
    corner = np.array((left, top), np.float32)
    strokes = [points + corner for points in pieces]
    _stamp_line(rng, canvas, strokes, stamp, text, ground)
    if rng.random() < 0.35:
        _dirt(rng, canvas, box, ground)
    if rng.random() < 0.12:
        _cover(rng, canvas, top)
    middles = np.array([(left + place + stamp.width / 2, top + 0.5) for place in places[: len(plate.text)]], np.float32)
    px = float(GLYPH_PX)
    return Drawn(
        canvas,
        middles * px,
        (box[0] * px, box[1] * px, box[2] * px, box[3] * px),
        (left * px, top * px, (left + line_width) * px, (top + 1) * px),
        second,
        colour,
        ground,
        text,
    )


def _colours(rng: np.random.Generator) -> tuple[str, int, int]:
    index = weighted(rng, COLOUR_SHARES)
    (ground_low, ground_high), (text_low, text_high) = COLOURS[index]
    ground, text = float(rng.uniform(ground_low, ground_high)), float(rng.uniform(text_low, text_high))
    if rng.random() < 0.35:  # worn paint
        text += (ground - text) * float(rng.uniform(0, 0.55))
    return COLOUR_NAMES[index], int(ground), int(text)


def _line(
    rng: np.random.Generator, groups: tuple[str, ...], stamp: _Stamp, group_gap: float, *, separators: bool
) -> tuple[list[NDArray[np.float32]], list[float]]:
    """Strokes of a line that begins at (0, 0), in glyph heights, and the left side of each character."""
    strokes: list[NDArray[np.float32]] = []
    places: list[float] = []
    x = 0.0
    drawn_separator = separators and rng.random() < 0.45
    for index, group in enumerate(groups):
        if index:
            if drawn_separator:
                mark = "-.:"[int(rng.integers(3))]
                half = stamp.width * 0.6
                strokes += _glyph(rng, stamp, mark, x, half)
                x += half + stamp.gap
            else:
                x += group_gap
        for character in group:
            advance = stamp.width * (stamp.narrow if character in "1I" else 1.0)
            shift = x - (stamp.width - advance) / 2
            strokes += _glyph(rng, stamp, character, shift, stamp.width)
            places.append(shift)
            x += advance + stamp.gap
    return strokes, places


def _glyph(
    rng: np.random.Generator, stamp: _Stamp, character: str, x: float, width: float
) -> list[NDArray[np.float32]]:
    glyph = stamp.variants[character]
    shift = rng.normal(0, 1, 4) * stamp.jitter
    size = np.array((width * (1 + shift[0]), 1 + shift[1]), np.float32)
    points = glyph.points * size + np.array((x + shift[2], shift[3]), np.float32)
    if stamp.slant:
        points[:, 0] += (0.5 - points[:, 1]) * stamp.slant
    return np.split(points, glyph.ends)


def _polylines(canvas: NDArray[np.uint8], strokes: list[NDArray[np.float32]], gray: int, thickness: int) -> None:
    scale = GLYPH_PX * (1 << SHIFT)
    cv2.polylines(
        canvas, [(s * scale).astype(np.int32)[:, None] for s in strokes], False, gray, max(1, thickness), shift=SHIFT
    )


def _stamp_line(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    strokes: list[NDArray[np.float32]],
    stamp: _Stamp,
    text: int,
    ground: int,
) -> None:
    """Paint the characters, sometimes embossed (a light and a dark rim), in outline, or with a glow."""
    thickness = round(stamp.stroke * GLYPH_PX)
    kind = rng.random()
    if kind < 0.28:
        rim = np.float32(rng.normal(0, 0.03, 2))
        light = int(rng.integers(0, 256))
        _polylines(canvas, [points + rim for points in strokes], light, thickness)
    elif kind < 0.38:
        glow = int(text + (ground - text) * rng.uniform(0.3, 0.8))
        _polylines(canvas, strokes, glow, thickness + int(rng.integers(3, 8)))
    _polylines(canvas, strokes, text, thickness)
    if kind > 0.95:
        _polylines(canvas, strokes, int(ground + (text - ground) * rng.uniform(0, 0.6)), max(1, thickness - 3))


def _rectangle(canvas: NDArray[np.uint8], box: tuple[float, float, float, float], gray: int, thickness: int) -> None:
    x1, y1, x2, y2 = (int(side * GLYPH_PX) for side in box)
    cv2.rectangle(canvas, (x1, y1), (x2, y2), gray, thickness)


def _surround(rng: np.random.Generator, canvas: NDArray[np.uint8]) -> None:
    """Bumper, lamps, shadows: bands and boxes of gray, with their edges."""
    height, width = canvas.shape
    canvas[:] = int(rng.integers(0, 256))
    for _ in range(int(rng.integers(0, 5))):
        gray = int(rng.integers(0, 256))
        if rng.random() < 0.6:
            y = int(rng.integers(0, height))
            canvas[y : y + int(rng.integers(2, height // 2))] = gray
        else:
            x = int(rng.integers(0, width))
            canvas[:, x : x + int(rng.integers(2, width // 3))] = gray


def _frame(
    rng: np.random.Generator, canvas: NDArray[np.uint8], box: tuple[float, float, float, float], gray: int
) -> None:
    inset = float(rng.uniform(-0.03, 0.09))
    _rectangle(
        canvas,
        (box[0] + inset, box[1] + inset, box[2] - inset, box[3] - inset),
        gray,
        int(rng.integers(1, 4)),
    )
    if rng.random() < 0.15:  # a holder around the plate
        _rectangle(canvas, box, int(rng.integers(0, 256)), int(rng.integers(3, 9)))


def _band(
    rng: np.random.Generator, canvas: NDArray[np.uint8], box: tuple[float, float, float, float], kind: str
) -> None:
    """Europe's band at the side, or Brazil's along the top."""
    gray = int(rng.integers(30, 160))
    if kind == "BR":
        _rectangle(canvas, (box[0], box[1], box[2], box[1] + 0.12), gray, -1)
        return
    left = rng.random() < 0.8
    sides = (box[0], box[0] + 0.11) if left else (box[2] - 0.11, box[2])
    _rectangle(canvas, (sides[0], box[1], sides[1], box[3]), gray, -1)


def _small_text(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    text: str,
    corner: tuple[float, float],
    height: float,
    stamp: _Stamp,
    gray: int,
) -> None:
    x = 0.0
    strokes: list[NDArray[np.float32]] = []
    for character in text:
        strokes += _glyph(rng, stamp, character, x, stamp.width)
        x += stamp.width + stamp.gap
    corner_32 = np.array(corner, np.float32)
    thickness = round(stamp.stroke * height * GLYPH_PX)
    _polylines(canvas, [points * np.float32(height) + corner_32 for points in strokes], gray, thickness)


def _expiry(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    foot: tuple[float, float],
    stamp: _Stamp,
    gray: int,
    room: float,
) -> None:
    height = room * float(rng.uniform(0.45, 0.62))
    text = f"{int(rng.integers(1, 13)):02d}{'.-:'[int(rng.integers(3))]}{int(rng.integers(18, 32)):02d}"
    width = height * 5 * (stamp.width + stamp.gap)
    place = rng.random()
    free = box[2] - box[0] - width
    x = box[0] + free / 2 if place < 0.6 else box[2] - width - 0.15 if place < 0.9 else box[0] + free * rng.random()
    y = foot[1] + room * float(rng.uniform(0.2, 0.32))
    _small_text(rng, canvas, text, (float(x), y), height, stamp, gray)
    if rng.random() < 0.3:  # the police's emblem
        middle = (int((box[0] + 0.25) * GLYPH_PX), int((y + height / 2) * GLYPH_PX))
        cv2.circle(canvas, middle, int(height * GLYPH_PX * 0.4), gray, -1)


def _other_line(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    corner: tuple[float, float],
    line_width: float,
    stamp: _Stamp,
    gray: int,
) -> None:
    count = int(rng.integers(2, 6))
    text = "".join((LETTERS + DIGITS)[int(index)] for index in rng.integers(0, 36, count))
    free = max(0.0, line_width - count * (stamp.width + stamp.gap))
    _small_text(rng, canvas, text, (corner[0] + free * float(rng.random()), corner[1]), 1.0, stamp, gray)


def _screws(
    rng: np.random.Generator, canvas: NDArray[np.uint8], box: tuple[float, float, float, float], top: float
) -> None:
    y = top + SCREW_ROWS[int(rng.integers(len(SCREW_ROWS)))] + float(rng.normal(0, 0.08))
    inset = (box[2] - box[0]) * float(rng.uniform(0.12, 0.36))
    radius = max(2, int(rng.uniform(0.04, 0.12) * GLYPH_PX))
    gray = int(rng.integers(0, 256))
    for x in (box[0] + inset, box[2] - inset):
        middle = (int(x * GLYPH_PX), int(y * GLYPH_PX))
        cv2.circle(canvas, middle, radius, gray, -1)
        if rng.random() < 0.5:
            cv2.circle(canvas, middle, radius, 255 - gray, 1)


def _beside(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    line: tuple[float, float],
    top: float,
) -> None:
    """An emblem, a sticker, a bolt or a frame's lug before or after the characters: what readers take for one more."""
    for start, end in ((box[0], line[0]), (line[1], box[2])):
        room = end - start
        if room < 0.15 or rng.random() < 0.4:
            continue
        x, y = start + room * float(rng.uniform(0.3, 0.7)), top + float(rng.uniform(0.1, 0.9))
        size = min(room * 0.42, 0.3) * float(rng.uniform(0.4, 1.0))
        middle, radius = (int(x * GLYPH_PX), int(y * GLYPH_PX)), max(1, int(size * GLYPH_PX))
        gray = int(rng.integers(0, 256))
        sort = rng.random()
        if sort < 0.3:
            cv2.circle(canvas, middle, radius, gray, -1 if rng.random() < 0.5 else 1)
        elif sort < 0.7:
            tall = (x - size, y - size * float(rng.uniform(0.5, 2.0)), x + size, y + size)
            _rectangle(canvas, tall, gray, -1 if rng.random() < 0.6 else 1)
            if rng.random() < 0.5:  # print on it, too small to be read
                for row in range(middle[1] - radius, middle[1] + radius, 3):
                    cv2.line(canvas, (middle[0] - radius + 2, row), (middle[0] + radius - 2, row), 255 - gray, 1)
        else:
            points = np.array((x, y)) + rng.normal(0, size * 0.6, (int(rng.integers(3, 7)), 2))
            cv2.fillPoly(canvas, [(points * GLYPH_PX).astype(np.int32)], gray)


def _label(
    rng: np.random.Generator,
    canvas: NDArray[np.uint8],
    box: tuple[float, float, float, float],
    stamp: _Stamp,
    room: float,
    gray: int,
) -> None:
    """A small name above the line: of a state, a dealer."""
    height = room * float(rng.uniform(0.35, 0.6))
    count = int(rng.integers(3, 13))
    text = "".join(LETTERS[int(index)] for index in rng.integers(0, 26, count))
    width = height * count * (stamp.width + stamp.gap)
    x = box[0] + max(0.05, (box[2] - box[0] - width) * float(rng.uniform(0.2, 0.8)))
    _small_text(rng, canvas, text, (x, box[1] + (room - height) * 0.5), height, stamp, gray)


def _dirt(
    rng: np.random.Generator, canvas: NDArray[np.uint8], box: tuple[float, float, float, float], ground: int
) -> None:
    """Spots, stickers and scratches, small enough that the characters can still be told."""
    for _ in range(int(rng.integers(1, 5))):
        x = int(rng.uniform(box[0], box[2]) * GLYPH_PX)
        y = int(rng.uniform(box[1], box[3]) * GLYPH_PX)
        gray = int(ground + rng.normal(0, 60)) % 256
        sort = rng.random()
        if sort < 0.5:
            axes = (int(rng.uniform(1, 0.13 * GLYPH_PX)), int(rng.uniform(1, 0.13 * GLYPH_PX)))
            cv2.ellipse(canvas, (x, y), axes, float(rng.uniform(0, 180)), 0, 360, gray, -1)
        elif sort < 0.8:
            end = (x + int(rng.normal(0, 1.2 * GLYPH_PX)), y + int(rng.normal(0, 0.5 * GLYPH_PX)))
            cv2.line(canvas, (x, y), end, gray, int(rng.integers(1, 3)))
        else:
            size = int(rng.uniform(0.06, 0.2) * GLYPH_PX)
            cv2.rectangle(canvas, (x, y), (x + size, y + size), gray, -1)


def _cover(rng: np.random.Generator, canvas: NDArray[np.uint8], top: float) -> None:
    """A bumper, bar or shadow over the strip below the main line, or just above it."""
    gray = int(rng.integers(0, 256))
    if rng.random() < 0.7:
        start = int((top + 1 + rng.uniform(0.02, 0.4)) * GLYPH_PX)
        canvas[start : start + int(rng.uniform(0.1, 1.0) * GLYPH_PX)] = gray
    else:
        canvas[: int((top - rng.uniform(0.04, 0.2)) * GLYPH_PX)] = gray
