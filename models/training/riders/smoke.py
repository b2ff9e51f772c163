"""A made training set: painted heads on grey, enough to see that training runs."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from models.training.riders.heads import NAMES


def make_set(folder: Path, *, pictures: int) -> Path:
    """Write `images` and `labels` for some pictures with one painted head each."""
    rng = np.random.default_rng(1)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    (folder / "labels").mkdir(parents=True, exist_ok=True)
    for index in range(pictures):
        number = index % len(NAMES)
        picture = np.full((160, 120, 3), 120, np.uint8)
        centre = (60 + int(rng.integers(-8, 9)), 40)
        cv2.circle(picture, centre, 16, (150, 170, 210), -1)
        if NAMES[number] == "helmet":
            cv2.ellipse(picture, (centre[0], centre[1] - 3), (17, 16), 0, 180, 360, (30, 30, 200), -1)
        cv2.imwrite(str(folder / "images" / f"{index}.jpg"), picture)
        label = f"{number} {centre[0] / 120:.5f} {40 / 160:.5f} {34 / 120:.5f} {34 / 160:.5f}\n"
        (folder / "labels" / f"{index}.txt").write_text(label, encoding="utf-8")
    return folder
