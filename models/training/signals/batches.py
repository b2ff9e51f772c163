"""What one batch shows: labelled heads, drawn heads, and what is no lit head."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from models.signals.lamp_image import MARGIN, STATES, lamp_image
from models.training.signals.distortion import distorted
from models.training.signals.drawing import draw_head
from models.training.signals.heads import Head

SEEN_MARGIN = 0.3
"""Margin of the crops that batches are cut from."""
DRAWN_SHARE = 0.28
DARK_SHARE = 0.08
FAINT_SHARE = 0.06
"""Share of labelled heads whose light hardly shows."""
FAINT_SURE = 0.6
"""How often such a head is taught as what its label says; else as `dark`."""
UPSIDE_DOWN = 0.05
"""Share of labelled heads shown on their head: lying heads have red at either end, so colour must count for more."""
# People labelled five times as many reds as yellows.
_STATE_SHARES = (0.38, 0.27, 0.35)


def batch(rng: np.random.Generator, heads: Sequence[Head], size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """A batch of inputs [size, CHANNELS, h, w] and numbers of `STATES` [size]."""
    clear = [head for head in heads if head.clear] or list(heads)
    faint = [head for head in heads if not head.clear]
    by_state = {state: [head for head in clear if head.state == state] for state in STATES[:3]}
    inputs, wanted = [], []
    for _ in range(size):
        draw = rng.random()
        if draw < DRAWN_SHARE:
            state = STATES[rng.choice(4, p=(0.28, 0.3, 0.28, 0.14))]
            picture = draw_head(rng, _ground(rng, heads), state)
        elif draw < DRAWN_SHARE + DARK_SHARE:
            state = "dark"
            picture = _ground(rng, heads) if rng.random() < 0.3 else _put_out(rng, clear[int(rng.integers(len(clear)))])
        else:
            state = STATES[rng.choice(3, p=_STATE_SHARES)]
            pool = faint if faint and draw > 1 - FAINT_SHARE else by_state[state] or clear
            head = pool[int(rng.integers(len(pool)))]
            # Of a light that people knew rather than saw, the network shall not be sure.
            state = head.state if head.clear or rng.random() < FAINT_SURE else "dark"
            picture = _recut(rng, head.crop)
            if rng.random() < UPSIDE_DOWN:
                picture = picture[::-1]
            if rng.random() < 0.5:
                picture = picture[:, ::-1]
        inputs.append(lamp_image(distorted(rng, np.ascontiguousarray(picture))))
        wanted.append(STATES.index(state))
    return np.stack(inputs), np.array(wanted, np.int64)


def _recut(rng: np.random.Generator, crop: NDArray[np.uint8], tremble: float = 0.07) -> NDArray[np.uint8]:
    """The box and the network's margin, each side drawn a little wrong."""
    height, width = crop.shape[:2]
    spare = (SEEN_MARGIN - MARGIN) / (1 + 2 * SEEN_MARGIN)
    left, right, top, bottom = np.clip(spare + rng.normal(0, tremble, 4), 0, 0.3)
    x1, x2 = round(left * width), max(round(left * width) + 3, round((1 - right) * width))
    y1, y2 = round(top * height), max(round(top * height) + 6, round((1 - bottom) * height))
    return crop[y1:y2, x1:x2]


def _ground(rng: np.random.Generator, heads: Sequence[Head]) -> NDArray[np.uint8]:
    """A piece of the street beside a head (the rim of its crop), or plain haze."""
    if rng.random() < 0.3:
        plain = np.full((60, 24, 3), rng.uniform(10, 240), np.float32) + rng.normal(0, 12, 3)
        return np.asarray(np.clip(plain, 0, 255), np.uint8)
    crop = heads[int(rng.integers(len(heads)))].crop
    rim = crop[: max(3, round(0.17 * crop.shape[0]))] if rng.random() < 0.5 else crop[:, : max(3, crop.shape[1] // 6)]
    return np.asarray(cv2.resize(rim, (32, 64)), np.uint8)


def _put_out(rng: np.random.Generator, head: Head) -> NDArray[np.uint8]:
    """The same head unlit: an unlit lamp is copied over the lit one."""
    crop = head.crop.copy()
    height = crop.shape[0]
    third = round(height / (1 + 2 * SEEN_MARGIN) / 3)
    top = round(height * SEEN_MARGIN / (1 + 2 * SEEN_MARGIN))
    lit = {"red": 0, "yellow": 1, "green": 2}[head.state]
    unlit = [place for place in range(3) if place != lit][-1 if head.state != "yellow" else int(rng.integers(2))]
    # The far lamp has the least of its glow.
    unlit = {"red": 2, "green": 0}.get(head.state, unlit)
    source = crop[top + unlit * third : top + (unlit + 1) * third]
    for place in range(3):
        if place != unlit:
            crop[top + place * third : top + (place + 1) * third][: len(source)] = source
    return _recut(rng, crop)
