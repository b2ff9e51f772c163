"""Vehicles that drive where a test wants them, seen without noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline.perception.phase import PhaseChange, PhaseLog
from pipeline.perception.track import Sighting, Track
from pipeline.rules import Candidate, Moment
from pipeline.scene import Scene

MONDAY_MORNING_S = datetime(2026, 3, 2, 0, 0, tzinfo=UTC).timestamp()
"""07:00 in Semarang."""

FRAME = {"width_px": 1000, "height_px": 800}
CAMERA = {
    "id": "test-1",
    "name": "Test",
    "agency": "test",
    "jurisdiction": "jateng",
    "place": "Nowhere",
    "latitude": -7,
    "longitude": 110,
}
ROAD = [[300, 799], [300, 1], [700, 1], [700, 799]]
UP = [[500, 700], [500, 100]]


def scene(**parts: Any) -> Scene:
    return Scene.model_validate({"name": "test", "camera": CAMERA, "frame": FRAME, **parts})


def bus_lane_scene(**reserved: Any) -> Scene:
    hours = [{"days": ["mon"], "from": "06:00", "to": "09:00"}]
    return scene(
        lanes=[{"id": "bus", "polygon": ROAD, "reserved_for": {"classes": ["bus"], "hours": hours, **reserved}}]
    )


def one_way_scene() -> Scene:
    return scene(lanes=[{"id": "up", "polygon": ROAD, "direction": UP}])


def red_light_scene() -> Scene:
    lane = {"id": "up", "polygon": ROAD, "direction": UP, "stop_line": [[300, 400], [700, 400]], "signal": "head"}
    return scene(lanes=[lane], signals=[{"id": "head", "box": [900, 10, 920, 70]}])


def journey(
    place: Callable[[float], tuple[float, float]],
    *,
    seconds: float = 6.0,
    fps: float = 10.0,
    number: int = 1,
    votes: Mapping[str, float] | None = None,
    start_s: float = MONDAY_MORNING_S,
    size: tuple[float, float] = (80.0, 60.0),
) -> Track:
    """A track whose wheels are at `place(t)`, t in seconds from the start."""
    sightings = []
    for index in range(round(seconds * fps) + 1):
        x, y = place(index / fps)
        box = (x - size[0] / 2, y - size[1], x + size[0] / 2, y)
        sightings.append(Sighting(start_s + index / fps, index, box, 0.9))
    return Track(number, tuple(sightings), dict(votes or {"car": 10.0}))


def along_x(x: float, start_y: float, speed: float) -> Callable[[float], tuple[float, float]]:
    """Straight up (negative speed) or down the picture, pixels a second."""
    return lambda t: (x, start_y + speed * t)


def cut(track: Track, count: int) -> Track:
    return Track(track.id, track.sightings[:count], track.votes)


def run(
    rule: Callable[[Moment], list[Candidate]], where: Scene, *tracks: Track, phases: PhaseLog | None = None
) -> list[Candidate]:
    """Show the journeys picture by picture; the first candidate of each track, as the camera keeps them."""
    first: dict[int, Candidate] = {}
    for index in range(max(len(track.sightings) for track in tracks)):
        seen = tuple(cut(track, index + 1) for track in tracks if len(track.sightings) > index)
        now = seen[0].last
        for candidate in rule(Moment(now.at_s, now.frame, seen, phases or PhaseLog(), where)):
            first.setdefault(candidate.track_id, candidate)
    return list(first.values())


def phases(*changes: tuple[str, float], start_s: float = MONDAY_MORNING_S) -> PhaseLog:
    """A log of the head: (state, seconds from the start)."""
    return PhaseLog(tuple(PhaseChange("head", state, start_s + at, round(at * 10)) for state, at in changes))  # type: ignore[arg-type]
