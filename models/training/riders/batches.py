"""What one batch shows: labelled heads as worse cameras see them, and cloth drawn on bare ones."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.riders.head_image import CLASSES, MARGIN, head_image
from models.training.riders.heads import SEEN_MARGIN, Square
from models.training.signals.distortion import distorted

SHARES = (0.42, 0.42, 0.16)
"""Of `CLASSES` in a batch."""
DRAWN = 0.12
"""Share of bare heads that get a cap, a scarf or a songkok drawn on."""


def batch(
    rng: np.random.Generator, known: Sequence[Square], size: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A batch of inputs [size, 3, side, side] and numbers of `CLASSES` [size]."""
    pools = {name: [square for square in known if square.state == name] for name in CLASSES}
    inputs, wanted = [], []
    for _ in range(size):
        pool = pools[CLASSES[rng.choice(3, p=SHARES)]] or list(known)
        square = pool[int(rng.integers(len(pool)))]
        crop = square.crop
        if square.state == "bare" and rng.random() < DRAWN:
            crop = covered(rng, crop)
        picture = recut(rng, crop)
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        inputs.append(head_image(distorted(rng, np.ascontiguousarray(picture), smallest_px=14, largest_px=110)))
        wanted.append(CLASSES.index(square.state))
    return np.stack(inputs), np.array(wanted, np.int64)


def recut(rng: np.random.Generator, crop: NDArray[np.uint8], tremble: float = 0.09) -> NDArray[np.uint8]:
    """The head and the network's margin, drawn a little wrong: detectors' boxes are."""
    whole = crop.shape[0]
    side = whole * (1 + 2 * MARGIN) / (1 + 2 * SEEN_MARGIN) * float(np.exp(rng.normal(0, 0.13)))
    side = min(side, whole)
    head = whole / (1 + 2 * SEEN_MARGIN)
    x, y = whole / 2 + rng.normal(0, tremble, 2) * head
    left = int(np.clip(x - side / 2, 0, whole - side))
    top = int(np.clip(y - side / 2, 0, whole - side))
    return crop[top : top + max(4, round(side)), left : left + max(4, round(side))]


def covered(rng: np.random.Generator, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A bare head with cloth on it: none of this is a helmet.

    A scarf or hijab leaves the face, a cap has a peak, a songkok is a flat dark band.
    """
    side = crop.shape[0]
    head = side / (1 + 2 * SEEN_MARGIN)
    middle = (round(side / 2), round(side / 2))
    cloth = crop.astype(np.float32).copy()
    mask = np.zeros((side, side), np.uint8)
    kind = rng.random()
    colour = rng.uniform(10, 240, 3) if kind < 0.8 else rng.uniform(5, 40) + rng.normal(0, 5, 3)
    half = round(head / 2)
    if kind < 0.45:
        cv2.ellipse(mask, middle, (round(half * 1.0), round(half * 1.12)), 0, 0, 360, 255, -1)
        cv2.ellipse(mask, (middle[0], middle[1] + half), (round(half * 1.3), round(half * 0.9)), 0, 0, 360, 255, -1)
        face = (middle[0] + round(rng.uniform(-0.2, 0.2) * half), middle[1] + round(0.08 * half))
        cv2.ellipse(mask, face, (round(half * 0.58), round(half * 0.72)), 0, 0, 360, 0, -1)
    elif kind < 0.8:
        crown = (middle[0], middle[1] - round(0.25 * half))
        cv2.ellipse(mask, crown, (round(half * 0.88), round(half * 0.72)), 0, 180, 360, 255, -1)
        ahead = 1 if rng.random() < 0.5 else -1
        peak = (crown[0] + ahead * round(half * 0.7), crown[1] + round(0.04 * half))
        cv2.ellipse(mask, peak, (round(half * 0.6), max(1, round(half * 0.14))), ahead * 8, 0, 360, 255, -1)
    else:
        top = middle[1] - round(half * 1.05)
        cv2.rectangle(
            mask,
            (middle[0] - round(half * 0.72), top),
            (middle[0] + round(half * 0.72), top + round(half * 0.65)),
            255,
            -1,
        )
    share = cv2.GaussianBlur(mask, (0, 0), 0.02 * side + 0.3).astype(np.float32)[:, :, None] / 255
    # Folds and light: cloth is not one colour.
    folds = cv2.resize(rng.normal(0, 1, (7, 7)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    shade = 1 + 0.15 * folds[:, :, None] + np.linspace(0.15, -0.15, side, dtype=np.float32)[:, None, None]
    return np.asarray(np.clip(cloth * (1 - share) + share * colour * shade, 0, 255), np.uint8)
