"""`tertib models limits riders`: what riders are counted by, chosen on drawn traffic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detector import load_detector
from models.evaluation.riders import FINDER
from models.riders.classifier import load_helmet_classifier
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.riders_limits import Label, choose
from pipeline.stage.labels import JPEG_QUALITY, labelled
from scripts.commands._near_pictures import EVERY_S, scene

SEED = 8_200_000
"""Training drew its pictures from other seeds."""


def choose_riders(scenes: int, seed: int, tell: Callable[[int], None]) -> dict[str, Any]:
    """Draw so many scenes, beginning with `seed`, and choose on them.

    Raises:
        ModelError: a network is absent or damaged.
    """
    networks = load_detector(), load_detector(FINDER), load_helmet_classifier(), HeadSearch()
    return choose(_pictures(scenes, seed, tell), *networks) | {"scenes": scenes, "seed": seed}


def _pictures(scenes: int, seed: int, tell: Callable[[int], None]) -> Iterator[tuple[NDArray[np.uint8], list[Label]]]:
    for number in range(scenes):
        for pixels, labels in labelled(scene(seed + number), every_s=EVERY_S):
            _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            yield np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8), labels
        tell(number + 1)
