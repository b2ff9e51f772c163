"""The heads that people labelled, as squares: `images/helmets` with YOLO boxes `With Helmet` and `Without Helmet`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.riders.head_image import Box, head_square

NAMES = ("helmet", "bare")
"""By class number of the label files."""
HELD_OUT_EVERY = 6
"""One picture of so many is not learned from: temperature and threshold are chosen on it."""
SEEN_MARGIN = 0.6
"""Margin of the squares that batches are cut from, as a share of the head's longer side."""
LARGEST_PX = 140
ELSEWHERE = 2
"""Squares without a head taken from each picture."""


@dataclass(frozen=True, eq=False)
class Square:
    """One labelled head, or a place without one.

    Attributes:
        picture: file it is in.
        state: `helmet`, `bare` or `no_head`.
        box: in pixels of the picture.
        crop: the square around it with `SEEN_MARGIN`, uint8 [side, side, 3], at most `LARGEST_PX`.
        held_out: not to be learned from.
    """

    picture: Path
    state: str
    box: Box
    crop: NDArray[np.uint8]
    held_out: bool


def labelled(folder: Path) -> Iterator[tuple[Path, NDArray[np.uint8], list[tuple[str, Box]]]]:
    """Pictures with their labelled heads: path, picture, (state, box in pixels).

    Raises:
        ModelError: the folder holds no labelled pictures, or a label is not one.
    """
    found = False
    for path in sorted((folder / "images").glob("*")):
        label = folder / "labels" / f"{path.stem}.txt"
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if picture is None or not label.exists():
            continue
        found = True
        height, width = picture.shape[:2]
        boxes: list[tuple[str, Box]] = []
        for line in label.read_text(encoding="utf-8").splitlines():
            try:
                number, *values = line.split()
                name = NAMES[int(number)]
                x, y, w, h = (float(value) for value in values)
            except (ValueError, IndexError) as error:
                raise ModelError(f"{label}: {line[:40]!r} is no YOLO label of {', '.join(NAMES)}") from error
            corner, far = ((x - w / 2) * width, (y - h / 2) * height), ((x + w / 2) * width, (y + h / 2) * height)
            boxes.append((name, (*corner, *far)))
        yield path, np.asarray(picture, np.uint8), boxes
    if not found:
        raise ModelError(f"{folder} holds no labelled heads (images and labels): see models/training/riders")


def squares(folder: Path) -> list[Square]:
    """All labelled heads of a folder, and as many places without a head."""
    found: list[Square] = []
    for path, picture, boxes in labelled(folder):
        digest = hashlib.sha256(path.stem.encode()).hexdigest()
        held_out = int(digest, 16) % HELD_OUT_EVERY == 0
        rng = np.random.default_rng(int(digest[:8], 16))
        places = [*boxes, *(("no_head", box) for box in _elsewhere(rng, picture, [box for _, box in boxes]))]
        for state, box in places:
            crop = head_square(picture, box, margin=SEEN_MARGIN)
            if not crop.size or min(crop.shape[:2]) < 8:
                continue
            if crop.shape[0] > LARGEST_PX:
                crop = np.asarray(cv2.resize(crop, (LARGEST_PX, LARGEST_PX), interpolation=cv2.INTER_AREA), np.uint8)
            found.append(Square(path, state, box, crop, held_out))
    return found


def _elsewhere(rng: np.random.Generator, picture: NDArray[np.uint8], heads: list[Box]) -> Iterator[Box]:
    """Boxes of a head's size that touch no labelled head, most of them where its rider or motorcycle is.

    Not every head is labelled; below a labelled one there is none.
    """
    height, width = picture.shape[:2]
    for x1, y1, x2, y2 in heads[:ELSEWHERE]:
        side = max(x2 - x1, y2 - y1) * rng.uniform(0.8, 1.6)
        x = (x1 + x2) / 2 + rng.normal(0, 0.8) * side
        y = y2 + rng.uniform(0.6, 3.0) * side
        box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
        clear = all(box[2] < a or box[0] > c or box[3] < b or box[1] > d for a, b, c, d in heads)
        if clear and 0 < x < width and y < height:
            yield box
