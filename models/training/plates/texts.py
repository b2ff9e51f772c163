"""What stands on a made plate: texts of the formats of several countries, and some of no format at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from models.plates.grammar import load_countries
from models.plates.posteriors import ALPHABET

Kind = Literal["ID", "VN", "EU", "BR", "any"]
LETTERS = ALPHABET[10:]
DIGITS = ALPHABET[:10]
# Mostly what these roads hold; the rest so that foreign plates read, and so that the network learns characters rather
# than formats: the grammar is applied afterwards.
KINDS: tuple[Kind, ...] = ("ID", "VN", "EU", "BR", "any")
KIND_SHARES = (0.68, 0.07, 0.12, 0.03, 0.10)
# L: letter, D: digit, a space: a gap between groups.
EU_FORMS = (
    "LL DDD LL;LL DDDDD;LLL DDDD;LLL DDD;LL DD LLL;DDDD LLL;DLD DDDD;L LL DDDD;LL L DDD;LL LL DDD;DD LLL D;"
    "DDLLLL;LLDDDLL;LLDDLLL"
)
BR_FORMS = "LLL DDDD;LLLDLDD"
# Letters that look like others, and how often a group is made of them alone: no grammar tells them apart.
ALIKE = "OQDIJVUGCWMN"
ALIKE_SHARE = 0.25
NUMBER_SHARES = (0.04, 0.07, 0.14, 0.75)
SUFFIX_SHARES = (0.03, 0.2, 0.4, 0.37)


@dataclass(frozen=True)
class PlateText:
    """A plate's main line.

    Attributes:
        kind: whose format.
        groups: characters by printed group.
    """

    kind: Kind
    groups: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line without gaps."""
        return "".join(self.groups)


@lru_cache(maxsize=1)
def _regions() -> dict[str, tuple[str, ...]]:
    lists = load_countries().lists
    return {name: tuple(lists[name].split()) for name in ("id_regions", "vn_regions")}


def random_text(rng: np.random.Generator) -> PlateText:
    """A text by the shares above; letters and digits are as likely as each other, whatever the roads hold more of."""
    kind = KINDS[weighted(rng, KIND_SHARES)]
    if kind == "ID":
        return PlateText(kind, _indonesian(rng))
    if kind == "VN":
        serial = _letters(rng, 1) + (_digits(rng, 1) if rng.random() < 0.3 else "")
        region = _one(rng, _regions()["vn_regions"])
        number = _digits(rng, 5 if rng.random() < 0.75 else 4)
        parts = (number[:3], number[3:]) if len(number) == 5 and rng.random() < 0.7 else (number,)
        return PlateText(kind, (region + serial, *parts))
    if kind in {"EU", "BR"}:
        forms = (EU_FORMS if kind == "EU" else BR_FORMS).split(";")
        form = forms[int(rng.integers(len(forms)))]
        return PlateText(kind, tuple("".join(_of(rng, sort) for sort in group) for group in form.split()))
    count = int(rng.integers(2, 10))
    text = "".join(ALPHABET[int(index)] for index in rng.integers(0, len(ALPHABET), count))
    cut = int(rng.integers(0, count))
    return PlateText(kind, (text[:cut], text[cut:]) if cut > 0 else (text,))


def _indonesian(rng: np.random.Generator) -> tuple[str, ...]:
    regions = _regions()["id_regions"]
    # One-letter regions are the populous ones.
    single = [code for code in regions if len(code) == 1]
    region = _one(rng, single if rng.random() < 0.5 else regions)
    number = str(int(rng.integers(1, 10))) + _digits(rng, weighted(rng, NUMBER_SHARES))
    suffix = _letters(rng, weighted(rng, SUFFIX_SHARES))
    return (region, number, suffix) if suffix else (region, number)


def weighted(rng: np.random.Generator, shares: Sequence[float]) -> int:
    """An index by shares that sum to 1 (`Generator.choice` is twenty times slower)."""
    left = rng.random()
    for index, share in enumerate(shares):
        left -= share
        if left < 0:
            return index
    return len(shares) - 1


def _one(rng: np.random.Generator, values: Sequence[str]) -> str:
    return values[int(rng.integers(len(values)))]


def _of(rng: np.random.Generator, sort: str) -> str:
    return _letters(rng, 1) if sort == "L" else _digits(rng, 1)


def _letters(rng: np.random.Generator, count: int) -> str:
    alphabet = ALIKE if rng.random() < ALIKE_SHARE else LETTERS
    return "".join(alphabet[int(index)] for index in rng.integers(0, len(alphabet), count))


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(DIGITS[int(index)] for index in rng.integers(0, 10, count))
