"""The reader of our own: a glance at the plate's line, and where that leaves a doubt several views of line and crop.

The text that all views together make likeliest is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.plates.alignment import align, log_spacing
from models.plates.candidates import LEAST_LOG_LIKELIHOOD, LOG_OTHER_COUNTRY
from models.plates.decision import Limits, decide
from models.plates.decoding import Candidate, decode
from models.plates.description import described
from models.plates.grammar import Grammar
from models.plates.levelling import levelled
from models.plates.line_image import gray_line
from models.plates.line_network import LineNetwork
from models.plates.posteriors import Posteriors
from models.plates.proposing import propose
from models.plates.reading import PlateReading
from models.plates.scoring import likelihoods
from models.plates.slash import ROUND, log_shape, struck_positions
from models.plates.text_line import TextLine, find_text_lines

LEAST_HEIGHT_PX = 10
LEAST_WIDTH_PX = 24
# The views: how much of a line's height is cut off above and below, and of its width left and right (below 0: room).
LINE_VIEWS = ((0.0, 0.0), (0.07, 0.0), (0.04, 0.025), (0.0, -0.035), (0.1, 0.015))
# The line may have been found at a wrong place: the whole crop is looked at, too, and the kind of view that explains a
# text better counts.
CROP_VIEWS = ((0.0, 0.0), (0.08, 0.0), (0.14, 0.025))
# A glance is enough when its text is so much likelier than any other (log), and explains each character so well. Its
# limits are stricter than the decision's: chosen so that it names nothing wrong that the views would have got right.
GLANCE_LEAD = 4.2
GLANCE_FIT = 0.95


class NetReader:
    """Reads plates by `plates-id`: the mean over the views of how likely each text is decides."""

    def __init__(self, network: LineNetwork, grammars: Sequence[Grammar], *, limits: Limits | None = None) -> None:
        """Read with `network` what fits one of `grammars`, the likeliest first; `limits` say when to abstain."""
        self._network = network
        self._grammars = tuple(grammars)
        self._limits = limits or Limits()

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop.

        Args:
            crop_bgr: uint8 [height, width, 3], BGR, a plate with little around it, at least 10 by 24 pixels.

        Raises:
            ValueError: the array is no colour picture.
        """
        if crop_bgr.ndim != 3 or crop_bgr.shape[2] != 3 or crop_bgr.dtype != np.uint8:
            raise ValueError(
                f"a plate crop must be uint8 [height, width, 3], not {crop_bgr.dtype} {list(crop_bgr.shape)}"
            )
        height, width = crop_bgr.shape[:2]
        if height < LEAST_HEIGHT_PX or width < LEAST_WIDTH_PX:
            reason = f"the plate is too small to read: {width}x{height} pixels"
            return PlateReading(None, 0.0, reason, (), ())
        lines = find_text_lines(crop_bgr)
        glance = self._glance(lines)
        if glance is None and (level := levelled(crop_bgr)) is not crop_bgr:
            crop_bgr, lines = level, find_text_lines(level)
            glance = self._glance(lines)
        return described(glance if glance is not None else self._look(crop_bgr, lines), crop_bgr, None)

    def _glance(self, lines: Sequence[TextLine]) -> PlateReading | None:
        """One view of the line, if that leaves no doubt."""
        if len(lines) != 1 or not lines[0].glyphs:
            return None
        look = self._network.recognise(gray_line(lines[0].image))
        look = replace(look, step_px=lines[0].image.shape[1] / len(look.shares))
        found = [
            replace(candidate, log_prior=candidate.log_prior + (LOG_OTHER_COUNTRY if rank else 0.0))
            for rank, grammar in enumerate(self._grammars)
            for candidate in propose([look], grammar)
        ]
        if not found:
            return None
        texts = list(dict.fromkeys(candidate.text for candidate in found))
        fits = dict(zip(texts, likelihoods([look], texts)[0].tolist(), strict=True))
        by_text: dict[str, Candidate] = {}
        for candidate in found:
            weighed = replace(candidate, log_likelihood=fits[candidate.text])
            known = by_text.get(candidate.text)
            if known is None or weighed.score > known.score:
                by_text[candidate.text] = weighed
        ranked = sorted(by_text.values(), key=lambda candidate: -candidate.score)
        best = ranked[0]
        lead = best.score - ranked[1].score if len(ranked) > 1 else np.inf
        if lead < GLANCE_LEAD or np.exp(best.log_likelihood / len(best.text)) < GLANCE_FIT or not best.known:
            return None
        reading = decide([ranked], [look], self._grammars, lines, self._limits)
        return reading if reading.text else None

    def _look(self, crop_bgr: NDArray[np.uint8], lines: Sequence[TextLine]) -> PlateReading:
        """All views of the line and of the crop."""
        at_lines, at_crop = self._looks(crop_bgr, lines)
        chosen: dict[str, Candidate] = {}
        for rank, grammar in enumerate(self._grammars):
            log_country = LOG_OTHER_COUNTRY if rank else 0.0
            for candidate in weigh(at_lines, at_crop, lines, grammar, log_country):
                known = chosen.get(candidate.text)
                if known is None or candidate.score > known.score:
                    chosen[candidate.text] = candidate
        return decide([list(chosen.values())], at_lines[:1], self._grammars, lines, self._limits)

    def _looks(
        self, crop_bgr: NDArray[np.uint8], lines: Sequence[TextLine]
    ) -> tuple[list[Posteriors], list[Posteriors]]:
        """What the network saw in each view of the line (of a two-line plate's one after another), and of the crop."""
        images = [line.image for line in lines] or [crop_bgr]
        grays = [gray_line(image) for image in images]
        cut = [view(gray, *share) for share in LINE_VIEWS for gray in grays]
        # Two lines in one picture of a line's height cannot be read.
        crop = gray_line(crop_bgr)
        whole = [view(crop, *share) for share in CROP_VIEWS] if len(images) == 1 else []
        seen = self._network.recognise_all([*cut, *whole])
        count = len(images)
        at_lines = [joined(seen[start : start + count]) for start in range(0, len(cut), count)]
        # The first view is the line itself: its steps have a place in the line's picture.
        at_lines[0] = replace(at_lines[0], step_px=images[0].shape[1] / len(at_lines[0].shares) if count == 1 else 0.0)
        return at_lines, seen[len(cut) :]


