"""One actor, one offence; and the stretches of time that offences are reckoned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.evidence.offence import OffenceCode
from pipeline.scene.hours import Hours
from pipeline.scene.road import Exempt
from pipeline.stage.cast import Actor
from pipeline.stage.journey import Pose, intervals
from pipeline.stage.roadway import StageLane, StageZone

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle

Measure = float | int | str | bool | None
Stretch = tuple[float, float]
ROLLING_KMH, STANDING_KMH = 3.0, 0.5
MOTORISED = ("car", "motorcycle", "bus", "truck")


@dataclass(frozen=True)
class Fault:
    """One actor, one offence.

    Attributes:
        number: The actor's, from 1.
        offence: What.
        lane: Id of the lane, or an empty text.
        at_s: The instant, or the middle of the time that it lasts.
        since_s: Begin.
        until_s: End.
        lasting: Whether it lasts; else it is an instant.
        borderline: True, but so slight that nobody need tell it.
        measured: Numbers with their unit in the key.
    """

    number: int
    offence: OffenceCode
    lane: str
    at_s: float
    since_s: float
    until_s: float
    lasting: bool
    borderline: bool
    measured: dict[str, Measure] = field(default_factory=dict)


def lasting(
    number: int, offence: OffenceCode, place: str, span: Stretch, *, slight: bool, measured: dict[str, Measure]
) -> Fault:
    """An offence that lasts, told for its middle."""
    return Fault(
        number, offence, place, (span[0] + span[1]) / 2, *span, lasting=True, borderline=slight, measured=dict(measured)
    )


def in_lane(pose: Pose, lane: StageLane) -> bool:
    """Whether a middle is in the lane."""
    return lane.west_m <= pose.east_m <= lane.east_m


def stays(chronicle: Chronicle, number: int, lane: StageLane) -> list[Stretch]:
    """When the middle is in the lane."""
    road = chronicle.world.specification.road
    return inside(chronicle, number, (lane.west_m, lane.east_m), (road.from_m, road.to_m))


def inside(chronicle: Chronicle, number: int, across: tuple[float, float], along: tuple[float, float]) -> list[Stretch]:
    """When the middle is in a rectangle of the ground: west and east, south and north, in metres."""
    journey = chronicle.journey(number)

    def depth(at_s: float) -> float:
        pose = journey.pose(at_s)
        return min(pose.east_m - across[0], across[1] - pose.east_m, pose.north_m - along[0], along[1] - pose.north_m)

    return intervals(depth, 0.0, chronicle.end_s)


def rolling(chronicle: Chronicle, number: int) -> list[Stretch]:
    """When it moves."""
    return intervals(lambda t: chronicle.journey(number).speed_kmh(t) - ROLLING_KMH, 0.0, chronicle.end_s)


def standing(chronicle: Chronicle, number: int) -> list[Stretch]:
    """When it does not."""
    return intervals(lambda t: STANDING_KMH - chronicle.journey(number).speed_kmh(t), 0.0, chronicle.end_s)


def shown(at_s: float, seen: Sequence[Stretch]) -> bool:
    """Whether an instant lies in one of the stretches."""
    return any(a <= at_s <= b for a, b in seen)


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """The stretches that both hold."""
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if min(b, d) > max(a, c)]


def binds(chronicle: Chronicle, hours: Sequence[Hours], at_s: float) -> bool:
    """Whether a rule with these hours binds at an instant of the clip."""
    specification = chronicle.world.specification
    holidays = specification.calendar.holidays if specification.calendar else ()
    return any(part.covers(local_time(chronicle, at_s), holidays) for part in hours)


def local_time(chronicle: Chronicle, at_s: float) -> datetime:
    """An instant of the clip in the camera's time zone."""
    specification = chronicle.world.specification
    moment = specification.recorded_at + timedelta(seconds=at_s)
    return moment.astimezone(ZoneInfo(specification.timezone))


def is_exempt(actor: Actor, exempt: Exempt) -> bool:
    """Whether an actor is free of a rule, by class or by the colour of the plate."""
    return actor.kind in exempt.classes or (actor.plate is not None and actor.plate_style in exempt.plate_colours)


def in_zone(chronicle: Chronicle, number: int, zone: StageZone) -> list[Stretch]:
    """When the middle is in a zone."""
    return inside(chronicle, number, (zone.west_m, zone.east_m), (zone.from_m, zone.to_m))


def turned_degrees(chronicle: Chronicle, number: int, since_s: float, until_s: float) -> float:
    """By how much the heading changes, to the left positive; whole turns are not lost."""
    journey, total = chronicle.journey(number), 0.0
    steps = max(2, round((until_s - since_s) * 20))
    headings = [journey.pose(since_s + (until_s - since_s) * n / steps).heading for n in range(steps + 1)]
    for before, after in pairwise(headings):
        total += math.remainder(after - before, 2 * math.pi)
    return math.degrees(total)
