"""The reader of our own: several views of a plate's line, and the text that all of them together make likeliest."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.plates.alignment import align, log_spacing
from models.plates.covering import is_covered
from models.plates.decoding import Candidate, decode
from models.plates.grammar import Grammar
from models.plates.line_network import LineNetwork
from models.plates.posteriors import Posteriors
from models.plates.reading import PlateReading
from models.plates.scoring import likelihoods
from models.plates.text_line import TextLine, find_text_lines

LEAST_HEIGHT_PX = 10
LEAST_WIDTH_PX = 24
MOST_CANDIDATES = 5
# The views: how much of a line's height is cut off above and below, and of its width left and right (below 0: room).
VIEWS = ((0.0, 0.0), (0.07, 0.0), (0.04, 0.025), (0.0, -0.035), (0.1, 0.015))
# Texts that a beam search over this many of the views proposes; all views judge them.
PROPOSING = 2
PROPOSALS = 6


class NetReader:
    """Reads plates by `plates-id`; a text is named when it leads the next by `margin` in the mean over the views."""

    def __init__(
        self,
        network: LineNetwork,
        grammars: Sequence[Grammar],
        *,
        margin: float = 10.0,
        confidence: float = 0.5,
    ) -> None:
        """Read with `network` what fits one of `grammars`; `margin`: times likelier; `confidence`: 0..1 at least."""
        self._network = network
        self._grammars = tuple(grammars)
        self._log_margin = math.log(margin)
        self._confidence = confidence

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop (uint8 [height, width, 3], BGR); in doubt the reading's text is None."""
        height, width = crop_bgr.shape[:2]
        if height < LEAST_HEIGHT_PX or width < LEAST_WIDTH_PX:
            reason = f"the plate is too small to read: {width}x{height} pixels"
            return PlateReading(None, 0.0, reason, (), (), None)
        lines = find_text_lines(crop_bgr)
        looks = self._looks(crop_bgr, lines)
        readings = []
        for grammar in self._grammars:
            reading = self._read(looks, grammar, lines)
            if reading.text is not None:
                return reading
            readings.append(reading)
        return max(readings, key=lambda reading: reading.confidence)

    def _looks(self, crop_bgr: NDArray[np.uint8], lines: Sequence[TextLine]) -> list[Posteriors]:
        """What the network saw in each view; the lines of a two-line plate one after another."""
        images = [line.image for line in lines] or [crop_bgr]
        cut = [view(image, *share) for share in VIEWS for image in images]
        if lines and lines[0].glyphs == 0:  # the line may be misplaced: the whole crop has a say, too
            cut += [crop_bgr] * len(images)
        seen = self._network.recognise_all(cut)
        count = len(images)
        return [joined(seen[start : start + count]) for start in range(0, len(seen), count)]

    def _read(self, looks: Sequence[Posteriors], grammar: Grammar, lines: Sequence[TextLine]) -> PlateReading:
        proposed: dict[str, Candidate] = {}
        for look in looks[:PROPOSING]:
            for candidate in decode(look, grammar)[:PROPOSALS]:
                proposed.setdefault(candidate.text, candidate)
        if not proposed:
            told = f'reads like "{looks[0].greedy()[0][:16]}", which is no plate of {grammar.country}'
            return PlateReading(None, 0.0, told, (), (), None)
        texts = list(proposed)
        fits = likelihoods(looks, texts).mean(0)
        scores = {
            text: float(fit) + proposed[text].log_prior + _spacing(looks[0], text, grammar)
            for text, fit in zip(texts, fits, strict=True)
        }
        ranked = sorted(texts, key=lambda text: scores[text], reverse=True)
        best = ranked[0]
        total = sum(math.exp(scores[text] - scores[best]) for text in ranked)
        shares = tuple((text, round(math.exp(scores[text] - scores[best]) / total, 6)) for text in ranked)
        confidence = min(1.0, math.exp(float(fits[texts.index(best)]) / len(best)) / total)
        lead = scores[best] - scores[ranked[1]] if len(ranked) > 1 else math.inf
        rival = ranked[1] if len(ranked) > 1 else ""
        covered = any(is_covered(line.image, dark_text=line.dark_text) for line in lines)
        doubts = (
            (len(lines) == 2 and not grammar.two_lines, "two equal lines of text: not a plate of this form"),
            (covered, f"the lower edge of the characters is covered: perhaps {best}"),
            (lead < self._log_margin, f"{rival} is nearly as likely"),
            (confidence < self._confidence, f"the characters are not clear enough (confidence {confidence:.2f})"),
        )
        reason = next((why for doubted, why in doubts if doubted), None)
        characters = align(looks[0], best).shares
        return PlateReading(
            text=None if reason else best,
            confidence=round(confidence, 4),
            reason=reason,
            characters=tuple(round(share, 4) for share in characters),
            candidates=shares[:MOST_CANDIDATES],
            expiry=None,
            country=grammar.country,
            known_region=proposed[best].known,
            repaired=sum(share < 0.5 for share in characters),
        )


def view(line_bgr: NDArray[np.uint8], rows: float, columns: float) -> NDArray[np.uint8]:
    """The line without its outer `rows` above and below and `columns` left and right (below 0: room)."""
    height, width = line_bgr.shape[:2]
    down, across = round(height * rows), round(width * abs(columns))
    kept = line_bgr[down : height - down]
    if columns >= 0:
        return kept[:, across : width - across]
    return np.pad(kept, ((0, 0), (across, across), (0, 0)), mode="edge")


def joined(parts: Sequence[Posteriors]) -> Posteriors:
    """Lines one after another: every line's first and last steps are silent enough to part them."""
    return parts[0] if len(parts) == 1 else Posteriors(np.concatenate([part.shares for part in parts]))


def _spacing(look: Posteriors, text: str, grammar: Grammar) -> float:
    """How well printed gaps agree with the text's groups; 0 where none are printed."""
    fit = grammar.fit(text) if grammar.spaced else None
    return log_spacing(align(look, text).centres, fit.groups) if fit else 0.0
