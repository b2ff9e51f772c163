"""The regencies of a jurisdiction: which one a case belongs to, and where each stands on the tile map."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import cos, hypot, radians
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

FILE: Final = Path(__file__).with_name("regencies.yaml")
UNKNOWN: Final = "-"
# Farther than this from every middle it is not in the province.
FARTHEST_KM: Final = 60.0
_KM_A_DEGREE: Final = 111.2


class Regency(BaseModel):
    """A regency or city."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = Field(pattern=r"^\d{2}\.\d{2}$", title="Code of the Ministry of Home Affairs")
    name: str
    short: str = Field(max_length=3)
    at: tuple[float, float] = Field(title="A point near its middle: latitude, longitude, degrees")
    tile: tuple[int, int] = Field(title="Column and row of its tile on the map")
    agencies: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def _all() -> dict[str, tuple[Regency, ...]]:
    raw: dict[str, list[dict[str, Any]]] = yaml.safe_load(FILE.read_text("utf-8"))
    return {name: tuple(Regency.model_validate(one) for one in rows) for name, rows in raw.items()}


def regencies_of(jurisdiction: str) -> tuple[Regency, ...]:
    """Those of a jurisdiction; none for one without a map."""
    return _all().get(jurisdiction, ())


def regency_of(jurisdiction: str, agency: str, subject: Mapping[str, Any]) -> str:
    """Code of the regency that a case belongs to: named, of its agency, or the one nearest to its coordinates; `-`."""
    held = regencies_of(jurisdiction)
    named = subject.get("regency")
    if isinstance(named, str) and any(one.code == named for one in held):
        return named
    of_agency = next((one.code for one in held if agency in one.agencies), None)
    if of_agency is not None:
        return of_agency
    latitude, longitude = subject.get("latitude"), subject.get("longitude")
    if not held or not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return UNKNOWN

    def distance_km(one: Regency) -> float:
        east = (longitude - one.at[1]) * cos(radians(latitude))
        return hypot(latitude - one.at[0], east) * _KM_A_DEGREE

    nearest = min(held, key=distance_km)
    return nearest.code if distance_km(nearest) <= FARTHEST_KM else UNKNOWN
