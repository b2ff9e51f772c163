"""How likely each of some texts is in each of some looks: all at once, for speed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.plates.decoding import emissions
from models.plates.posteriors import INDEX, SILENT, Posteriors

TINY = 1e-30


def likelihoods(looks: Sequence[Posteriors], texts: Sequence[str]) -> NDArray[np.float64]:
    """Log share of all CTC paths that spell each text, look-alikes included (the forward algorithm).

    Args:
        looks: what a network saw, all of the same number of steps.
        texts: none of them empty.

    Returns:
        float64 [looks, texts]; very low where a text does not fit the line at all.
    """
    longest = max(len(text) for text in texts)
    states = 2 * longest + 1
    columns = np.full((len(texts), states), SILENT, np.int64)
    may_skip = np.zeros((len(texts), states), np.float64)
    last = np.array([2 * len(text) for text in texts])
    for row, text in enumerate(texts):
        columns[row, 1 : 2 * len(text) : 2] = [INDEX[character] for character in text]
        for place in range(3, 2 * len(text), 2):
            may_skip[row, place] = float(columns[row, place] != columns[row, place - 2])
    shares = []
    for look in looks:
        emitted, silent = emissions(look)
        shares.append(np.concatenate([emitted, silent[:, None]], 1))
    # Its axes: steps, looks, texts, states.
    emitted_at = np.stack(shares).transpose(1, 0, 2)[:, :, columns]
    reached = np.zeros((len(looks), len(texts), states + 2))  # two states of nothing before the first
    reached[:, :, 2] = emitted_at[0, :, :, 0]
    reached[:, :, 3] = emitted_at[0, :, :, 1]
    scale = np.zeros((len(looks), len(texts)))
    for emission in emitted_at[1:]:
        step = (reached[:, :, 2:] + reached[:, :, 1:-1] + reached[:, :, :-2] * may_skip) * emission
        total = np.maximum(step.sum(2), TINY)
        scale += np.log(total)
        reached[:, :, 2:] = step / total[:, :, None]
    rows = np.arange(len(texts))
    end = reached[:, rows, last + 2] + reached[:, rows, last + 1]
    return np.asarray(np.log(np.maximum(end, TINY)) + scale, np.float64)
