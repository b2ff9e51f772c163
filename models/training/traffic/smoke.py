"""A made training set: rectangles on grey, enough to see that training runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def make_set(folder: Path, *, pictures: int) -> Path:
    """Write `images` and `labels` for some pictures of painted cars with plates."""
    random = np.random.default_rng(1)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for index in range(pictures):
        picture = np.full((96, 160, 3), 90, np.uint8)
        x, y = (int(value) for value in random.integers(10, 40, 2))
        cv2.rectangle(picture, (x, y), (x + 70, y + 40), (30, 30, 200), -1)
        cv2.rectangle(picture, (x + 25, y + 28), (x + 45, y + 36), (240, 240, 240), -1)
        cv2.imwrite(str(folder / "images" / f"{index}.jpg"), picture)
        rows = [(0, x, y, 70, 40), (7, x + 25, y + 28, 20, 8)]
        lines = [
            f"{n} {(a + w / 2) / 160:.5f} {(b + h / 2) / 96:.5f} {w / 160:.5f} {h / 96:.5f}" for n, a, b, w, h in rows
        ]
        (folder / "labels" / f"{index}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder
