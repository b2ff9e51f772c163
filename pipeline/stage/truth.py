"""What happens on the stage, told from the journeys alone: offences, passages, phases, places and speeds.

The keys are those of `tertib observe --verbose`, so that both can be laid side by side; what an observer cannot know is
added. Instants are those of the wheels nearest to the camera, as an observer sees them, and stand beside those of the
front wheels, by which the law asks. Offences that are true but so slight that nobody need tell them are `borderline`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.scene.geometry import side
from pipeline.stage.clip import TICKS, clock_s
from pipeline.stage.fault import Fault
from pipeline.stage.journey import Journey, zeros
from pipeline.stage.lens import Lens, sway_px
from pipeline.stage.offences import faults
from pipeline.stage.specification import Actor, StageLine
from pipeline.stage.world import Box, Presence, World, box_of, head_boxes, machine_box

Record = dict[str, Any]
EDGE_S = 0.8
"""The lower edge of a box passes so long before or after the wheels, at most."""


@dataclass(frozen=True)
class Chronicle:
    """Tells what happened.

    Attributes:
        world: Who was where.
        lens: Of the pictures, not of a larger canvas.
        ticks: Capture times of the pictures.
    """

    world: World
    lens: Lens
    ticks: list[int]

    def records(self) -> list[Record]:
        """All lines of truth but the head: what happens, then all places."""
        return [*self.events(), *self.positions()]

    def events(self) -> list[Record]:
        """Phases, passages and offences in order of time."""
        told = [*self._phases(), *self._crossings(), *self._offences()]
        return sorted(told, key=lambda record: str(record["time"]))

    def stamp(self, at_s: float) -> str:
        """Seconds of the clip as ISO 8601 UTC with microseconds, by the camera's clock."""
        since_s = clock_s(self.world.specification, at_s)
        moment: datetime = self.world.specification.recorded_at + timedelta(microseconds=round(since_s * 1e6))
        return _utc(moment)

    def frame_at(self, at_s: float) -> int:
        """The first picture taken at or after an instant; the last when there is none."""
        return next((n for n, tick in enumerate(self.ticks) if tick / TICKS >= at_s - 1e-9), len(self.ticks) - 1)

    @property
    def end_s(self) -> float:
        """When the last picture is taken."""
        return self.ticks[-1] / TICKS

    def _phases(self) -> Iterator[Record]:
        for head in self.world.specification.signals:
            for at_s, shine in head.programme:
                if at_s <= self.end_s:
                    yield {
                        "kind": "phase",
                        "signal": head.id,
                        "state": "unknown" if shine == "off" else shine,
                        "frame": self.frame_at(at_s),
                        "time": self.stamp(at_s),
                    }

    def _crossings(self) -> Iterator[Record]:
        for number, actor in enumerate(self.world.specification.actors, 1):
            if actor.kind != "person":
                for line in self.world.specification.count_lines:
                    yield from self._passages(number, actor, line)

    def _passages(self, number: int, actor: Actor, line: StageLine) -> Iterator[Record]:
        for at_s in zeros(lambda at_s: self.near(number, at_s)[1] - line.north_m, 0.0, self.end_s):
            presence = self.world.presence(number, at_s)
            if not line.west_m <= self.near(number, at_s)[0] <= line.east_m or not self._box(presence):
                continue
            north = self.world.journeys[actor.id].velocity_m_s(at_s)[1]
            yield {
                "kind": "crossing",
                "line": line.id,
                "toward": "away" if north > 0 else "toward",
                "class": actor.kind,
                "frame": self.frame_at(at_s),
                "time": self.stamp(at_s),
                "track": number,
                "actor": actor.id,
                "box": self._box(presence),
                "speed_kmh": round(self.world.journeys[actor.id].speed_kmh(at_s), 4),
                "lower_edge_at": None
                if (edge_s := self._edge_passage(number, line, at_s)) is None
                else self.stamp(edge_s),
            }

    def _edge_passage(self, number: int, line: StageLine, wheels_s: float) -> float | None:
        """When the middle of the box's lower edge passes a line in a still picture, near the wheels' passage.

        It is not the wheels: a bumper hangs over before them, and hides some road.
        """
        ends = [self.lens.pixel(east, line.north_m) for east in (line.west_m, line.east_m)]
        if ends[0] is None or ends[1] is None:
            return None
        start, end = ends[0], ends[1]

        def beyond(at_s: float) -> float:
            box = box_of(self.world.presence(number, at_s), self.lens)
            return side(((box[0] + box[2]) / 2, box[3]), start, end) if box else 0.0

        found = zeros(beyond, max(0.0, wheels_s - EDGE_S), min(self.end_s, wheels_s + EDGE_S), step_s=0.05)
        return min(found, key=lambda at_s: abs(at_s - wheels_s), default=None)

    def near(self, number: int, at_s: float) -> tuple[float, float]:
        """East and north of the middle between the wheels of the axle nearest to the camera."""
        presence = self.world.presence(number, at_s)
        ends = [presence.pose.ahead(m) for m in (presence.solid.front_axle_m, presence.solid.rear_axle_m)]
        east, north = self.lens.place[:2]
        return min(ends, key=lambda end: (end[0] - east) ** 2 + (end[1] - north) ** 2)

    def _offences(self) -> Iterator[Record]:
        for number in range(1, len(self.world.specification.actors) + 1):
            yield from (self._told(fault) for fault in faults(self, number))

    def _told(self, fault: Fault) -> Record:
        actor = self.world.specification.actors[fault.number - 1]
        presence = self.world.presence(fault.number, fault.at_s)
        span = {"since": self.stamp(fault.since_s), "until": self.stamp(fault.until_s)} if fault.lasting else {}
        return {
            "kind": "offence",
            "offence": fault.offence.value,
            "frame": self.frame_at(fault.at_s),
            "time": self.stamp(fault.at_s),
            **span,
            "track": fault.number,
            "actor": actor.id,
            "class": actor.kind,
            "lane": fault.lane,
            "box": self._box(presence),
            "plate": {
                "text": normal_plate(actor.plate),
                "confidence": 1.0,
                "abstained": actor.plate is None,
                "expiry": actor.expiry if actor.plate else None,
            },
            "measured": {**fault.measured, "speed_kmh": round(self.journey(fault.number).speed_kmh(fault.at_s), 4)},
            "doubts": [],
            "borderline": fault.borderline,
        }

    def journey(self, number: int) -> Journey:
        """The way of an actor, by number."""
        return self.world.journeys[self.world.specification.actors[number - 1].id]

    def visible(self, number: int, *, least_px: float = 14.0) -> list[tuple[float, float]]:
        """Stretches of time in which at least so much of an actor is in the picture, to a twentieth of a second."""

        def shows(at_s: float) -> float:
            box = box_of(self.world.presence(number, at_s), self.lens)
            return -1.0 if box is None else min(box[2] - box[0], box[3] - box[1]) - least_px

        steps = max(2, round(self.end_s * 20))
        times = [self.end_s * step / steps for step in range(steps + 1)]
        found: list[tuple[float, float]] = []
        for at_s in times:
            if shows(at_s) < 0:
                continue
            if found and at_s - found[-1][1] <= self.end_s / steps + 1e-9:
                found[-1] = (found[-1][0], at_s)
            else:
                found.append((at_s, at_s))
        return [(a, b) for a, b in found if b > a]

    def positions(self) -> Iterator[Record]:
        """Everybody in every picture: box, place, heading and speed."""
        for frame, tick in enumerate(self.ticks):
            at_s = tick / TICKS
            present = self.world.at(at_s)
            sway = sway_px(self.world.specification.camera, at_s)
            boxes = [_swayed(box_of(presence, self.lens), sway) for presence in present]
            for presence, box in zip(present, boxes, strict=True):
                if box is None:
                    continue
                nearer = [
                    other
                    for presence2, other in zip(present, boxes, strict=True)
                    if other and presence2 is not presence and self._distance(presence2) < self._distance(presence)
                ]
                heads = [(_swayed(box, sway) or box, worn) for box, worn in head_boxes(presence, self.lens)]
                journey = self.world.journeys[presence.actor.id]
                yield {
                    "kind": "position",
                    "frame": frame,
                    "time": self.stamp(at_s),
                    "track": presence.number,
                    "actor": presence.actor.id,
                    "class": presence.actor.kind,
                    "box": _rounded(box),
                    "east_m": round(presence.pose.east_m, 4),
                    "north_m": round(presence.pose.north_m, 4),
                    "heading_degrees": round(presence.pose.heading * 57.29577951308232, 3),
                    "speed_kmh": round(journey.speed_kmh(at_s), 4),
                    "hidden_share": round(_covered(box, nearer), 3),
                    **(
                        {"machine_box": _rounded(machine)}
                        if (machine := _swayed(machine_box(presence, self.lens), sway))
                        else {}
                    ),
                    **({"heads": [{"box": _rounded(b), "helmet": worn} for b, worn in heads]} if heads else {}),
                }

    def _distance(self, presence: Presence) -> float:
        east, north = self.lens.place[:2]
        return float((presence.pose.east_m - east) ** 2 + (presence.pose.north_m - north) ** 2)

    def _box(self, presence: Presence) -> list[float] | None:
        box = box_of(presence, self.lens)
        return _rounded(box) if box else None


def normal_plate(text: str | None) -> str | None:
    """A plate's text without spaces, as readers give it."""
    return None if text is None else "".join(part for part in text.upper() if part.isalnum())


def _covered(box: Box, nearer: list[Box]) -> float:
    """Largest share of a box that one of the nearer boxes lies over."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    shares = [
        max(0.0, min(box[2], o[2]) - max(box[0], o[0])) * max(0.0, min(box[3], o[3]) - max(box[1], o[1])) / area
        for o in nearer
    ]
    return max(shares, default=0.0)


def _swayed(box: Box | None, sway: tuple[float, float]) -> Box | None:
    """A box in a picture that the wind has moved."""
    if box is None or sway == (0.0, 0.0):
        return box
    across, down = sway
    return box[0] + across, box[1] + down, box[2] + across, box[3] + down


def _rounded(box: Box) -> list[float]:
    return [round(value, 2) for value in box]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
