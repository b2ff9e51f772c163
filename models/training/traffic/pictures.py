"""Training pictures: read, composed and spoiled, the same way for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES
from models.errors import ModelError
from models.training.traffic.agreement import HEADS_UNDECIDED, UNDECIDED

PLATE = CLASSES.index("plate")
HEADS = (CLASSES.index("helmeted_head"), CLASSES.index("bare_head"))
MOTORCYCLE = CLASSES.index("motorcycle")
VISIBLE = 0.35
"""An object of which less than this share is left in a crop is undecided."""
SMALLEST_PX = 3.0
SMALL_PLATE = 0.1
"""A plate narrower than this share of the picture is what roadside cameras see, and rare among photographs."""
REPEATS = 1
"""How often more pictures with small plates or heads are shown."""
MOTORCYCLE_REPEATS = 3
"""How often more photographs are shown in which people marked motorcycles, which COCO's networks miss from near."""

PHOTOGRAPHS = "plates-"
"""Prefix of photographs in which people marked vehicles and plates."""
DRAWN = "drawn-"
"""Prefix of pictures that the stage drew: there are as many of them as one asks for."""

Composed = tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int64]]
"""A picture, boxes [n, 4] in its pixels, classes [n]."""


@dataclass(frozen=True)
class Labelled:
    """One picture on disk and its labels (boxes as shares of the picture: centre x, centre y, width, height)."""

    path: Path
    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]


def read_set(folder: Path) -> list[Labelled]:
    """Read a folder with `images` and `labels` in YOLO's text form.

    Raises:
        ModelError: no pictures there, or a label line that is wrong.
    """
    found = []
    for path in sorted((folder / "images").glob("*.jpg")):
        text = folder / "labels" / f"{path.stem}.txt"
        try:
            rows = [[float(part) for part in line.split()] for line in text.read_text(encoding="utf-8").splitlines()]
            table = np.array([row for row in rows if row], np.float32).reshape(-1, 5)
        except (OSError, ValueError) as error:
            raise ModelError(f"the labels {text} cannot be read: each line needs a class and four numbers") from error
        if len(table) and (table[:, 0].min() < 0 or table[:, 0].max() > HEADS_UNDECIDED):
            raise ModelError(f"the labels {text} hold a class outside 0..{HEADS_UNDECIDED}")
        found.append(Labelled(path, table[:, 1:], table[:, 0].astype(np.int64)))
    if not found:
        raise ModelError(
            f"no training pictures in {folder / 'images'}: make them with `python -m models.training.traffic.label`"
        )
    return found