def view(gray: NDArray[np.uint8], rows: float, columns: float) -> NDArray[np.uint8]:
    """The line without its outer `rows` above and below and `columns` left and right (below 0: room)."""
    height, width = gray.shape
    down, across = round(height * rows), round(width * abs(columns))
    kept = gray[down : height - down]
    if columns >= 0:
        return kept[:, across : width - across]
    return np.pad(kept, ((0, 0), (across, across)), mode="edge")


def joined(parts: Sequence[Posteriors]) -> Posteriors:
    """Lines one after another: the ends of each are silent enough to part them."""
    return parts[0] if len(parts) == 1 else Posteriors(np.concatenate([part.shares for part in parts]))


def weigh(
    at_lines: Sequence[Posteriors],
    at_crop: Sequence[Posteriors],
    lines: Sequence[TextLine],
    grammar: Grammar,
    log_country: float,
) -> list[Candidate]:
    """The likeliest texts of one country, each with its mean likelihood over the looks at the lines, or at the crop."""
    proposed = {candidate.text: candidate for candidate in propose([*at_lines, *at_crop], grammar)}
    if not proposed:  # characters were missed altogether: search more widely
        proposed = {
            candidate.text: candidate for look in [at_lines[0], *at_crop[:1]] for candidate in decode(look, grammar)
        }
    if not proposed:
        return []
    texts = list(proposed)
    fits = np.maximum(likelihoods(at_lines, texts), LEAST_LOG_LIKELIHOOD).mean(0)
    if at_crop:
        fits = np.maximum(fits, np.maximum(likelihoods(at_crop, texts), LEAST_LOG_LIKELIHOOD).mean(0))
    centres, struck = _placed(at_lines[0], lines, texts, grammar)
    weighed = []
    for text, fit in zip(texts, fits.tolist(), strict=True):
        candidate = proposed[text]
        weighed.append(
            replace(
                candidate,
                log_likelihood=fit,
                log_prior=candidate.log_prior + log_country,
                log_spacing=log_spacing(centres[len(text)], candidate.groups) if grammar.spaced else 0.0,
                log_shape=log_shape(text, struck[len(text)]),
            )
        )
    return weighed


def _placed(
    look: Posteriors, lines: Sequence[TextLine], texts: Sequence[str], grammar: Grammar
) -> tuple[dict[int, tuple[float, ...]], dict[int, frozenset[int]]]:
    """For each length of text: the middles of its characters in steps, and which round glyphs are struck through."""
    centres: dict[int, tuple[float, ...]] = {}
    struck: dict[int, frozenset[int]] = {}
    judged = grammar.struck_o and len(lines) == 1 and lines[0].glyphs > 0 and look.step_px > 0
    for length in {len(text) for text in texts}:
        alike = [text for text in texts if len(text) == length]
        # Texts of one length stand at the same places: the likeliest of them tells where.
        centres[length] = align(look, alike[0]).centres
        struck[length] = frozenset()
        if judged:
            perhaps = "".join("O" if ROUND & set(column) else "-" for column in zip(*alike, strict=True))
            places = [(centre + 0.5) * look.step_px for centre in centres[length]]
            struck[length] = struck_positions(lines[0], perhaps, places)
    return centres, struck
