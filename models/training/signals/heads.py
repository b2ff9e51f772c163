"""The heads that people labelled, as crops: `images/signals-id` with YOLO boxes green, red, yellow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.signals.lamp_image import Box, around, upright

NAMES = ("green", "red", "yellow")
"""By class number of the label files."""
HELD_OUT_EVERY = 6
"""One picture of so many is not learned from: temperature and threshold are chosen on it."""
LARGEST_PX = 64
"""Wider crops are made smaller: the network sees 48 pixels."""
CLEAR_LAB = 3.0
"""Least difference of colour between the ends of a head (CIE a*) for its lit end to be known."""


@dataclass(frozen=True, eq=False)
class Head:
    """One labelled head.

    Attributes:
        picture: file it is in.
        state: `red`, `yellow` or `green`.
        box: in pixels of the picture.
        crop: upright, with more margin than the network's, at most `LARGEST_PX` wide, uint8 [height, width, 3].
        clear: whether its colour shows where it belongs; unlit lamps are labelled too, from what people knew.
        held_out: not to be learned from.
    """

    picture: Path
    state: str
    box: Box
    crop: NDArray[np.uint8]
    clear: bool
    held_out: bool


def labelled(folder: Path) -> Iterator[tuple[Path, NDArray[np.uint8], list[tuple[str, Box]]]]:
    """Pictures with their labelled heads: path, picture, (state, box in pixels).

    Raises:
        ModelError: the folder holds no pictures, or a label is not one.
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
                points = [float(value) for value in values]
                name = NAMES[int(number)]
            except (ValueError, IndexError) as error:
                raise ModelError(f"{label}: {line[:40]!r} is no YOLO label of {', '.join(NAMES)}") from error
            if len(points) == 4:
                x, y, w, h = points
                points = [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
            xs, ys = points[::2], points[1::2]
            boxes.append((name, (min(xs) * width, min(ys) * height, max(xs) * width, max(ys) * height)))
        yield path, np.asarray(picture, np.uint8), boxes
    if not found:
        raise ModelError(f"{folder} holds no labelled signal heads (images and labels): see models/training/signals")


def heads(folder: Path, *, margin: float) -> list[Head]:
    """All labelled heads of a folder, upright, red above green."""
    found: list[Head] = []
    for path, picture, boxes in labelled(folder):
        held_out = int(hashlib.sha256(path.stem.encode()).hexdigest(), 16) % HELD_OUT_EVERY == 0
        for state, box in boxes:
            crop = around(picture, box, margin=margin)
            if not crop.size or min(crop.shape[:2]) < 6:
                continue
            if crop.shape[1] > crop.shape[0]:
                crop = upright(crop)
            if crop.shape[1] > LARGEST_PX:
                size = (LARGEST_PX, round(crop.shape[0] * LARGEST_PX / crop.shape[1]))
                crop = np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
            # The source turned and mirrored its pictures at random: a head may stand on its head.
            lit = lit_end(crop, state)
            if state != "yellow" and lit == ("green" if state == "red" else "red"):
                crop = np.ascontiguousarray(crop[::-1])
            found.append(Head(path, state, box, crop, lit is not None, held_out))
    return found


def lit_end(crop: NDArray[np.uint8], state: str) -> str | None:
    """Whose place glows in the labelled colour: `red` (above), `green` (below), `yellow`, or None when none does."""
    lab = cv2.cvtColor(crop, cv2.COLOR_BGR2LAB).astype(np.float32)
    height, width = lab.shape[:2]
    inner = lab[round(height * 0.12) : round(height * 0.88), round(width * 0.2) : round(width * 0.8)]
    plane = inner[:, :, 1] if state != "yellow" else 0.5 * inner[:, :, 1] + inner[:, :, 2]
    plane = cv2.GaussianBlur(plane if state != "green" else -plane, (0, 0), 0.05 * width + 0.5)
    thirds = [float(np.percentile(part, 90)) for part in np.array_split(plane, 3)]
    best = int(np.argmax(thirds))
    if thirds[best] - float(np.median(plane)) < CLEAR_LAB:
        return None
    if state == "yellow":
        return "yellow" if best == 1 else None
    # Glow at the middle comes from a box that is not tight: it tells nothing of the end.
    upper, lower = thirds[0], thirds[2]
    return None if abs(upper - lower) < CLEAR_LAB / 2 else ("red" if upper > lower else "green")
