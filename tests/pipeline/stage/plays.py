"""Small specifications for tests."""

from __future__ import annotations

from typing import Any

from pipeline.stage import Specification
from pipeline.stage.clip import ticks_of
from pipeline.stage.lens import Lens
from pipeline.stage.truth import Chronicle
from pipeline.stage.world import World

JUNCTION = {
    "lanes": [
        {"id": "lane", "centre_m": 0.0, "signal": "head"},
        {"id": "oncoming", "centre_m": 3.5, "direction": "toward"},
    ],
    "stop_line_m": 20,
}
BUS_ROAD = {
    "lanes": [
        {
            "id": "bus",
            "centre_m": 0.0,
            "reserved_for": {"classes": ["bus"], "hours": [{"from": "06:00", "to": "09:00"}]},
        }
    ]
}
PLAIN_ROAD = {"lanes": [{"id": "lane", "centre_m": 0.0}, {"id": "oncoming", "centre_m": 3.5, "direction": "toward"}]}


def head(*programme: tuple[float, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": "head",
            "east_m": -4.0,
            "north_m": 24.0,
            "height_m": 4.0,
            "programme": [list(part) for part in programme],
        }
    ]


def vehicle(kind: str = "car", lane: str = "lane", **parts: Any) -> dict[str, Any]:
    drive = {"lane": lane, "start_m": 10.0, "profile_kmh": [[0, 36]]} | parts.pop("drive", {})
    return {"id": "x", "class": kind, "drive": drive, **parts}


def play(road: dict[str, Any], *actors: dict[str, Any], **parts: Any) -> Specification:
    content = {
        "name": "play",
        "duration_s": 4.0,
        "road": road,
        "actors": list(actors),
        "houses": False,
        "camera": {"width_px": 480, "height_px": 270, "focal_px": 450, "fps": 10},
        **parts,
    }
    return Specification.model_validate(content)


def told(specification: Specification, kind: str) -> list[dict[str, Any]]:
    chronicle = Chronicle(World(specification), Lens(specification.camera), ticks_of(specification))
    records = chronicle.positions() if kind == "position" else chronicle.events()
    return [record for record in records if record["kind"] == kind]


def offences(specification: Specification) -> list[str]:
    """Codes of the offences that are true and not borderline."""
    return [record["offence"] for record in told(specification, "offence") if not record["borderline"]]
