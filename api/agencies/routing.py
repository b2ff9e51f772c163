"""Which agency a complaint belongs to, by what it is about and where. What is not clear stays with the province.

Nothing is guessed: a message that names two topics is about none, "Semarang" alone is neither the city nor the regency.
Then a person of the agency passes it on, and no promise stops meanwhile.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from api.jurisdiction.model import ComplaintCategory, Jurisdiction, Regency

OTHER: Final = "other"
_CITY: Final = r"(?:kota|kotamadya|city of)"
_REGENCY: Final = r"(?:kabupaten|kab\.?|regency of)"


def agency_for(category: ComplaintCategory, regency: Regency | None) -> str:
    """The id of the agency that must answer."""
    if category.local and not category.confidential and regency is not None:
        return regency.agency
    return category.agency


def topic_of(jurisdiction: Jurisdiction, text: str) -> ComplaintCategory:
    """What a message is about: the one topic whose words it holds; else `other` (or the last of the list).

    A confidential topic wins over every other: what goes past the unit is not sent to it because a road was named too.
    """
    said = text.lower()
    hits = {
        category.id: sum(bool(_word(word).search(said)) for word in category.words)
        for category in jurisdiction.complaint_categories
    }
    found = [category for category in jurisdiction.complaint_categories if hits[category.id]]
    secret = [category for category in found if category.confidential]
    if secret:
        return max(secret, key=lambda category: hits[category.id])
    if len(found) == 1:
        return found[0]
    return jurisdiction.complaint_category(OTHER) or jurisdiction.complaint_categories[-1]


@lru_cache(maxsize=1024)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def regency_in(jurisdiction: Jurisdiction, *, place: str = "", text: str = "") -> Regency | None:
    """The one regency or city that a place or a message names; None when it names none, several, or may mean two.

    Args:
        jurisdiction: whose regencies.
        place: the words of a place: a bare name counts.
        text: a message: a name counts after the word for its kind, or after "di" with a capital letter, since some
            names are common words too (batang: a trunk, pati: starch).
    """
    found: set[str] = set()
    for kind, word in (("city", _CITY), ("regency", _REGENCY)):
        for regency in jurisdiction.regencies:
            if regency.kind == kind and _named(regency, rf"(?<!\w){word}\s+", place + "\n" + text, re.IGNORECASE):
                found.add(regency.id)
    if not found:
        for regency in jurisdiction.regencies:
            if _named(regency, r"(?<!\w)", place, re.IGNORECASE) or _named(regency, r"\b[Dd]i\s+", text, 0):
                found.add(regency.id)
    return jurisdiction.regency_named(found.pop()) if len(found) == 1 else None


def _named(regency: Regency, before: str, text: str, flags: int) -> bool:
    names = "|".join(re.escape(name) for name in (regency.name, *regency.also))
    return re.search(rf"{before}(?:{names})(?!\w)", text, flags) is not None
