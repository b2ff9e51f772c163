"""The sets on which plate readers are measured: real crops, real photographs, drawn crops, drawn plates on motorcycles.

What is drawn comes from seeds that training never uses, so it is held out; it serves to choose limits. What is real
is dev: measured on only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from models.detector import Detector
from models.errors import ModelError
from models.plates.colour import plate_colour
from models.plates.cropping import crop_plate
from models.plates.finding import FAINT_SCORE, PlateFinder, is_faint, joined
from models.training.plates.camera import Camera
from models.training.plates.drawing import Drawn, draw
from models.training.plates.texts import random_text

MOTORCYCLES = Path(__file__).resolve().parents[2] / "tests" / "truth" / "plates" / "motorcycles.yaml"
DETECTOR_CONFIDENCE = 0.25
DRAWN_SEED = 20_261_124
PICTURE_PX = (1280, 720)
# Mean gray below which a crop counts as dark, and spread below which it counts as faint.
DARK, FAINT = 70.0, 22.0


@dataclass(frozen=True)
class Specimen:
    """One plate of a set.

    Attributes:
        name: to find it again.
        truth: what it says.
        crop: uint8 [height, width, 3], BGR; None where the detector found no plate.
        colour: of the plate, as drawn, or as classified where nobody labelled it.
        lines: one, expiry (a line and its expiry) or two (equal lines).
        faint: a second look found it, and hardly: it is read, but never named.
    """

    name: str
    truth: str
    crop: NDArray[np.uint8] | None
    colour: str
    lines: str
    faint: bool = False

    @property
    def light(self) -> str:
        """By day, dark, or faint (little contrast)."""
        if self.crop is None:
            return "unseen"
        gray = cv2.cvtColor(self.crop, cv2.COLOR_BGR2GRAY)
        if gray.std() < FAINT:
            return "faint"
        return "dark" if gray.mean() < DARK else "day"


def crops(folder: Path) -> Iterator[Specimen]:
    """Real crops of Indonesian plates, with their text in `ground_truth.csv`."""
    for row in csv.DictReader((folder / "ground_truth.csv").read_text(encoding="utf-8").splitlines()):
        crop = picture(folder / row["image"])
        yield Specimen(row["image"], row["ground_truth"], crop, _classified(crop), "expiry")


def photographs(folder: Path, detector: Detector) -> Iterator[Specimen]:
    """European photographs, each with one plate's box and text in a file beside it."""
    finder = PlateFinder(least_score=FAINT_SCORE)
    for label in sorted(folder.glob("*.txt")):
        name, x, y, width, height, truth = label.read_text(encoding="utf-8").strip().split("\t")[:6]
        middle = (float(x) + float(width) / 2, float(y) + float(height) / 2)
        crop, faint = found_at(picture(folder / name), middle, detector, finder)
        yield Specimen(name, truth, crop, _classified(crop), "one", faint)


def drawn(count: int, *, seed: int = DRAWN_SEED) -> Iterator[Specimen]:
    """Drawn crops of Indonesian plates, hard ones among them, with colours on their grays."""
    rng = np.random.default_rng([seed, 5])
    camera = Camera(np.random.default_rng(seed))
    made = 0
    while made < count:
        text = random_text(rng)
        if text.kind != "ID":
            continue
        plate = draw(rng, text)
        if plate.two_lines:
            continue
        yield Specimen(f"drawn-{made:04d}", text.text, coloured(camera.crop(rng, plate), plate), plate.colour, "expiry")
        made += 1


def motorcycles(data: Path, detector: Detector, spec: Path = MOTORCYCLES) -> Iterator[Specimen]:
    """Drawn plates, white on black, on real motorcycles; found by the detector in the whole picture."""
    finder = PlateFinder(least_score=FAINT_SCORE)
    for name, truth, scene, middle in motorcycle_pictures(data, spec):
        crop, faint = found_at(scene, middle, detector, finder)
        yield Specimen(name, truth, crop, "black", "expiry", faint)


def motorcycle_pictures(data: Path, spec: Path) -> Iterator[tuple[str, str, NDArray[np.uint8], tuple[float, float]]]:
    """Name, text, picture and the plate's middle in it, as the specification says."""
    wanted: dict[str, Any] = yaml.safe_load(spec.read_text(encoding="utf-8"))
    rng = np.random.default_rng(wanted["seed"])
    frames = {entry["frame"]: np.array(entry["corners"], np.float32) for entry in wanted["frames"]}
    clip = cv2.VideoCapture(str(data / wanted["clip"]))
    number = -1
    while frames and number < max(frames):
        read, frame = clip.read()
        number += 1
        if not read:
            raise ModelError(f"{data / wanted['clip']}: ends before frame {max(frames)}")
        if number not in frames:
            continue
        scene, corners = _cut_around(np.asarray(frame, np.uint8), frames[number], wanted["zoom"])
        for index in range(wanted["plates_each"]):
            text, plate = _motorcycle_plate(rng)
            mounted = _mounted(rng, scene, corners, plate)
            yield f"{number}-{index}", text, mounted, (float(corners[:, 0].mean()), float(corners[:, 1].mean()))


def _motorcycle_plate(rng: np.random.Generator) -> tuple[str, Drawn]:
    while True:
        text = random_text(rng)
        if text.kind == "ID" and len(text.text) >= 5:
            plate = draw(rng, text)
            aspect = (plate.box[2] - plate.box[0]) / (plate.box[3] - plate.box[1])
            if plate.colour == "black" and not plate.two_lines and 1.9 < aspect < 3.2:
                return text.text, plate


