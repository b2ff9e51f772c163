"""Two different readers, one text: a plate is named only where our own network and RapidOCR say the same."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.plates.reading import PlateReading

# Slope and offset of the sigmoid that makes a raw confidence the share of such reads that are right, and the least of
# it with which a text is named. Chosen on held-out drawn plates by `models.evaluation.plates_limits`, see the card.
SAME, DIFFERENT = (0.867, 3.05), (0.646, 1.071)
LEAST_CONFIDENCE = 0.953
# A text that one reader does not even consider gets this share from it.
LEAST_SHARE = 1e-4
MOST_CANDIDATES = 8
# How many times likelier than the next text the common one must be, both readers' shares multiplied.
LEAST_LEAD = 30.0


class Reader(Protocol):
    """Reads one plate crop."""

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop (uint8 [height, width, 3], BGR)."""
        ...


class AgreeingReader:
    """Names a text only where two readers agree on it; else what both consider is offered as candidates."""

    def __init__(self, own: Reader, other: Reader) -> None:
        """Read with `own` (faster) and `other`."""
        self._own = own
        self._other = other

    def read(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """Read a plate crop (uint8 [height, width, 3], BGR); where the two differ the reading's text is None."""
        return self.confirm(crop_bgr, self._own.read(crop_bgr))

    def glance(self, crop_bgr: NDArray[np.uint8]) -> PlateReading:
        """What the faster reader alone makes of it: candidates only, for `confirm` to name one of them."""
        own = self._own.read(crop_bgr)
        return replace(own, text=None, reason=own.reason or "only one of two readers has looked")

    def confirm(self, crop_bgr: NDArray[np.uint8], own: PlateReading) -> PlateReading:
        """Let the second reader look at a crop whose first reading is known."""
        return agreed(own, self._other.read(crop_bgr))


def agreed(own: PlateReading, other: PlateReading) -> PlateReading:
    """One reading of two.

    Args:
        own: of our network.
        other: of the second reader; its expiry and colour are kept.
    """
    shares = joint_shares(own, other)
    if not shares:
        nothing = own.reason or other.reason or "no characters are legible"
        return replace(other, text=None, confidence=0.0, reason=nothing, characters=(), candidates=())
    best = shares[0][0]
    carrier = own if own.best == best else other
    confidence = calibrated(raw_confidence(own, other), SAME if own.best == other.best else DIFFERENT)
    reason = _doubt(own, other, shares, confidence)
    return PlateReading(
        text=None if reason else best,
        confidence=round(confidence, 4),
        reason=reason,
        characters=carrier.characters if carrier.best == best else (),
        candidates=tuple((text, round(share, 4)) for text, share in shares[:MOST_CANDIDATES]),
        expiry=other.expiry,
        expiry_confidence=other.expiry_confidence,
        colour=other.colour or own.colour,
        colour_confidence=other.colour_confidence if other.colour else own.colour_confidence,
        country=carrier.country,
        known_region=carrier.known_region,
        repaired=carrier.repaired,
    )


def raw_confidence(own: PlateReading, other: PlateReading) -> float:
    """0..1: the best text's joint share, and how well both readers' texts explain the picture; not yet calibrated."""
    shares = joint_shares(own, other)
    return shares[0][1] * math.sqrt(own.confidence * other.confidence) if shares else 0.0


def calibrated(raw: float, sigmoid: tuple[float, float]) -> float:
    """The share of reads of that raw confidence that are right, by a fitted sigmoid (slope, offset)."""
    kept = min(max(raw, 1e-4), 1 - 1e-4)
    return 1 / (1 + math.exp(-(sigmoid[0] * math.log(kept / (1 - kept)) + sigmoid[1])))


def joint_shares(own: PlateReading, other: PlateReading) -> list[tuple[str, float]]:
    """What either considers, weighed by both: the product of their shares, brought to a sum of 1; best first."""
    one, two = dict(own.candidates), dict(other.candidates)
    weights = {
        text: max(one.get(text, 0.0), LEAST_SHARE) * max(two.get(text, 0.0), LEAST_SHARE) for text in {**one, **two}
    }
    total = sum(weights.values())
    return sorted(((text, weight / total) for text, weight in weights.items()), key=lambda pair: -pair[1])


def lead(shares: list[tuple[str, float]]) -> float:
    """Log of how many times likelier the first text is than the second; infinite where there is no second."""
    return math.log(shares[0][1] / max(shares[1][1], 1e-12)) if len(shares) > 1 else math.inf


def _doubt(own: PlateReading, other: PlateReading, shares: list[tuple[str, float]], confidence: float) -> str | None:
    if own.best is None or other.best is None:
        return "one of two readers sees no plate here"
    if own.best != other.best:
        return f"two readers disagree: {own.best} or {other.best}"
    if lead(shares) < math.log(LEAST_LEAD):
        return f"{shares[1][0]} is nearly as likely"
    if confidence < LEAST_CONFIDENCE:
        return f"both readers see {own.best}, but not clearly enough (confidence {confidence:.2f})"
    return None
