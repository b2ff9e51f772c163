"""Skeletons of plate characters: strokes of our own, close to what is stamped on Indonesian plates, with variants."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SKELETONS_FILE = Path(__file__).with_name("skeletons.txt")
# Share of each variant after the first on a plate of another stamp; on an Indonesian one the first is usual.
FIRST_VARIANT_SHARE = 0.7


@dataclass(frozen=True)
class Glyph:
    """One character's strokes.

    Attributes:
        points: float32 [points, 2], x and y, 0..1 over the character's box.
        ends: where each stroke after the first begins, for `np.split`.
    """

    points: NDArray[np.float32]
    ends: tuple[int, ...]


def _rounded(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut a stroke's corners twice (Chaikin 1974), its ends kept, or closed where it closes."""
    closed = bool((points[0] == points[-1]).all())
    for _ in range(2):
        before, after = points[:-1], points[1:]
        cut = np.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after], 1).reshape(-1, 2)
        points = np.concatenate([cut, cut[:1]] if closed else [points[:1], cut, points[-1:]])
    return points


def _glyph(text: str) -> Glyph:
    strokes = []
    for part in text.split(";"):
        path = part.strip()
        points = np.array([[float(n) / 100 for n in p.split(",")] for p in path.lstrip("~").split()], np.float32)
        strokes.append(_rounded(points) if path.startswith("~") else points)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    return Glyph(np.concatenate(strokes).astype(np.float32), tuple(int(end) for end in ends))


GLYPHS: dict[str, tuple[Glyph, ...]] = {
    line[0]: tuple(_glyph(variant) for variant in line[2:].split("|"))
    for line in SKELETONS_FILE.read_text(encoding="utf-8").splitlines()
    if not line.startswith("//")
}


def choose_variants(rng: np.random.Generator, *, first_share: float = FIRST_VARIANT_SHARE) -> dict[str, Glyph]:
    """One variant of each character: those of one plate."""
    chosen = {}
    for character, variants in GLYPHS.items():
        index = 0 if len(variants) == 1 or rng.random() < first_share else int(rng.integers(1, len(variants)))
        chosen[character] = variants[index]
    return chosen
