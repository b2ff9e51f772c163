"""Made lines by the batch: what the network is shown, and what it should say where."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from models.plates.line_image import HEIGHT_PX, WIDTH_PX
from models.plates.posteriors import INDEX
from models.training.plates.camera import Camera
from models.training.plates.drawing import draw
from models.training.plates.photographs import Photographs
from models.training.plates.texts import random_text

STEP_PX = 4
IGNORED = -1
# A step says its character while the character's middle lies within this many steps; between two characters that
# stand further apart than `APART` steps, the step in the middle says nothing.
NEAR = 0.6
APART = 2.2
# How often a drawn plate is looked at: drawing costs as much as looking.
LOOKS = 2
# How many of a batch's lines are real ones, where there are any.
PHOTOGRAPH_SHARE = 0.08


@dataclass(frozen=True)
class Batch:
    """Some made lines.

    Attributes:
        images: uint8 [n, HEIGHT_PX, WIDTH_PX].
        texts: what each says.
        steps: int64 [n, WIDTH_PX / 4], class wanted at each step (0: nothing, then the characters), -1: any.
    """

    images: NDArray[np.uint8]
    texts: tuple[str, ...]
    steps: NDArray[np.int64]


def made_batch(seed: int, number: int, size: int, photographs: Photographs | None = None) -> Batch:
    """The batch of that number: always the same for the same seed, number, size and photographs."""
    rng = np.random.default_rng([seed, number])
    camera = _camera(seed)
    images = np.empty((size, HEIGHT_PX, WIDTH_PX), np.uint8)
    texts: list[str] = []
    steps = np.full((size, WIDTH_PX // STEP_PX), IGNORED, np.int64)
    if photographs is not None:
        for index in range(round(size * PHOTOGRAPH_SHARE)):
            # Where its characters stand is not known: nothing is wanted of single steps.
            images[index], text = photographs.show(rng)
            texts.append(text)
    while len(texts) < size:
        plate = random_text(rng)
        drawn = draw(rng, plate)
        for _ in range(LOOKS):
            seen = camera.look(rng, drawn)
            if len(texts) == size or seen.centres.min() < 1 or seen.centres.max() > WIDTH_PX - 2:
                continue  # the angle put a character out of the cut
            index = len(texts)
            images[index] = seen.image
            steps[index] = wanted_steps(plate.text, seen.centres)
            texts.append(plate.text)
    return Batch(images, tuple(texts), steps)


@lru_cache(maxsize=4)
def _camera(seed: int) -> Camera:
    return Camera(np.random.default_rng(seed))


def wanted_steps(text: str, centres: NDArray[np.float32]) -> NDArray[np.int64]:
    """Class wanted at each step, from the middles of the characters (x in pixels of the line)."""
    count = WIDTH_PX // STEP_PX
    middles = np.arange(count) * STEP_PX + STEP_PX / 2 - 0.5
    wanted = np.full(count, IGNORED, np.int64)
    distance = np.abs(middles[:, None] - centres[None]) / STEP_PX
    nearest = distance.argmin(1)
    close = distance[np.arange(count), nearest]
    pitch = float(np.median(np.diff(centres))) / STEP_PX if len(text) > 1 else 4.0
    wanted[close > max(APART, 0.75 * pitch)] = 0
    for left, right in itertools.pairwise(centres):
        if (right - left) / STEP_PX > APART:
            wanted[min(count - 1, round(float((left + right) / 2 - STEP_PX / 2 + 0.5) / STEP_PX))] = 0
    said = np.array([INDEX[character] + 1 for character in text], np.int64)
    wanted[close <= NEAR] = said[nearest[close <= NEAR]]
    return wanted
