"""A vehicle's plate number, written in one way so that the roadside, the register and the public look-up agree."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Region codes of Indonesian plates (TNKB); restated from public lists. An unknown one is a flag for review, never a
# reason to drop a plate.
_REGION_LIST = """
A AA AB AD AE AG B BA BB BD BE BG BH BK BL BM BN BP D DA DB DC DD DE DG DH DK DL DM DN DR DT E EA EB ED F G H K KB KH
KT KU L M N P PA PB R S T W Z
"""
REGIONS: frozenset[str] = frozenset(_REGION_LIST.split())
# The president's and vice-president's cars, and the diplomatic and consular corps.
SPECIAL_REGIONS: frozenset[str] = frozenset({"RI", "CD", "CC", "CH"})

_INDONESIAN = re.compile(r"([A-Z]{1,2})([1-9][0-9]{0,3})([A-Z]{0,3})")
_SPECIAL = re.compile(r"(RI|CD|CC|CH)([1-9][0-9]{0,6})")
_SEPARATORS = re.compile(r"[\s.\-_·]+")
_MAX_CHARACTERS = 12


class PlateNumberError(ValueError):
    """Text that cannot be a plate number; the sentence can be shown to whoever typed it."""


@dataclass(frozen=True)
class PlateNumber:
    """A plate number.

    Example:
        >>> PlateNumber.parse("h-1234.ab").display
        'H 1234 AB'

    Attributes:
        text: Normalised: capital letters and digits without separators, 2 to 12 characters, e.g. `H1234AB`.
    """

    text: str

    def __post_init__(self) -> None:
        if normalise(self.text) != self.text:
            message = f"{self.text!r} is not normalised: use PlateNumber.parse"
            raise PlateNumberError(message)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> PlateNumber:
        """Read a plate number as people write it, with spaces, dots, dashes or small letters.

        Raises:
            PlateNumberError: It is not 2 to 12 Latin letters and digits with at least one digit.
        """
        return cls(normalise(text))

    @property
    def region(self) -> str | None:
        """The region code, `H` of `H 1234 AB`; `None` when the plate is not written as Indonesian plates are."""
        match = _SPECIAL.fullmatch(self.text) or _INDONESIAN.fullmatch(self.text)
        return match.group(1) if match else None

    @property
    def known_region(self) -> bool:
        """Whether the region code is in the list. A foreign plate, a new province or a misread letter is not."""
        return self.region in REGIONS or (self.region in SPECIAL_REGIONS and bool(_SPECIAL.fullmatch(self.text)))

    @property
    def display(self) -> str:
        """Spaced as on the plate: `H 1234 AB`; a plate of another country stays as it is."""
        match = _SPECIAL.fullmatch(self.text) or _INDONESIAN.fullmatch(self.text)
        return " ".join(part for part in match.groups() if part) if match else self.text


def normalise(text: str) -> str:
    """Capital letters and digits of a plate number, without separators.

    Raises:
        PlateNumberError: It cannot be a plate number.
    """
    plain = _SEPARATORS.sub("", text[:100]).upper()
    if not 2 <= len(plain) <= _MAX_CHARACTERS:
        message = f"A plate number has 2 to {_MAX_CHARACTERS} letters and digits, for example H 1234 AB."
        raise PlateNumberError(message)
    if not (plain.isascii() and plain.isalnum() and any(c.isdigit() for c in plain)):
        message = (
            "A plate number holds only the letters A to Z and digits, with at least one digit, for example H 1234 AB."
        )
        raise PlateNumberError(message)
    return plain
