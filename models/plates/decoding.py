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
        country: code of the grammar.
        groups: how many characters each of its groups has.
        log_prior: log of how usual its format and codes are.
        known: whether its codes are in the grammar's lists.
        log_spacing: log of how well its groups agree with the gaps in the picture; 0 where no gaps are printed.
        log_shape: log of how well its round characters agree with the strokes in the picture; 0 without evidence.
    """

    text: str
    country: str
    groups: tuple[int, ...]
    log_likelihood: float
    log_prior: float
    known: bool
    log_spacing: float = 0.0
    log_shape: float = 0.0

    @property
    def score(self) -> float:
        """Log of all of it together."""
        return self.log_likelihood + self.log_prior + self.log_spacing + self.log_shape


def emissions(posteriors: Posteriors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of each plate character [steps, 36], its look-alikes' included, and of silence [steps]."""
    shares = posteriors.shares.astype(np.float64)
    return shares[:, :SILENT] @ confusion_matrix() + JUNK_SHARE * shares[:, JUNK : JUNK + 1], shares[:, SILENT]


def decode(posteriors: Posteriors, grammar: Grammar) -> list[Candidate]:
    """The texts that fit, best first; empty when the line holds nothing that fits."""
    emitted, silent = emissions(posteriors)
    # prefix -> [paths that end in silence, paths that end in its last character]
    beam: dict[str, tuple[float, float]] = {"": (1.0, 0.0)}
    states = {"": grammar.start}
    scale = 0.0
    for step in range(len(silent)):
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
            fits = float(np.log(sum(paths))) + scale
            prior = float(np.log(fit.weight))
            candidates.append(Candidate(prefix, grammar.country, fit.groups, fits, prior, fit.known))
    return sorted(candidates, key=lambda candidate: candidate.score, reverse=True)
