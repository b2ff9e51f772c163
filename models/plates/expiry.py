"""The small line MM.YY below an Indonesian plate's main line: when its registration ends."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.plates.posteriors import Posteriors

_LOOKS_LIKE_DIGIT = str.maketrans("ODQILZSGB", "000112568")
LEAST_SHARE = 0.6
FIRST_YEAR, LAST_YEAR = 10, 49


@dataclass(frozen=True)
class Expiry:
    """A month as "MM.YY", and how sure its weakest digit is (0..1)."""

    text: str
    confidence: float


def read_expiry(posteriors: Posteriors) -> Expiry | None:
    """The date, or None when it is not legible or is no date.

    Args:
        posteriors: of the strip below the main line.
    """
    text, peaks = posteriors.greedy()
    for match in re.finditer(r"(?=(0[1-9]|1[0-2])(\d\d))", text.translate(_LOOKS_LIKE_DIGIT)):
        start = match.start()
        month, year = match.group(1), match.group(2)
        whole = len(text) <= 5 and FIRST_YEAR <= int(year) <= LAST_YEAR
        weakest = min(peaks[start : start + 4])
        if whole and weakest >= LEAST_SHARE:
            return Expiry(f"{month}.{year}", round(min(1.0, float(weakest)), 4))
    return None
