"""Texts that a look may spell, quickly: its best path, mended position by position to what a grammar allows."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from models.plates.decoding import Candidate, emissions
from models.plates.grammar import Grammar, Template
from models.plates.posteriors import ALPHABET, INDEX, SILENT, Posteriors

# Of each template the best mending, and each position's next best characters in it.
NEXT_BEST = 2
MOST_TEMPLATES = 4
MOST_TEXTS = 14
# A stroke this weak (highest share) may be none: a frame's edge, a screw.
PERHAPS_NONE = 0.985
TINY = 1e-9
# Single changes that are tried in a template, the least costly first, and how much one may cost (log).
MOST_CHANGES = 6
MOST_LOSS = 12.0
_LETTERS = np.frombuffer(ALPHABET.encode("ascii"), np.uint8)


def propose(looks: Iterable[Posteriors], grammar: Grammar) -> list[Candidate]:
    """What the looks may spell under a grammar, the likeliest first; likelihoods are rough: for ordering only.

    Finds what differs from a best path by characters mistaken for others, and by one stroke too many. A text whose
    characters the network missed altogether is not found: `decoding.decode` finds it, at ten times the cost.
    """
    rough: dict[str, float] = {}
    seen: set[str] = set()
    for look in looks:
        path = look.greedy()[0]
        if path in seen:
            continue  # another look says the same: its mendings would be the same, too
        seen.add(path)
        for text, log_share in _mended(look, grammar):
            rough[text] = max(rough.get(text, -np.inf), log_share)
    found = []
    for text in sorted(rough, key=lambda one: -rough[one])[:MOST_TEXTS]:
        fit = grammar.fit(text)
        if fit is not None:
            prior = float(np.log(fit.weight))
            found.append(Candidate(text, grammar.country, fit.groups, rough[text], prior, fit.known))
    return sorted(found, key=lambda candidate: candidate.score, reverse=True)


def _mended(look: Posteriors, grammar: Grammar) -> list[tuple[str, float]]:
    """Texts near the best path, each with the log of its shares at the path's peaks."""
    spans = _spans(look)
    if not spans:
        return []
    emitted, _ = emissions(look)
    # Position by position, the highest share of each character.
    peaks = np.array([emitted[start:end].max(0) for start, end in spans])
    logs = np.log(peaks + TINY)
    own = peaks.max(1)
    ways: list[tuple[np.ndarray, float]] = [(logs, 0.0)]
    ways.extend(
        (np.delete(logs, place, 0), float(np.log(max(1.0 - own[place], 1e-3))))
        for place in np.argsort(own)[:2]
        if own[place] < PERHAPS_NONE and len(spans) > 1
    )
    texts: list[tuple[str, float]] = []
    for table, log_cost in ways:
        for text, share in _best_fits(table, grammar):
            texts.append((text, share + log_cost))
    return texts


def _spans(look: Posteriors) -> list[tuple[int, int]]:
    """First step and the one after the last of each character of the best path; what is no plate character too."""
    spans = []
    columns = look.shares.argmax(1)
    for column, run in itertools.groupby(range(len(columns)), key=lambda step: int(columns[step])):
        steps = list(run)
        if column != SILENT:
            spans.append((steps[0], steps[-1] + 1))
    return spans


def _best_fits(logs: np.ndarray, grammar: Grammar) -> list[tuple[str, float]]:
    """The best spellings of `logs` [positions, 36] in the grammar's likeliest templates of that length."""
    fits: list[tuple[float, Template, np.ndarray]] = []
    for template in grammar.templates:
        if len(template.positions) != len(logs):
            continue
        barred = np.where(allowed_matrix(template), logs, -np.inf)
        fits.append((float(barred.max(1).sum()) + float(np.log(template.weight)), template, barred))
    fits.sort(key=lambda fit: -fit[0])
    texts = []
    for total, _, barred in fits[:MOST_TEMPLATES]:
        order = np.argpartition(-barred, NEXT_BEST, axis=1)[:, : NEXT_BEST + 1]
        shares = np.take_along_axis(barred, order, 1)
        first = shares.argmax(1)
        rows = np.arange(len(barred))
        best, best_shares = order[rows, first], shares[rows, first]
        texts.append((_spell(best), total))
        losses = best_shares[:, None] - shares
        losses[rows, first] = np.inf
        for index in np.argsort(losses, axis=None)[:MOST_CHANGES]:
            place, way = divmod(int(index), NEXT_BEST + 1)
            if not losses[place, way] < MOST_LOSS:
                break
            changed = best.copy()
            changed[place] = order[place, way]
            texts.append((_spell(changed), total - float(losses[place, way])))
    return texts


def _spell(columns: np.ndarray) -> str:
    return bytes(_LETTERS[columns]).decode("ascii")


_ALLOWED: dict[tuple[frozenset[str], ...], np.ndarray] = {}


def allowed_matrix(template: Template) -> np.ndarray:
    """Bool [positions, 36]: which character may stand where."""
    found = _ALLOWED.get(template.positions)
    if found is None:
        found = np.zeros((len(template.positions), len(ALPHABET)), bool)
        for place, allowed in enumerate(template.positions):
            found[place, [INDEX[character] for character in allowed]] = True
        _ALLOWED[template.positions] = found
    return found
