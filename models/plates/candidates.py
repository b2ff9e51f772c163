"""All texts that any expected country's grammar allows, each weighed by every look at the line."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from models.plates.alignment import align, likelihood, log_spacing
from models.plates.decoding import Candidate, decode
from models.plates.grammar import Grammar
from models.plates.posteriors import Posteriors
from models.plates.slash import log_shape, struck_positions
from models.plates.text_line import TextLine

MOST_TEXTS = 8
# How usual a plate of another expected country is beside one of the first.
LOG_OTHER_COUNTRY = math.log(0.02)
# A look in which a text is impossible counts this much, not infinitely: a screw or a glare must not veto.
LEAST_LOG_LIKELIHOOD = -60.0


def gather(
    looks: Sequence[Posteriors], lines: Sequence[TextLine], grammars: Sequence[Grammar]
) -> list[list[Candidate]]:
    """For each look the same texts in the same order, each under the country that explains it best.

    Args:
        looks: what the network saw of the line, look by look; the first one was at `lines`, if they stand apart.
        lines: the main lines that were found.
        grammars: the expected countries', the likeliest first.
    """
    chosen: dict[str, list[Candidate]] = {}
    for rank, grammar in enumerate(grammars):
        log_country = LOG_OTHER_COUNTRY if rank else 0.0
        for seen in _weighed(looks, lines, grammar, log_country):
            known = chosen.get(seen[0].text)
            if known is None or _score(seen) > _score(known):
                chosen[seen[0].text] = seen
    return [[seen[index] for seen in chosen.values()] for index in range(len(looks))]


def _score(seen: Sequence[Candidate]) -> float:
    return sum(candidate.score for candidate in seen)


def _weighed(
    looks: Sequence[Posteriors], lines: Sequence[TextLine], grammar: Grammar, log_country: float
) -> list[list[Candidate]]:
    """The likeliest texts of one country, each as every look weighs it."""
    found = [decode(look, grammar) for look in looks]
    texts = {candidate.text: candidate for candidates in found for candidate in candidates[:MOST_TEXTS]}
    struck = _struck(looks[0], lines, texts) if grammar.struck_o else {}
    own = [{candidate.text: candidate.log_likelihood for candidate in candidates} for candidates in found]
    centres: list[dict[int, tuple[float, ...]]] = [{} for _ in looks]
    weighed = []
    for text, candidate in texts.items():
        shape = log_shape(text, struck.get(len(text), frozenset()))
        seen = []
        for index, look in enumerate(looks):
            spacing = 0.0
            if grammar.spaced:
                # Texts of one length stand at the same places: the likeliest of them tells where.
                if len(text) not in centres[index]:
                    centres[index][len(text)] = align(look, text).centres
                spacing = log_spacing(centres[index][len(text)], candidate.groups)
            fits = own[index][text] if text in own[index] else likelihood(look, text)
            seen.append(
                replace(
                    candidate,
                    log_likelihood=max(fits, LEAST_LOG_LIKELIHOOD),
                    log_prior=candidate.log_prior + log_country,
                    log_spacing=spacing,
                    log_shape=shape,
                )
            )
        weighed.append(seen)
    return weighed


def _struck(look: Posteriors, lines: Sequence[TextLine], texts: Iterable[str]) -> dict[int, frozenset[int]]:
    """For each length of text, the positions whose round glyph is struck through, if the first look was at a line."""
    if len(lines) != 1 or not lines[0].glyphs or not look.step_px:
        return {}
    found: dict[int, frozenset[int]] = {}
    for text in texts:
        if len(text) not in found:
            centres = [(centre + 0.5) * look.step_px for centre in align(look, text).centres]
            found[len(text)] = struck_positions(lines[0], text, centres)
    return found
