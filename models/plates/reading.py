"""What one look at one plate crop gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlateReading:
    """One look at one plate crop.

    Attributes:
        text: Normalised without spaces ("H1234AB"), or None when the reader abstained.
        confidence: 0..1, of the best candidate, also when abstained.
        reason: Why the reader abstained, in one sentence; None when `text` is given.
        characters: 0..1, one per character of the best candidate: what the network saw
            there, before the grammar's repair.
        candidates: (text, share 0..1), best first, also when abstained; empty when nothing was legible.
        expiry: "MM.YY" from the small line below, when legible; no part of the plate's identity.
        country: The profile that fitted the best candidate ("ID"), None when there is no candidate.
        known_region: False when the best candidate's region code is in no list: a flag for the officer, never a
            reason to drop.
        expiry_confidence: 0..1, of `expiry`; None without one.
        colour: white, black, yellow, red, green, blue or blue_edged; None when the light does not tell.
        colour_confidence: 0..1, of `colour`; None without one.
        repaired: How many characters of the best candidate differ from what the network itself would have said.
    """

    text: str | None
    confidence: float
    reason: str | None
    characters: tuple[float, ...]
    candidates: tuple[tuple[str, float], ...]
    expiry: str | None = None
    country: str | None = None
    known_region: bool = True
    repaired: int = 0
    expiry_confidence: float | None = None
    colour: str | None = None
    colour_confidence: float | None = None

    @property
    def abstained(self) -> bool:
        """Whether the reader declined to name a text."""
        return self.text is None

    @property
    def best(self) -> str | None:
        """The text that would have been named without any abstention."""
        return self.text or (self.candidates[0][0] if self.candidates else None)

    def posteriors(self) -> tuple[dict[str, float], ...]:
        """Position by position, the share of each character over the candidates as long as the best one.

        Shares of a position sum to 1. Empty when nothing was legible.
        """
        if self.best is None:
            return ()
        places: tuple[dict[str, float], ...] = tuple({} for _ in self.best)
        alike = [(text, share) for text, share in self.candidates if len(text) == len(self.best)]
        total = sum(share for _, share in alike) or 1.0
        for text, share in alike:
            for place, character in zip(places, text, strict=True):
                place[character] = place.get(character, 0.0) + share / total
        return places
