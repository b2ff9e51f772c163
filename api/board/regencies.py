"""The regencies of a jurisdiction: which one a case belongs to, and where each stands on the tile map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import cos, hypot, radians
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from api.jurisdiction.model import Jurisdiction

FILE: Final = Path(__file__).with_name("regencies.yaml")
UNKNOWN: Final = "-"
# Farther than this from every middle it is not in the province.
FARTHEST_KM: Final = 60.0
_KM_A_DEGREE: Final = 111.2


class Tile(BaseModel):
    """Where a regency or city of the jurisdiction lies, and its tile on the map."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^\d{2}\.\d{2}$", title="Code of the Ministry of Home Affairs")
    short: str = Field(max_length=3)
    at: tuple[float, float] = Field(title="A point near its middle: latitude, longitude, degrees")
    tile: tuple[int, int] = Field(title="Column and row of its tile on the map")


@dataclass(frozen=True)
class Place:
    """A regency or city as the board shows it."""

    code: str
    name: str
    tile: Tile


@lru_cache(maxsize=1)
def _tiles() -> dict[str, Tile]:
    raw: list[dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return {one.code: one for one in (Tile.model_validate(row) for row in raw)}


def places_of(jurisdiction: Jurisdiction) -> list[Place]:
    """The regencies and cities of a jurisdiction that have a tile."""
    tiles = _tiles()
    return [
        Place(one.code, one.names.id.removeprefix("Kabupaten "), tiles[one.code])
        for one in jurisdiction.regencies
        if one.code in tiles
    ]


def regency_of(jurisdiction: Jurisdiction, agency: str, subject: Mapping[str, Any]) -> str:
    """Code of the regency that a case belongs to: the one that it names, its agency's, or the nearest; `-` for none."""
    named = jurisdiction.regency_named(str(subject.get("regency") or ""))
    if named is not None:
        return named.code
    of_agency = next((one.code for one in jurisdiction.regencies if one.agency == agency), None)
    if of_agency is not None:
        return of_agency
    held = places_of(jurisdiction)
    latitude, longitude = subject.get("latitude"), subject.get("longitude")
    if not held or not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return UNKNOWN

    def distance_km(one: Place) -> float:
        east = (longitude - one.tile.at[1]) * cos(radians(latitude))
        return hypot(latitude - one.tile.at[0], east) * _KM_A_DEGREE

    nearest = min(held, key=distance_km)
    return nearest.code if distance_km(nearest) <= FARTHEST_KM else UNKNOWN
