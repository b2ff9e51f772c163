"""The small line MM.YY below an Indonesian plate's main line: when its registration ends."""

from __future__ import annotations

import re

from models.plates.posteriors import Posteriors

_LOOKS_LIKE_DIGIT = str.maketrans("ODQILZSGB", "000112568")
LEAST_SHARE = 0.6
FIRST_YEAR, LAST_YEAR = 10, 49


def read_expiry(posteriors: Posteriors) -> str | None:
    """The date as "MM.YY", or None when it is not legible or is no date.

    Args:
        posteriors: of the strip below the main line.
    """
    text, peaks = posteriors.greedy()
    for match in re.finditer(r"(?=(0[1-9]|1[0-2])(\d\d))", text.translate(_LOOKS_LIKE_DIGIT)):
        start = match.start()
        month, year = match.group(1), match.group(2)
        whole = len(text) <= 5 and FIRST_YEAR <= int(year) <= LAST_YEAR
        if whole and min(peaks[start : start + 4]) >= LEAST_SHARE:
            return f"{month}.{year}"
    return None
