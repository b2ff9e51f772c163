"""Complaints about the same thing: of one sort, near in place and time. A person decides; nothing joins by itself."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from api.store.kinds import CaseKind
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow

NEAR_M: Final = 150.0
WITHIN: Final = timedelta(days=14)
MOST: Final = 200
_EARTH_RADIUS_M: Final = 6_371_000.0
# Words of an address that tell no two places apart.
_PLAIN: Final = frozenset({"jl", "jln", "jalan", "no", "depan", "dekat", "rt", "rw", "kota", "kec", "kel", "desa"})
_ALIKE: Final = 0.6


@dataclass(frozen=True)
class Likeness:
    """A complaint that may tell the same.

    Attributes:
        case: the other complaint.
        distance_m: how far away, metres; None when only the words of the place were compared.
        apart: how long before or after.
    """

    case: CaseRow
    distance_m: float | None
    apart: timedelta


def duplicates_of(session: Session, viewer: Viewer, case: CaseRow) -> list[Likeness]:
    """Open complaints of the same sort and agency, near in place and time, the nearest first.

    Args:
        session: an open session.
        viewer: who asks; only what they may read is found.
        case: the complaint, from the one door.
    """
    query = (
        readable_by(viewer)
        .where(
            CaseRow.kind == CaseKind.COMPLAINT.value,
            CaseRow.state.in_(("open", "answered")),
            CaseRow.agency == case.agency,
            CaseRow.id != case.id,
            CaseRow.opened_at.between(case.opened_at - WITHIN, case.opened_at + WITHIN),
            CaseRow.subject["category"].astext == str(case.subject.get("category")),
        )
        .order_by(CaseRow.opened_at.desc())
        .limit(MOST)
    )
    found = []
    for other in session.scalars(query):
        near, distance = _near(case.subject, other.subject)
        if near:
            found.append(Likeness(other, distance, abs(other.opened_at - case.opened_at)))
    return sorted(found, key=lambda one: (one.distance_m is None, one.distance_m or 0.0, one.apart))


def _near(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[bool, float | None]:
    here, there = _point(one), _point(other)
    if here is not None and there is not None:
        distance = distance_m(*here, *there)
        return distance <= NEAR_M, distance
    words, others = _words(one.get("place")), _words(other.get("place"))
    if not words or not others:
        return False, None
    return len(words & others) / len(words | others) >= _ALIKE, None


def _point(subject: Mapping[str, Any]) -> tuple[float, float] | None:
    latitude, longitude = subject.get("latitude"), subject.get("longitude")
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return float(latitude), float(longitude)
    return None


def _words(place: object) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", str(place or "").lower())) - _PLAIN


def distance_m(latitude: float, longitude: float, other_latitude: float, other_longitude: float) -> float:
    """Metres between two points given in degrees, on a sphere (haversine)."""
    phi, other_phi = math.radians(latitude), math.radians(other_latitude)
    half = (
        math.sin((other_phi - phi) / 2) ** 2
        + math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_longitude - longitude) / 2) ** 2
    )
    return 2 * _EARTH_RADIUS_M * math.asin(math.sqrt(half))
