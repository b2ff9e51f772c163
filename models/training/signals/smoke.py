"""A made training set: drawn heads on grey, enough to see that training runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from models.training.signals.drawing import draw_head
from models.training.signals.heads import NAMES


def make_set(folder: Path, *, pictures: int) -> Path:
    """Write `images` and `labels` for some pictures with one drawn head each."""
    rng = np.random.default_rng(1)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    ground = np.full((20, 20, 3), 130, np.uint8)
    for index in range(pictures):
        number = index % len(NAMES)
        picture = np.full((160, 120, 3), 120, np.uint8)
        head = draw_head(rng, ground, NAMES[number])
        height, width = head.shape[:2]
        picture[30 : 30 + height, 40 : 40 + width] = head
        cv2.imwrite(str(folder / "images" / f"{index}.jpg"), picture)
        middle = ((40 + width / 2) / 120, (30 + height / 2) / 160)
        label = f"{number} {middle[0]:.5f} {middle[1]:.5f} {0.8 * width / 120:.5f} {0.84 * height / 160:.5f}\n"
        (folder / "labels" / f"{index}.txt").write_text(label, encoding="utf-8")
    return folder
