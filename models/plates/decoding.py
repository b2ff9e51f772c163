"""From a network's posteriors to the best texts that a grammar allows.

A prefix beam search over CTC output (Hannun et al. 2014, "First-Pass Large Vocabulary Continuous Speech Recognition
using Bi-Directional Recurrent DNNs") in which a prefix may only grow as the grammar's templates allow, and every
character may have been mistaken for its look-alikes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.plates.grammar import Grammar, confusion_matrix
from models.plates.posteriors import ALPHABET, INDEX, JUNK, SILENT, Posteriors

BEAM_WIDTH = 24
# A character less likely than this is not followed: the look-alikes go down to 0.001, nothing of use lies below.
LEAST_SHARE = 2e-4
# Any character may hide below something that is none (a screw, a crest), but far less likely than a look-alike.
JUNK_SHARE = 1e-3


@dataclass(frozen=True)
class Candidate:
    """A text that the grammar allows.

    Attributes:
        text: without spaces.
        log_likelihood: log of the share of all CTC paths that spell it, look-alikes included; 0 is certain.
        log_prior: log of how usual its format and codes are.
        known: whether its codes are in the grammar's lists.
    """

    text: str
    log_likelihood: float
    log_prior: float
    known: bool

    @property
    def score(self) -> float:
        """Log of likelihood times prior."""
        return self.log_likelihood + self.log_prior


def decode(posteriors: Posteriors, grammar: Grammar) -> list[Candidate]:
    """The texts that fit, best first; empty when the line holds nothing that fits."""
    shares = posteriors.shares.astype(np.float64)
    emitted = shares[:, :SILENT] @ confusion_matrix() + JUNK_SHARE * shares[:, JUNK : JUNK + 1]
    silent = shares[:, SILENT]
    # prefix -> [paths that end in silence, paths that end in its last character]
    beam: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    states = {"": grammar.start}
    scale = 0.0
    for step in range(len(shares)):
        emission = emitted[step]
        followed = [ALPHABET[index] for index in np.flatnonzero(emission > LEAST_SHARE)]
        grown: dict[str, list[float]] = {}
        for prefix, (quiet, spoken) in beam.items():
            total = quiet + spoken
            cell = grown.setdefault(prefix, [0.0, 0.0])
            cell[0] += total * silent[step]
            if prefix:
                cell[1] += spoken * emission[INDEX[prefix[-1]]]
            following = grammar.following(states[prefix])
            for character in followed:
                reached = following.get(character)
                if reached is None:
                    continue
                longer = prefix + character
                states[longer] = reached
                # The same character again needs a silence between; any other may follow at once.
                source = quiet if prefix and prefix[-1] == character else total
                grown.setdefault(longer, [0.0, 0.0])[1] += source * emission[INDEX[character]]
        kept = sorted(grown.items(), key=lambda item: item[1][0] + item[1][1], reverse=True)[:BEAM_WIDTH]
        peak = max(sum(kept[0][1]), 1e-300)
        scale += float(np.log(peak))
        beam = {prefix: (cell[0] / peak, cell[1] / peak) for prefix, cell in kept}
    candidates = []
    for prefix, paths in beam.items():
        fit = grammar.fit(prefix) if prefix else None
        if fit is not None and sum(paths) > 0:
            candidates.append(
                Candidate(prefix, float(np.log(sum(paths))) + scale, float(np.log(fit.weight)), fit.known)
            )
    return sorted(candidates, key=lambda candidate: candidate.score, reverse=True)


def likelihood(posteriors: Posteriors, text: str) -> float:
    """Log share of all CTC paths that spell `text`, look-alikes included (the forward algorithm).

    It is -inf when the text does not fit the line at all.
    """
    emitted, columns, may_skip = _lattice(posteriors, text)
    reached = np.zeros(len(columns))
    reached[0] = 1.0
    scale = 0.0
    for step in range(len(emitted)):
        one_back = np.concatenate([[0.0], reached[:-1]])
        two_back = np.where(may_skip, np.concatenate([[0.0, 0.0], reached[:-2]]), 0.0)
        reached = (reached + one_back + two_back) * emitted[step, columns]
        total = reached.sum()
        if total <= 0:
            return float("-inf")
        reached, scale = reached / total, scale + float(np.log(total))
    end = reached[-1] + reached[-2]
    return float(np.log(end)) + scale if end > 0 else float("-inf")


def _lattice(posteriors: Posteriors, text: str) -> tuple[NDArray[np.float64], list[int], NDArray[np.bool_]]:
    """What `likelihood` and `align` walk over.

    Returns:
        Emissions [steps, 37], the columns of CTC's states for `text` (silence, character, silence, ...), and which
        states may be entered past a silence.
    """
    shares = posteriors.shares.astype(np.float64)
    emitted = shares[:, :SILENT] @ confusion_matrix() + JUNK_SHARE * shares[:, JUNK : JUNK + 1]
    columns: list[int] = [SILENT if place % 2 == 0 else INDEX[text[place // 2]] for place in range(2 * len(text) + 1)]
    may_skip = np.array(
        [place >= 3 and place % 2 == 1 and columns[place - 2] != column for place, column in enumerate(columns)]
    )
    return np.concatenate([emitted, shares[:, SILENT : SILENT + 1]], 1), columns, may_skip


def align(posteriors: Posteriors, text: str) -> tuple[float, ...]:
    """What the network itself saw (0..1) at each character of `text`, along the best path that spells it."""
    shares = posteriors.shares
    emitted, columns, may_skip = _lattice(posteriors, text)
    step_costs = -np.log(emitted + 1e-12)
    costs = np.full((len(shares), len(columns)), np.inf)
    came_from = np.zeros((len(shares), len(columns)), np.int64)
    costs[0, :2] = step_costs[0, columns[:2]]
    for step in range(1, len(shares)):
        for place, column in enumerate(columns):
            options: list[int] = [place, place - 1] if place else [place]
            if may_skip[place]:
                options.append(place - 2)
            best = min(options, key=lambda option: costs[step - 1, option])
            costs[step, place] = costs[step - 1, best] + step_costs[step, column]
            came_from[step, place] = best
    place = len(columns) - 1 if costs[-1, -1] <= costs[-1, -2] else len(columns) - 2
    seen = [0.0] * len(text)
    for step in range(len(shares) - 1, -1, -1):
        if place % 2:
            seen[place // 2] = max(seen[place // 2], float(shares[step, columns[place]]))
        place = int(came_from[step, place])
    return tuple(seen)
