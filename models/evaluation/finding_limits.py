"""Chooses from what score a plate is taken that a second look at a motorcycle finds, on drawn traffic.

`tertib models draw --near --streets 16 --seed 9920001 --to FOLDER` draws it, and then `tertib models limits finding
--data FOLDER` chooses. What it prints is written by hand into `models/plates/finding.py`. No dev set is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.detection import CLASSES
from models.detector import Detector, load_detector
from models.errors import ModelError
from models.plates.finding import MODEL, SIDE_PX, SMALLEST_PX, WIDEST_SHARE, PlateFinder, holds_middle
from models.suppression import overlaps

TRIED = (0.05, 0.08, 0.1, 0.15, 0.2, 0.25)
RIGHT_SHARE = 0.85
"""Of the plates found so many must be some: of the scores that keep it the lowest is taken."""
SAME = 0.4
Box = tuple[float, float, float, float]


def choose(folder: Path, detector: Detector | None = None) -> dict[str, Any]:
    """Look for the plate of each drawn motorcycle, in its true box.

    Args:
        folder: with `images` and `labels`, as `tertib models draw --near` writes them.
        detector: another one than the catalogue's.

    Returns:
        `motorcycles`, `with_plate`, how many found plates of each score tried are right and `false`, and `least_score`.

    Raises:
        ModelError: the folder holds no labelled pictures, or the network is absent.
    """
    detector = detector or load_detector(MODEL, long_side_px=SIDE_PX)
    finders = {score: PlateFinder(detector, least_score=score) for score in TRIED}
    counts = {score: {"right": 0, "false": 0} for score in TRIED}
    motorcycles = with_plate = 0
    for label in sorted((folder / "labels").glob("*.txt")):
        picture = cv2.imread(str(folder / "images" / f"{label.stem}.jpg"), cv2.IMREAD_COLOR)
        if picture is None:
            raise ModelError(f"{label}: its picture is missing or cannot be decoded")
        bgr = np.asarray(picture, np.uint8)
        objects = _labelled(label, bgr.shape[1], bgr.shape[0])
        plates = [box for name, box in objects if name == "plate"]
        for name, box in objects:
            if name != "motorcycle" or max(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX:
                continue
            widest = WIDEST_SHARE * (box[2] - box[0])
            own = [plate for plate in plates if holds_middle(box, plate) and plate[2] - plate[0] <= widest]
            motorcycles, with_plate = motorcycles + 1, with_plate + bool(own)
            for score, finder in finders.items():
                for found in finder.on(bgr, box).boxes.tolist():
                    counts[score]["right" if _is_one(found, own) else "false"] += 1
    if not motorcycles:
        raise ModelError(f"{folder} holds no pictures with large motorcycles: tertib models draw --near --to {folder}")
    fair = [s for s, told in counts.items() if told["right"] >= RIGHT_SHARE * max(1, told["right"] + told["false"])]
    return {
        "motorcycles": motorcycles,
        "with_plate": with_plate,
        "least_score": min(fair) if fair else max(TRIED),
        "found": {str(score): told for score, told in counts.items()},
    }


def _is_one(found: Sequence[float], plates: Sequence[Box]) -> bool:
    if not plates:
        return False
    one = np.array([found], np.float32)
    return bool(overlaps(one, np.array(plates, np.float32)).max() >= SAME)


def _labelled(label: Path, width: int, height: int) -> list[tuple[str, Box]]:
    """Class and box in pixels of each line of a YOLO label."""
    objects: list[tuple[str, Box]] = []
    for line in label.read_text(encoding="utf-8").splitlines():
        number, x, y, w, h = (float(value) for value in line.split())
        box = ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        objects.append((CLASSES[int(number)], box))
    return objects
