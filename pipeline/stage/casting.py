"""Road users and roads that inventions are made of, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Content = dict[str, Any]
Random = np.random.Generator


@dataclass(frozen=True)
class Lot:
    """What a scene is drawn by.

    Attributes:
        random: Decides what is not named.
        difficulty: Noise, haze and company (0..1).
    """

    random: Random
    difficulty: float


Look = Callable[[Lot], Content]

COLOURS = ("white", "silver", "grey", "black", "red", "blue", "maroon", "beige")
BODIES = ("mpv", "hatch", "sedan", "van", "mpv", "pickup")
LENGTHS_M = {"sedan": 4.5, "hatch": 3.9, "mpv": 4.3, "van": 4.2, "pickup": 5.1}
REGIONS = ("H", "K", "G", "AA", "AD", "R")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
STOP_LINE_M = 17.0


def plate(random: Random) -> str:
    """A plate of the region."""
    tail = "".join(random.choice(list(LETTERS), size=int(random.integers(2, 4))))
    return f"{random.choice(REGIONS)} {random.integers(1000, 9999)} {tail}"


def car(random: Random, name: str, **parts: object) -> Content:
    """A car of some build and colour; `parts` replace what was drawn by lot."""
    return {
        "id": name,
        "class": "car",
        "body": str(random.choice(BODIES)),
        "colour": str(random.choice(COLOURS)),
        "plate": plate(random),
        **parts,
    }


def motorcycle(random: Random, name: str, **parts: object) -> Content:
    """A motorcycle, its one rider with a helmet."""
    colours = ("navy", "orange", "white", "green", "maroon", "beige", "grey")
    riders = [{"helmet": True, "colour": str(random.choice(colours))}]
    return {
        "id": name,
        "class": "motorcycle",
        "colour": str(random.choice(COLOURS)),
        "plate": plate(random),
        "riders": riders,
        **parts,
    }


def steady(lane: str, start_m: float, kmh: float, **parts: object) -> Content:
    """Along a lane at one speed."""
    return {"lane": lane, "start_m": round(start_m, 3), "profile_kmh": [[0, round(kmh, 2)]], **parts}


def way(corners: list[list[float]], kmh: float | list[list[float]], radius_m: float = 6.0) -> Content:
    """Round corners, at one speed or by a profile."""
    profile = kmh if isinstance(kmh, list) else [[0, round(kmh, 2)]]
    return {"corners": corners, "radius_m": radius_m, "profile_kmh": profile}


def company(random: Random, difficulty: float, lane: str = "oncoming") -> list[Content]:
    """Others, in a lane where they do no wrong."""
    count = round(1 + 3 * difficulty)
    kmh, start = float(random.uniform(25, 45)), float(random.uniform(20, 35))
    found: list[Content] = []
    for number in range(count):
        actor = car(random, f"other-{number + 1}", drive=steady(lane, start, kmh))
        kind = random.random()
        if kind < 0.2:
            actor |= {"class": "truck", "body": "box"}
        elif kind < 0.35:
            actor |= {"class": "bus", "body": "city"}
        elif kind < 0.55:
            actor = {k: v for k, v in actor.items() if k != "body"} | {"class": "motorcycle"}
        found.append(actor)
        start += float(random.uniform(14, 24))
    return found


def stopping(
    random: Random, name: str, lane: str, stands_s: float, *, beyond_m: float, line_m: float = STOP_LINE_M
) -> Content:
    """A car that brakes evenly from 36 km/h and stands with its bumper so far beyond the line."""
    actor = car(random, name)
    half = LENGTHS_M[actor["body"]] / 2
    kmh, brakes_s, stands_s = 36.0, 0.4, round(stands_s, 3)
    # The place where it stands is exact: the way is the integral of the rounded profile.
    way_m = kmh / 3.6 * (brakes_s + (stands_s - brakes_s) / 2)
    profile = [[0, kmh], [brakes_s, kmh], [stands_s, 0]]
    start = line_m + beyond_m - half - way_m
    return actor | {"drive": {"lane": lane, "start_m": round(start, 4), "profile_kmh": profile}}


def junction(away: int = 2) -> Content:
    """Lanes before a signal, one towards the camera beside them, and a crossing road."""
    # Left-hand traffic: who comes towards the camera is on its right.
    lanes: list[Content] = [
        {"id": f"lane-{n + 1}", "centre_m": round(-2.6 + 3.3 * n, 2), "width_m": 3.3, "signal": "head"}
        for n in range(away)
    ]
    lanes.append({"id": "oncoming", "centre_m": 4.0, "width_m": 3.3, "direction": "toward"})
    return {
        "lanes": lanes,
        "stop_line_m": STOP_LINE_M,
        "crosswalk": {"from_m": STOP_LINE_M + 1.5, "to_m": STOP_LINE_M + 4.5},
        "cross_road": {"from_m": STOP_LINE_M + 7, "to_m": STOP_LINE_M + 19},
    }


def head(programme: list[list[Any]], **parts: object) -> list[Content]:
    """The signal head of the junction."""
    place = {"id": "head", "east_m": -5.4, "north_m": STOP_LINE_M + 5.6, "height_m": 3.9}
    return [{**place, "programme": programme, **parts}]


def two_ways() -> Content:
    """Two lanes away from the camera and one towards it."""
    return {
        "lanes": [
            {"id": "two", "centre_m": -3.4, "width_m": 3.3, "direction": "away"},
            {"id": "one", "centre_m": 0.0, "width_m": 3.3, "direction": "away"},
            {"id": "oncoming", "centre_m": 3.4, "width_m": 3.3, "direction": "toward"},
        ]
    }


def bus_road() -> Content:
    """A lane for buses by day beside an open one."""
    road = two_ways()
    road["lanes"][0] = {
        "id": "bus",
        "centre_m": -3.5,
        "width_m": 3.5,
        "direction": "away",
        "reserved_for": {"classes": ["bus"], "hours": [{"from": "06:00", "to": "20:00"}]},
    }
    road["lanes"][1]["id"] = "open"
    return road