def _cut_around(
    frame: NDArray[np.uint8], corners: NDArray[np.float32], zoom: float
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The frame enlarged, cut to `PICTURE_PX` around the plate, and the corners in it."""
    large = cv2.resize(frame, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    width, height = PICTURE_PX
    middle = corners.mean(0) * zoom
    left = int(np.clip(middle[0] - width / 2, 0, max(0, large.shape[1] - width)))
    top = int(np.clip(middle[1] - height / 2, 0, max(0, large.shape[0] - height)))
    return np.asarray(large[top : top + height, left : left + width], np.uint8), corners * zoom - (left, top)


def _mounted(
    rng: np.random.Generator, scene: NDArray[np.uint8], corners: NDArray[np.float32], plate: Drawn
) -> NDArray[np.uint8]:
    """The scene with the drawn plate in place of its own, seen by a camera a little out of focus."""
    out = _without(scene, corners)
    left, top, right, bottom = plate.box
    # As wide as the marked plate, as high as its own proportions ask for, around the marked plate's middle.
    share = float(
        np.linalg.norm(corners[1] - corners[0])
        * (bottom - top)
        / (right - left)
        / max(1.0, float(np.linalg.norm(corners[3] - corners[0])))
    )
    down = corners[[3, 2]] - corners[:2]
    upper = corners[:2] + down * (1 - share) / 2
    target = np.concatenate([upper, (upper + down * share)[::-1]]).astype(np.float32)
    source = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    size = (scene.shape[1], scene.shape[0])
    scale = float(np.linalg.norm(corners[1] - corners[0])) / (right - left)
    canvas = cv2.GaussianBlur(plate.canvas, (0, 0), max(0.3, 0.45 / scale))
    gray = cv2.warpPerspective(canvas, matrix, size, flags=cv2.INTER_LINEAR)
    mask = np.zeros(scene.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, target.astype(np.int32), 255)
    light = float(rng.uniform(0.55, 1.0))
    painted = cv2.cvtColor(np.clip(gray.astype(np.float32) * light, 0, 255).astype(np.uint8), cv2.COLOR_GRAY2BGR)
    out[mask > 0] = painted[mask > 0]
    seen = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.6, 1.6))).astype(np.float32)
    seen += rng.normal(0, float(rng.uniform(1, 6)), seen.shape[:2])[..., None]
    exposed = np.clip(seen, 0, 255).astype(np.uint8)
    ok, data = cv2.imencode(".jpg", exposed, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 90))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8) if ok else out


def _without(scene: NDArray[np.uint8], corners: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The scene with its plate taken away: what is around it grows over it (Telea 2004)."""
    room = 30
    x1, y1 = (max(0, int(side) - room) for side in corners.min(0))
    x2, y2 = (int(side) + room for side in corners.max(0))
    part = scene[y1:y2, x1:x2]
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, (corners - (x1, y1)).astype(np.int32), 255)
    mask = cv2.dilate(mask, np.ones((13, 13), np.uint8))
    out = scene.copy()
    out[y1:y2, x1:x2] = cv2.inpaint(part, mask, 3, cv2.INPAINT_TELEA)
    return out


# Blue, green and red of the ground of drawn plates, as shares of its gray; and of their ink.
_TINTS = {"yellow": (0.15, 1.05, 1.25), "red": (0.35, 0.3, 2.2), "green": (0.7, 1.5, 0.45)}


def coloured(crop: NDArray[np.uint8], plate: Drawn) -> NDArray[np.uint8]:
    """A gray crop with its plate's colour: each pixel as much as its gray is nearer to the ground than to the ink."""
    tint = _TINTS.get(plate.colour)
    if tint is None:
        return crop
    gray = crop[..., 0].astype(np.float32)
    low, high = np.percentile(gray, (5, 95))
    ink_first = plate.ink < plate.ground
    nearer = np.clip((gray - low) / max(1.0, high - low), 0, 1)
    share = (nearer if ink_first else 1 - nearer)[..., None]
    painted = gray[..., None] * (1 + share * (np.array(tint, np.float32) - 1))
    return np.asarray(np.clip(painted, 0, 255), np.uint8)


def found_at(
    scene: NDArray[np.uint8], middle: tuple[float, float], detector: Detector, finder: PlateFinder
) -> tuple[NDArray[np.uint8] | None, bool]:
    """The best plate that is found around a point, as `tertib plates` finds them.

    Returns:
        Its crop, None where there is none; and whether it was only faintly seen.
    """
    seen = detector.detect(scene, confidence=DETECTOR_CONFIDENCE)
    plates = joined([seen, finder.missing(scene, seen)]).only("plate")
    point = np.array(middle)
    on_it = (plates.boxes[:, :2] < point).all(1) & (plates.boxes[:, 2:] > point).all(1)
    if not on_it.any():
        return None, False
    best = int(np.where(on_it, plates.scores, -1.0).argmax())
    box = plates.boxes[best].tolist()
    return crop_plate(scene, box), is_faint(box, float(plates.scores[best]), seen)


def picture(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to BGR.

    Raises:
        ModelError: it is absent or cannot be decoded.
    """
    found = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if found is None:
        raise ModelError(f"{path}: not a picture that can be decoded")
    return np.asarray(found, np.uint8)


def _classified(crop: NDArray[np.uint8] | None) -> str:
    colour = plate_colour(crop) if crop is not None else None
    return colour.name if colour else "unclear"
