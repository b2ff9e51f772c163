"""Whether to name a text or to abstain.

A wrong text costs an innocent owner a letter; an abstention costs an officer a look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from models.plates.alignment import align
from models.plates.covering import is_covered
from models.plates.decoding import Candidate
from models.plates.grammar import Grammar
from models.plates.posteriors import Posteriors
from models.plates.reading import PlateReading
from models.plates.text_line import TextLine

MOST_CANDIDATES = 8


@dataclass(frozen=True)
class Limits:
    """When to abstain. Chosen on rendered plates, see the reader's card.

    Attributes:
        confidence: least confidence of an accepted text, 0..1.
        margin: how many times likelier than the next text it must be.
        margin_grown_together: the same where no separate characters stood out.
        glyph_height_px: least height of a character in the crop; below it strokes fall together.
    """

    confidence: float = 0.6
    margin: float = 10.0
    margin_grown_together: float = 40.0
    glyph_height_px: float = 7.0


def decide(
    looks_candidates: Sequence[Sequence[Candidate]],
    looks: Sequence[Posteriors],
    grammars: Sequence[Grammar],
    lines: Sequence[TextLine],
    limits: Limits,
) -> PlateReading:
    """Weigh what several looks at one line say.

    Args:
        looks_candidates: for each look the same texts, each with its likelihood in that look.
        looks: what the network saw in each look.
        grammars: the grammars of the expected countries.
        lines: the main lines that were found, empty when the whole crop was read.
        limits: when to abstain.
    """
    if not looks_candidates[0]:
        seen = looks[0].greedy()[0]
        expected = " or ".join(grammar.country for grammar in grammars)
        told = f'reads like "{seen[:16]}", which is no plate of {expected}' if seen else "no characters are legible"
        return PlateReading(None, 0.0, told, (), ())
    texts = {candidate.text: candidate for candidate in looks_candidates[0]}
    # The mean, not the sum: two looks at one picture are far from independent.
    scores = dict.fromkeys(texts, 0.0)
    for candidates in looks_candidates:
        for candidate in candidates:
            scores[candidate.text] += candidate.score / len(looks_candidates)
    ranked = sorted(scores, key=lambda text: scores[text], reverse=True)
    best = ranked[0]
    total = sum(math.exp(scores[text] - scores[best]) for text in ranked)
    shares = [(text, math.exp(scores[text] - scores[best]) / total) for text in ranked[:MOST_CANDIDATES]]
    # How well the text explains the picture, a character: repairs and junk lower it.
    likelihoods = [
        candidate.log_likelihood
        for candidates in looks_candidates
        for candidate in candidates
        if candidate.text == best
    ]
    fit = math.exp(sum(likelihoods) / len(likelihoods) / len(best))
    confidence = shares[0][1] * fit
    grammar = next(one for one in grammars if one.country == texts[best].country)
    characters = align(looks[0], best).shares
    repaired = sum(share < 0.5 for share in characters)
    reason = _doubt(looks_candidates, best, ranked, scores, confidence, grammar, lines, limits)
    return PlateReading(
        text=None if reason else best,
        confidence=round(min(1.0, confidence), 4),
        reason=reason,
        characters=tuple(round(share, 4) for share in characters),
        candidates=tuple((text, round(share, 4)) for text, share in shares),
        country=grammar.country,
        known_region=texts[best].known,
        repaired=repaired,
    )


def _doubt(
    looks_candidates: Sequence[Sequence[Candidate]],
    best: str,
    ranked: Sequence[str],
    scores: dict[str, float],
    confidence: float,
    grammar: Grammar,
    lines: Sequence[TextLine],
    limits: Limits,
) -> str | None:
    """The first reason not to name `best`, or None."""
    rival = ranked[1] if len(ranked) > 1 else ""
    lead = math.exp(min(50.0, scores[best] - scores[rival])) if rival else math.inf
    stand_apart = bool(lines) and all(line.glyphs > 0 for line in lines)
    smallest = min((line.glyph_height_px for line in lines), default=math.inf)
    firsts = {max(candidates, key=lambda candidate: candidate.score).text for candidates in looks_candidates}
    covered = any(is_covered(line.image, dark_text=line.dark_text) for line in lines)
    doubts = (
        (len(lines) == 2 and not grammar.two_lines, "two equal lines of text: not a plate of this form"),
        (smallest < limits.glyph_height_px, f"the characters are too small: {smallest:.0f} pixels high"),
        (covered, f"the lower edge of the characters is covered: perhaps {best}"),
        (lead < (limits.margin if stand_apart else limits.margin_grown_together), f"{rival} is nearly as likely"),
        (firsts != {best}, f"two looks disagree: {' or '.join(sorted(firsts))}"),
        (confidence < limits.confidence, f"the characters are not clear enough (confidence {confidence:.2f})"),
    )
    return next((why for doubted, why in doubts if doubted), None)