class Composer:
    """Makes one training picture of side `side_px` from a set; the same (seed, epoch, index) gives the same picture."""

    def __init__(self, pictures: list[Labelled], *, side_px: int, seed: int) -> None:
        self._pictures = pictures
        self._side = side_px
        self._seed = seed
        again = [index for index, picture in enumerate(pictures) for _ in range(_repeats(picture))]
        self._shown = np.array([*range(len(pictures)), *again], np.int64)

    def __len__(self) -> int:
        """How many pictures an epoch shows."""
        return len(self._shown)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Which pictures an epoch shows, in its order; rare ones come several times."""
        return np.random.default_rng((self._seed, epoch)).permutation(self._shown)

    def compose(self, index: int, *, epoch: int, place: int, mosaic: bool) -> Composed:
        """One picture [side, side, 3] with its boxes and classes; `place` is its place in the epoch."""
        random = np.random.default_rng((self._seed, epoch, place))
        if mosaic and random.random() < 0.75:
            picture, boxes, classes = self._mosaic(index, random)
        else:
            picture, boxes, classes = self._window(index, random, self._side, self._side, cover=False)
        if random.random() < 0.5:
            picture = np.ascontiguousarray(picture[:, ::-1])
            boxes = np.stack([self._side - boxes[:, 2], boxes[:, 1], self._side - boxes[:, 0], boxes[:, 3]], axis=1)
        return spoil(invert_plates(picture, boxes, classes, random), random), boxes, classes

    def _mosaic(self, index: int, random: np.random.Generator) -> Composed:
        side = self._side
        cells = 3 if random.random() < 0.25 else 2
        columns, rows = (_cuts(side, cells, random) for _ in range(2))
        others = random.choice(self._shown, cells * cells - 1)
        chosen = iter(random.permutation([index, *others.tolist()]).tolist())
        canvas = np.empty((side, side, 3), np.uint8)
        boxes, classes = [], []
        for x1, x2 in pairwise(columns):
            for y1, y2 in pairwise(rows):
                part, part_boxes, part_classes = self._window(next(chosen), random, x2 - x1, y2 - y1, cover=True)
                canvas[y1:y2, x1:x2] = part
                boxes.append(part_boxes + np.array([x1, y1, x1, y1], np.float32))
                classes.append(part_classes)
        return canvas, np.concatenate(boxes), np.concatenate(classes)

    def _window(self, index: int, random: np.random.Generator, width: int, height: int, *, cover: bool) -> Composed:
        """A window of one picture: `cover` fills it wholly; otherwise the whole picture is about fitted in."""
        labelled = self._pictures[index]
        source = cv2.imread(str(labelled.path))
        if source is None:
            raise ModelError(f"the training picture {labelled.path} cannot be read")
        rows, columns = source.shape[:2]
        fill = max(width / columns, height / rows)
        fit = min(width / columns, height / rows)
        scale = fill * random.uniform(1.0, 2.0) if cover else fit * random.uniform(0.8, 1.6)
        inner_width, inner_height = max(1, round(columns * scale)), max(1, round(rows * scale))
        # Negative offsets leave grey around a picture that is smaller than the window.
        left = _offset(inner_width, width, random)
        top = _offset(inner_height, height, random)
        move = np.array([[inner_width / columns, 0, -left], [0, inner_height / rows, -top]], np.float32)
        if scale < 0.6:
            # warpAffine does not average: shrink first, or thin things become noise.
            source = cv2.resize(source, (inner_width, inner_height), interpolation=cv2.INTER_AREA)
            move = np.array([[1, 0, -left], [0, 1, -top]], np.float32)
        window = cv2.warpAffine(source, move, (width, height), borderValue=(114, 114, 114))
        boxes, classes = _cropped(labelled, inner_width, inner_height, left, top, width, height)
        return window.astype(np.uint8, copy=False), boxes, classes


def _repeats(picture: Labelled) -> int:
    if picture.path.stem.startswith(DRAWN):
        return 0
    if picture.path.stem.startswith(PHOTOGRAPHS) and MOTORCYCLE in picture.classes:
        return MOTORCYCLE_REPEATS
    small_plates = (picture.boxes[picture.classes == PLATE, 2] < SMALL_PLATE).any()
    return REPEATS if small_plates or np.isin(picture.classes, HEADS).any() else 0


def _cuts(side: int, cells: int, random: np.random.Generator) -> list[int]:
    """Where a side is cut into cells, the ends included."""
    cuts = (np.arange(1, cells) + random.uniform(-0.3, 0.3, cells - 1)) * side / cells
    return [0, *(int(cut) for cut in cuts), side]


def _offset(inner: int, outer: int, random: np.random.Generator) -> int:
    low, high = min(0, inner - outer), max(0, inner - outer)
    return int(random.integers(low, high + 1))


def _cropped(
    labelled: Labelled, inner_width: int, inner_height: int, left: int, top: int, width: int, height: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    size = np.array([inner_width, inner_height], np.float32)
    centre, half = labelled.boxes[:, :2] * size, labelled.boxes[:, 2:] * size / 2
    whole = np.concatenate([centre - half, centre + half], axis=1) - np.array([left, top] * 2, np.float32)
    boxes = np.clip(whole, 0, np.array([width, height] * 2, np.float32)).astype(np.float32)
    sides = boxes[:, 2:] - boxes[:, :2]
    share = sides.prod(axis=1) / np.maximum((whole[:, 2:] - whole[:, :2]).prod(axis=1), 1e-6)
    unclear = (share < VISIBLE) | (sides < SMALLEST_PX).any(axis=1)
    classes = np.where(unclear & (labelled.classes != HEADS_UNDECIDED), UNDECIDED, labelled.classes)
    keep = (sides > 1).all(axis=1)
    return boxes[keep], classes[keep]


def invert_plates(
    picture: NDArray[np.uint8], boxes: NDArray[np.float32], classes: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """Turn three plates in ten into their negative: dark plates are rare in the footage, and legal."""
    for x1, y1, x2, y2 in boxes[classes == PLATE].astype(int).tolist():
        if random.random() < 0.3:
            picture[y1:y2, x1:x2] = 255 - picture[y1:y2, x1:x2]
    return picture


def spoil(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Night, glare, rain, haze, blur, noise, compression, other white balances: what roadside cameras deliver."""
    draw = random.random()
    if draw < 0.12:
        picture = darkened(picture, random)
    elif draw < 0.2:
        picture = dazzled(picture, random)
    elif draw < 0.28:
        picture = rained(picture, random)
    if random.random() < 0.5:
        gamma, gains = random.uniform(0.6, 1.9), random.uniform(0.9, 1.1, 3)
        ramp = (np.arange(256) / 255) ** gamma * 255
        curves = np.clip(ramp[:, None] * gains[None, :], 0, 255).astype(np.uint8)
        picture = cv2.LUT(picture, curves[None])
    if random.random() < 0.1:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 1.5))
    if random.random() < 0.1:
        noise = random.normal(0, random.uniform(3, 12), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if random.random() < 0.15:
        quality = int(random.integers(25, 70))
        packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        unpacked = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        picture = picture if unpacked is None else unpacked.astype(np.uint8, copy=False)
    return picture


def darkened(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Night: what is bright stays so (lamps, reflecting plates), the rest sinks into noise under one tint."""
    level = picture.astype(np.float32) / 255
    gains = random.uniform(0.75, 1.15, 3).astype(np.float32)
    level = level ** random.uniform(1.6, 2.6) * random.uniform(0.45, 0.85) * gains
    level += random.standard_normal((*picture.shape[:2], 1), np.float32) * random.uniform(0.01, 0.04)
    dark: NDArray[np.uint8] = np.clip(level * 255, 0, 255).astype(np.uint8)
    return dark


def dazzled(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Glare: head lamps or a low sun veil a part of the picture."""
    side = picture.shape[0]
    y, x = np.mgrid[:side, : picture.shape[1]].astype(np.float32)
    veil = np.zeros(picture.shape[:2], np.float32)
    for _ in range(int(random.integers(1, 4))):
        place, reach = random.uniform(0, side, 2), random.uniform(0.03, 0.3) * side
        veil += random.uniform(0.4, 1.0) * np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * reach**2))
    level = picture + veil[..., None] * 255
    bright: NDArray[np.uint8] = np.clip(level, 0, 255).astype(np.uint8)
    return bright


def rained(picture: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Rain: bright slanting streaks and a grey veil."""
    height, width = picture.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    slant, length = random.uniform(-0.3, 0.3), random.uniform(0.02, 0.07) * height
    for x, y in random.uniform(0, 1, (int(random.integers(80, 400)), 2)) * [width, height]:
        cv2.line(streaks, (int(x), int(y)), (int(x + slant * length), int(y + length)), 255, 1, cv2.LINE_AA)
    veil, strength = random.uniform(0.05, 0.3), random.uniform(0.15, 0.5)
    level = picture * (1 - veil) + 150 * veil + streaks[..., None] * strength * 0.5
    wet: NDArray[np.uint8] = np.clip(level, 0, 255).astype(np.uint8)
    return wet
