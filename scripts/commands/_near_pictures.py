"""Pictures of the stage's dense traffic from near: motorcycles and their plates large, day and night, for teaching."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.stage.invention import Invention, invent
from pipeline.stage.labels import write_labels
from pipeline.stage.specification import Specification

NEAR = 0.65
"""Share of the scenes that are seen from near; the rest keeps the stage's own cameras."""
DARK = 0.55
"""Share of the scenes in which most plates are white on black."""
MOSTLY = 0.8
DIFFICULTIES = (0.2, 0.5, 0.75, 0.95)
SIZES = ((960, 540), (640, 360))
EVERY_S = 0.6


def draw(out: Path, *, streets: int, seed: int, tell: Callable[[int, int], None] | None = None) -> int:
    """Write `images` and `labels` of so many scenes; the same for the same seed.

    Args:
        out: folder that gets both.
        streets: how many scenes; two pictures of each.
        seed: of the first scene, the others count up from it.
        tell: is called after each scene with how many are done, and of how many.

    Returns:
        How many pictures were written.
    """
    written = 0
    for number in range(streets):
        written += write_labels(scene(seed + number), out, every_s=EVERY_S)
        if tell:
            tell(number + 1, streets)
    return written


def scene(seed: int) -> Specification:
    """The scene of a seed: mostly from near, mostly with dark plates."""
    random = np.random.default_rng((seed, 99))
    near = random.random() < NEAR
    content = invent(Invention(kind="traffic", seed=seed, difficulty=float(random.choice(DIFFICULTIES))))
    content["name"] = f"drawn-{'near' if near else 'far'}-{seed}"
    if near:
        width, height = SIZES[0 if random.random() < 0.7 else 1]
        focal = width * float(np.exp(random.uniform(np.log(1.0), np.log(2.8))))
        high = float(random.uniform(2.2, 6.5))
        looks_at = float(random.uniform(6, 15)) * max(1.0, focal / width / 1.2)
        pitch = round(float(np.degrees(np.arctan2(high, looks_at))), 1)
        content["camera"] |= {"width_px": width, "height_px": height, "focal_px": round(focal, 1)}
        content["camera"] |= {"height_m": round(high, 2), "pitch_degrees": pitch}
    if random.random() < DARK:
        for actor in content["actors"]:
            if actor["class"] in {"motorcycle", "car"} and random.random() < MOSTLY:
                actor["plate_style"] = "black"
    return Specification.model_validate(content)
