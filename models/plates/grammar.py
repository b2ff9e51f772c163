"""Country grammars of number plates, as data: which character may stand where, and how usual a format is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import ModelError
from models.plates.posteriors import ALPHABET, INDEX

COUNTRIES_FILE = Path(__file__).with_name("countries.yaml")
DIGITS = ALPHABET[:10]
LETTERS = ALPHABET[10:]
KINDS = {"digits": DIGITS, "letters": LETTERS, "any": ALPHABET}


class Group(BaseModel):
    """Neighbouring characters of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="What the group says: region, number, suffix.")
    kind: Literal["letters", "digits", "any"]
    lengths: dict[int, float] = Field(description="Length: how usual it is, 1 = usual.", min_length=1)
    values: str | None = Field(None, description="Name of the list of known codes.")
    unknown_weight: float = Field(
        0.05, ge=0, le=1, description="How far to believe a code that is in no list; 0 bars it."
    )
    alphabet: str | None = Field(None, description="Characters that occur, when not all of the kind do.")
    leading_zero: bool = True


class Pattern(BaseModel):
    """One format: its groups in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    weight: float = Field(gt=0, le=1)
    groups: tuple[Group, ...]


class Profile(BaseModel):
    """The formats of one country."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    two_lines: bool = Field(description="Whether plates of two equal lines are read as one text.")
    spaced: bool = Field(description="Whether visible gaps stand between the groups.")
    struck_o: bool = Field(False, description="Whether the letter O is printed with a stroke through it.")
    expiry: bool = Field(description="Whether a small MM.YY stands below the main line.")
    patterns: tuple[Pattern, ...]


class Countries(BaseModel):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    profiles: dict[str, Profile]
    lists: dict[str, str]
    confusions: dict[Literal["shape", "alike"], dict[str, dict[str, float]]]


@dataclass(frozen=True)
class Template:
    """One way to spell a plate: a set of characters per position.

    Attributes:
        positions: allowed characters, position by position.
        pattern: name of its pattern.
        weight: 0..1, how usual.
        coded: (start, end, codes, weight of an unknown code) of each group with a list of known codes.
        groups: lengths of the groups, for showing the text with spaces.
    """

    positions: tuple[frozenset[str], ...]
    pattern: str
    weight: float
    coded: tuple[tuple[int, int, frozenset[str], float], ...]
    groups: tuple[int, ...]


@dataclass(frozen=True)
class Fit:
    """How a text fits a grammar: weight (above 0, at most 1), pattern, group lengths, are its codes in the lists."""

    weight: float
    pattern: str
    groups: tuple[int, ...]
    known: bool


class Grammar:
    """All templates of a country, and what a decoder asks at every step: may this prefix go on with that character?"""

    def __init__(self, country: str, profile: Profile, lists: dict[str, str]) -> None:
        self.country = country
        self.two_lines = profile.two_lines
        self.expiry = profile.expiry
        self.spaced = profile.spaced
        self.struck_o = profile.struck_o
        self.templates = tuple(_templates(profile, lists))
        self.longest = max(len(template.positions) for template in self.templates)
        self._following: dict[frozenset[tuple[int, int]], dict[str, frozenset[tuple[int, int]]]] = {}
        self.start = frozenset((index, 0) for index in range(len(self.templates)))

    def following(self, state: frozenset[tuple[int, int]]) -> dict[str, frozenset[tuple[int, int]]]:
        """Characters that may come next, each with the state it leads to (states are sets of (template, position))."""
        found = self._following.get(state)
        if found is None:
            steps: dict[str, set[tuple[int, int]]] = {}
            for index, position in state:
                positions = self.templates[index].positions
                for character in positions[position] if position < len(positions) else ():
                    steps.setdefault(character, set()).add((index, position + 1))
            found = {character: frozenset(reached) for character, reached in steps.items()}
            self._following[state] = found
        return found

    def fit(self, text: str) -> Fit | None:
        """The most usual way in which `text` fits, or None."""
        best: Fit | None = None
        for template in self.templates:
            if len(template.positions) != len(text):
                continue
            if not all(character in allowed for character, allowed in zip(text, template.positions, strict=True)):
                continue
            weight, known = template.weight, True
            for start, end, codes, unknown_weight in template.coded:
                if text[start:end] not in codes:
                    weight, known = weight * unknown_weight, False
            if weight > 0 and (best is None or weight > best.weight):
                best = Fit(weight, template.pattern, template.groups, known)
        return best


def _templates(profile: Profile, lists: dict[str, str]) -> list[Template]:
    """Spell out every combination of group lengths."""
    found = []
    for pattern in profile.patterns:
        for lengths in itertools.product(*(group.lengths for group in pattern.groups)):
            positions: list[frozenset[str]] = []
            coded = []
            weight = pattern.weight
            for group, length in zip(pattern.groups, lengths, strict=True):
                weight *= group.lengths[length]
                start = len(positions)
                allowed = frozenset(group.alphabet or KINDS[group.kind])
                positions.extend([allowed] * length)
                if length and not group.leading_zero:
                    positions[start] = allowed - {"0"}
                if length and group.values:
                    codes = frozenset(code for code in lists[group.values].split() if len(code) == length)
                    coded.append((start, start + length, codes, group.unknown_weight))
            found.append(Template(tuple(positions), pattern.name, weight, tuple(coded), tuple(lengths)))
    return found


@lru_cache(maxsize=8)
def load_countries(path: Path = COUNTRIES_FILE) -> Countries:
    """Read and check the file of countries.

    Raises:
        ModelError: the file is absent or malformed; the message names the first fault.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        profiles = {name: body for name, body in raw.items() if name not in {"lists", "confusions"}}
        return Countries(profiles=profiles, lists=raw["lists"], confusions=raw["confusions"])
    except (OSError, KeyError, AttributeError, yaml.YAMLError, ValidationError) as error:
        fault = str(error).replace("\n", " ")
        raise ModelError(f"{path}: not a usable file of plate formats: {fault}") from error


@lru_cache(maxsize=16)
def grammar_of(country: str) -> Grammar:
    """The grammar of a country by its code (ID, VN, EU).

    Raises:
        ModelError: there is no profile of that name.
    """
    countries = load_countries()
    if country not in countries.profiles:
        raise ModelError(f"no plate format for country {country!r}: choose from {', '.join(countries.profiles)}")
    return Grammar(country, countries.profiles[country], countries.lists)


def grammars_of(countries: Sequence[str]) -> tuple[Grammar, ...]:
    """The grammars of several countries, in the order given."""
    if not countries:
        raise ModelError("name at least one country whose plates to expect")
    return tuple(grammar_of(country) for country in countries)


@lru_cache(maxsize=1)
def confusion_matrix() -> NDArray[np.float64]:
    """Float [36, 36]: row = what the network says, column = what may truly stand there; the diagonal is 1.

    A pair may be mistaken both ways.
    """
    matrix = np.eye(len(ALPHABET))
    for pairs in load_countries().confusions.values():
        for one, others in pairs.items():
            for other, share in others.items():
                for said, true in ((INDEX[one], INDEX[other]), (INDEX[other], INDEX[one])):
                    matrix[said, true] = max(matrix[said, true], share)
    return matrix
