"""Where along a line each character of a text stands, and how likely the whole text is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plates.decoding import emissions
from models.plates.posteriors import INDEX, SILENT, Posteriors

FLOOR = 1e-12
# A gap between groups is at least this many times the usual pitch of characters (plates leave 1.6 and more; a narrow
# 1 or I makes its neighbours' pitch up to 1.2); the softness is the jitter of CTC's peaks, about a third of a step.
GAP_PITCHES = 1.35
GAP_SOFTNESS = 0.1
# A screw or a sticker may fill a gap: one gap alone must not rule a text out.
LEAST_LOG_SPACING = -2.5


@dataclass(frozen=True)
class Alignment:
    """A text laid along a line.

    Attributes:
        shares: 0..1 per character, what the network itself saw there (no look-alikes).
        centres: per character, its middle in time steps of the network.
    """

    shares: tuple[float, ...]
    centres: tuple[float, ...]


def likelihood(posteriors: Posteriors, text: str) -> float:
    """Log share of all CTC paths that spell `text`, look-alikes included (the forward algorithm).

    It is -inf when the text does not fit the line at all.
    """
    emitted, may_skip = _lattice(posteriors, text)
    reached = np.zeros(emitted.shape[1])
    reached[0] = 1.0
    scale = 0.0
    for row in emitted:
        one_back = np.concatenate([[0.0], reached[:-1]])
        two_back = np.where(may_skip, np.concatenate([[0.0, 0.0], reached[:-2]]), 0.0)
        reached = (reached + one_back + two_back) * row
        total = reached.sum()
        if total <= 0:
            return float("-inf")
        reached, scale = reached / total, scale + float(np.log(total))
    end = reached[-1] + reached[-2]
    return float(np.log(end)) + scale if end > 0 else float("-inf")


def align(posteriors: Posteriors, text: str) -> Alignment:
    """Lay `text` along the line, by the best path that spells it."""
    emitted, may_skip = _lattice(posteriors, text)
    step_costs = -np.log(emitted + FLOOR)
    steps, places = step_costs.shape
    came_from = np.zeros((steps, places), np.int64)
    costs = np.full(places, np.inf)
    costs[:2] = step_costs[0, :2]
    for step in range(1, steps):
        one_back = np.concatenate([[np.inf], costs[:-1]])
        two_back = np.where(may_skip, np.concatenate([[np.inf, np.inf], costs[:-2]]), np.inf)
        options = np.stack([costs, one_back, two_back])
        came_from[step] = options.argmin(0)
        costs = options.min(0) + step_costs[step]
    place = places - 1 if costs[-1] <= costs[-2] else places - 2
    shares, weights, moments = np.zeros(len(text)), np.full(len(text), FLOOR), np.zeros(len(text))
    for step in range(steps - 1, -1, -1):
        if place % 2:
            position, column = place // 2, INDEX[text[place // 2]]
            shares[position] = max(shares[position], float(posteriors.shares[step, column]))
            weights[position] += emitted[step, place]
            moments[position] += step * emitted[step, place]
        place -= int(came_from[step, place])
    return Alignment(tuple(shares.tolist()), tuple((moments / weights).tolist()))


def log_spacing(centres: tuple[float, ...], groups: tuple[int, ...]) -> float:
    """How well printed gaps agree with a text's groups: log, 0 is perfectly.

    Args:
        centres: middles of the characters, any unit.
        groups: how many characters each group has.
    """
    pitches = np.diff(np.array(centres))
    if len(pitches) < 3:
        return 0.0
    usual = max(float(np.percentile(pitches, 35)), 1e-6)
    ends = set(np.cumsum([length for length in groups if length])[:-1].tolist())
    total = 0.0
    for position, pitch in enumerate(pitches, start=1):
        excess = (float(pitch) / usual - GAP_PITCHES) / GAP_SOFTNESS
        sign = 1.0 if position in ends else -1.0
        total += max(LEAST_LOG_SPACING, -float(np.logaddexp(0.0, -sign * excess)))
    return total


def _lattice(posteriors: Posteriors, text: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Emissions [steps, states] of CTC's states (silence, character, silence, ...), and which may skip a silence."""
    emitted, silent = emissions(posteriors)
    columns = [SILENT if place % 2 == 0 else INDEX[text[place // 2]] for place in range(2 * len(text) + 1)]
    may_skip = np.array(
        [place >= 3 and place % 2 == 1 and columns[place - 2] != column for place, column in enumerate(columns)]
    )
    return np.concatenate([emitted, silent[:, None]], 1)[:, columns], may_skip
