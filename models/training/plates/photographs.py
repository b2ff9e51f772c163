"""Real crops among the drawn ones: photographs whose licence lets us learn from them, with texts that were checked."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.plates.line_image import HEIGHT_PX, WIDTH_PX, gray_line
from models.plates.posteriors import INDEX
from models.plates.text_line import find_text_lines

PHOTOGRAPH_LABELS = "labels.csv"
# Share of showings as the whole crop, not as the line that was found in it.
WHOLE_SHARE = 0.4


@dataclass(frozen=True)
class Photographs:
    """Real plates: their texts, and of each the gray pictures it may be shown as (the line, the whole crop)."""

    texts: tuple[str, ...]
    lines: tuple[NDArray[np.uint8], ...]
    wholes: tuple[NDArray[np.uint8], ...]

    def show(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
        """One of them, spoiled anew: uint8 [HEIGHT_PX, WIDTH_PX], and its text."""
        index = int(rng.integers(len(self.texts)))
        picture = (self.wholes if rng.random() < WHOLE_SHARE else self.lines)[index]
        return _spoiled(rng, picture), self.texts[index]


def load_photographs(folder: Path) -> Photographs:
    """Crops of a folder with `labels.csv` (columns `image`, `text`).

    Raises:
        ModelError: no such file, a picture that cannot be decoded, or a text of other characters.
    """
    try:
        rows = list(csv.DictReader((folder / PHOTOGRAPH_LABELS).read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise ModelError(f"{folder / PHOTOGRAPH_LABELS}: cannot be read: {error.strerror}") from error
    texts, lines, wholes = [], [], []
    for row in rows:
        picture = cv2.imread(str(folder / row["image"]), cv2.IMREAD_COLOR)
        if picture is None:
            raise ModelError(f"{folder / row['image']}: not a picture that can be decoded")
        if not row["text"] or not set(row["text"]) <= INDEX.keys():
            raise ModelError(
                f"{folder / PHOTOGRAPH_LABELS}: {row['text']!r} of {row['image']} is no text of A-Z and 0-9"
            )
        crop = np.asarray(picture, np.uint8)
        found = find_text_lines(crop)
        texts.append(row["text"])
        wholes.append(gray_line(crop))
        lines.append(gray_line(found[0].image if len(found) == 1 else crop))
    if not texts:
        raise ModelError(f"{folder / PHOTOGRAPH_LABELS}: names no pictures")
    return Photographs(tuple(texts), tuple(lines), tuple(wholes))


def _spoiled(rng: np.random.Generator, gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cut a little off, sheared, with another light, focus, noise and compression; sometimes as its negative."""
    u = rng.random(12)
    height, width = gray.shape
    left, right = rng.uniform(-0.05, 0.02, 2) * width
    top, bottom = rng.uniform(-0.08, 0.05, 2) * height
    x_step, y_step = (width - left - right) / WIDTH_PX, (height - top - bottom) / HEIGHT_PX
    slope, lean = rng.normal(0, 0.02), rng.normal(0, 0.08)
    back = np.array(
        [
            [x_step, lean * y_step, left - lean * y_step * HEIGHT_PX / 2],
            [slope * x_step, y_step, top - slope * x_step * WIDTH_PX / 2],
        ]
    )
    cut = cv2.warpAffine(
        gray,
        back,
        (WIDTH_PX, HEIGHT_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    light = cut.astype(np.float32)
    if u[0] < 0.35:
        light = 255 - light
    if u[1] < 0.35:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), 0.3 + 1.4 * float(u[2])), np.float32)
    light = 255 * (np.clip(light, 0, 255) / 255) ** float(np.exp(rng.normal(0, 0.35)))
    light = 128 + (light - 128) * float(0.4 + 0.8 * u[3]) + float(rng.normal(0, 20))
    strength = min(1 + 8 * float(u[4]) ** 2, 0.25 * float(light.std()))
    light = light + strength * rng.standard_normal(light.shape, np.float32)
    seen = np.clip(light, 0, 255).astype(np.uint8)
    if u[5] < 0.5:
        ok, data = cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, int(30 + 65 * u[6])])
        if ok:
            seen = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)
    return np.asarray(seen, np.uint8)
