"""One text from several looks at one plate: pooled position by position, and named only where no look-alike is left.

Each look's reading is a distribution over characters at each position, under the country's grammar. Looks are pooled as
weighted products (Genest and Zidek 1986, "Combining Probability Distributions"): weights are the looks' merit (size,
sharpness), and the more looks, the less each adds, since blur and dirt are common to them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from models.plates.grammar import grammar_of
from models.plates.posteriors import ALPHABET
from models.plates.reading import PlateReading

LEAST_SHARE = 1e-3
"""What a look gives to a character that it does not consider: one look must not veto the others."""
LOG_OTHER_LENGTH = math.log(1e-4)
"""What a look gives to a text of another length than it reads."""
ABSTAINED_WEIGHT = 0.5
LEAST_WEIGHT = 0.3
LOOK_ALIKE_LEAD = math.log(20.0)
"""A character must be so much likelier than one it is taken for."""
OTHER_LEAD = math.log(5.0)
LOOK_ALIKES = ("B8", "D0OQ", "S5", "Z2", "GC6", "I1JLT", "WMN", "UVY", "EF", "PR", "38", "17", "56", "69")
MOST_CANDIDATES = 5


@dataclass(frozen=True)
class Pooled:
    """What several readings say together.

    Attributes:
        shares: (text, share 0..1), best first; empty when none considers any text.
        doubt: why the first of them must not be named, None without a doubt.
    """

    shares: tuple[tuple[str, float], ...]
    doubt: str | None


def pool(readings: Sequence[PlateReading], merits: Sequence[float]) -> Pooled:
    """Pool readings of one plate.

    Args:
        readings: One a look; those without any candidate say nothing.
        merits: How good each look is, above 0, of any scale.
    """
    legible = [(reading, merit) for reading, merit in zip(readings, merits, strict=True) if reading.best]
    if not legible:
        return Pooled((), None)
    voices = _voices(legible)
    texts = {text for reading, _ in legible for text, _ in reading.candidates}
    texts |= _recombined(legible, voices)
    scores = {text: sum(weight * _fit(table, text) for table, weight in voices) for text in texts}
    ranked = sorted(scores, key=lambda text: (-scores[text], text))
    total = sum(math.exp(scores[text] - scores[ranked[0]]) for text in ranked)
    shares = tuple(
        (text, round(math.exp(scores[text] - scores[ranked[0]]) / total, 4)) for text in ranked[:MOST_CANDIDATES]
    )
    return Pooled(shares, _doubt(ranked[0], ranked[1:], scores, voices))


Table = tuple[dict[str, float], ...]


def _voices(legible: Sequence[tuple[PlateReading, float]]) -> list[tuple[Table, float]]:
    """For each look its softened posteriors by position, and its weight."""
    most = max(merit for _, merit in legible)
    shared = math.sqrt(len(legible))
    voices = []
    for reading, merit in legible:
        sure = min(0.99, max(0.05, reading.confidence))
        rest = (1 - sure) / len(ALPHABET)
        table = tuple(
            {character: sure * share + rest for character, share in place.items()} | {"": rest}
            for place in reading.posteriors()
        )
        weight = max(LEAST_WEIGHT, merit / most) * (1.0 if reading.text else ABSTAINED_WEIGHT)
        voices.append((table, weight / shared))
    return voices


def _fit(table: Table, text: str) -> float:
    if len(table) != len(text):
        return LOG_OTHER_LENGTH
    return sum(_log(place, character) for place, character in zip(table, text, strict=True))


def _log(place: dict[str, float], character: str) -> float:
    return math.log(max(place.get(character, place[""]), LEAST_SHARE))


def _recombined(legible: Sequence[tuple[PlateReading, float]], voices: Sequence[tuple[Table, float]]) -> set[str]:
    """The likeliest character at each position, all looks of a length together, where a grammar allows the text."""
    found = set()
    by_length: dict[int, list[tuple[Table, float]]] = defaultdict(list)
    for table, weight in voices:
        by_length[len(table)].append((table, weight))
    countries = {reading.country for reading, _ in legible if reading.country}
    for length, heard in by_length.items():
        text = ""
        for position in range(length):
            characters = {character for table, _ in heard for character in table[position] if character}
            text += max(
                sorted(characters),
                key=lambda one: sum(weight * _log(table[position], one) for table, weight in heard),
            )
        if any(grammar_of(country).fit(text) for country in countries):
            found.add(text)
    return found


def _doubt(
    best: str, rivals: Sequence[str], scores: dict[str, float], voices: Sequence[tuple[Table, float]]
) -> str | None:
    """The first reason not to name `best`."""
    for rival in rivals[:MOST_CANDIDATES]:
        if len(rival) != len(best) and scores[best] - scores[rival] < OTHER_LEAD:
            return f"the looks disagree ({best}, {rival})"
    heard = [(table, weight) for table, weight in voices if len(table) == len(best)]
    for position, character in enumerate(best):
        own = sum(weight * _log(table[position], character) for table, weight in heard)
        others = {other for table, _ in heard for other in table[position] if other not in {"", character}}
        for other in sorted(others):
            lead = own - sum(weight * _log(table[position], other) for table, weight in heard)
            alike = any(character in group and other in group for group in LOOK_ALIKES)
            if lead < (LOOK_ALIKE_LEAD if alike else OTHER_LEAD):
                return f"the looks disagree: character {position + 1} of {best} is {character} or {other}"
    return None
