"""Which offences are true on the stage: by the wheels on the ground, not by what a camera makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from pipeline.evidence.offence import OffenceCode
from pipeline.stage.journey import intervals, zeros
from pipeline.stage.specification import Actor, Shine, StageLane

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle

Measure = float | int | str | bool | None
Stretch = tuple[float, float]

MOTORISED = ("car", "motorcycle", "bus", "truck")
GRACE_S = 0.5
"""Red for less is an offence that need not be told."""
ROLLING_KMH = 3.0
WRONG_WAY_M, WRONG_WAY_S = 5.0, 1.0
BUS_LANE_S = 1.5
STANDING_KMH, STANDING_S, BEYOND_M = 0.5, 1.0, 0.6
SPEED_MARGIN_KMH, SPEED_MARGIN_SHARE = 3.0, 0.03
LEGIBLE_RIDER_PX = 60.0


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


def faults(chronicle: Chronicle, number: int) -> Iterator[Fault]:
    """All offences of one actor that happen in the picture."""
    specification = chronicle.world.specification
    actor = specification.actors[number - 1]
    if actor.kind == "person":
        return
    seen = chronicle.visible(number)
    for lane in specification.road.lanes:
        yield from _red_light(chronicle, number, lane, seen)
        yield from _stop_line(chronicle, number, lane, seen)
        yield from _wrong_way(chronicle, number, lane, seen)
        yield from _bus_lane(chronicle, number, lane, seen)
        yield from _speed(chronicle, number, lane, seen)
    yield from _riders(chronicle, number, actor)


def _red_light(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """The front wheels pass the stop line while it is red, and the rear wheels follow."""
    line = chronicle.world.specification.road.stop_line_m
    if lane.signal is None or line is None:
        return
    sign = 1.0 if lane.direction == "away" else -1.0
    head = chronicle.world.specification.signal(lane.signal)
    solid = chronicle.world.presence(number, 0.0).solid

    def beyond(axle_m: float, at_s: float) -> float:
        return sign * (chronicle.world.presence(number, at_s).pose.ahead(axle_m)[1] - line)

    def passes(axle_m: float, since_s: float) -> float | None:
        found = zeros(lambda t: beyond(axle_m, t), since_s, chronicle.end_s)
        return next((t for t in found if beyond(axle_m, t + 0.02) > beyond(axle_m, t)), None)

    front_s = passes(solid.front_axle_m, 0.0)
    if front_s is None or not _shown(front_s, seen) or not _in_lane(chronicle, number, lane, front_s):
        return
    since_s, shows = _phase(head.programme, front_s)
    if shows != "red":
        return
    rear_s = passes(solid.rear_axle_m, front_s)
    near_s = _near_passage(chronicle, number, line, front_s, rear_s)
    red_s = front_s - since_s
    yield Fault(
        number,
        OffenceCode.RED_LIGHT,
        lane.id,
        near_s,
        front_s,
        near_s,
        lasting=False,
        borderline=red_s < GRACE_S or rear_s is None,
        measured={
            "lane": lane.id,
            "signal": head.id,
            "red_for_s": round(red_s, 6),
            "front_wheels_at": chronicle.stamp(front_s),
            "rear_wheels_at": chronicle.stamp(rear_s) if rear_s is not None else None,
        },
    )


def _near_passage(chronicle: Chronicle, number: int, line_m: float, front_s: float, rear_s: float | None) -> float:
    found = zeros(lambda t: chronicle.near(number, t)[1] - line_m, front_s - 0.5, (rear_s or front_s) + 0.5)
    return found[0] if found else front_s


def _phase(programme: tuple[tuple[float, Shine], ...], at_s: float) -> tuple[float, Shine]:
    return [(since_s, shine) for since_s, shine in programme if since_s <= at_s][-1]


def _stop_line(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It stands beyond the line, or astride it, while it is red."""
    line = chronicle.world.specification.road.stop_line_m
    if lane.signal is None or line is None:
        return
    sign = 1.0 if lane.direction == "away" else -1.0
    programme = chronicle.world.specification.signal(lane.signal).programme
    ends = [since_s for since_s, _ in programme[1:]] + [chronicle.end_s]
    red = [(s, e) for (s, shine), e in zip(programme, ends, strict=True) if shine == "red" and s < e]
    half = chronicle.world.presence(number, 0.0).solid.length_m / 2

    def beyond(at_s: float) -> float:
        return sign * (chronicle.world.presence(number, at_s).pose.ahead(half)[1] - line)

    box_end = chronicle.world.specification.road.cross_road
    reach = abs((box_end.to_m if sign > 0 else box_end.from_m) - line) if box_end else 12.0
    still = intervals(lambda t: STANDING_KMH - chronicle.journey(number).speed_kmh(t), 0.0, chronicle.end_s)
    for since_s, until_s in _common(_common(still, red), seen):
        over = beyond(since_s)
        if (
            not 0.15 < over < reach + 2 * half
            or not _in_lane(chronicle, number, lane, since_s)
            or until_s - since_s < 0.4
        ):
            continue
        yield Fault(
            number,
            OffenceCode.STOP_LINE,
            lane.id,
            (since_s + until_s) / 2,
            since_s,
            until_s,
            lasting=True,
            borderline=over < BEYOND_M or until_s - since_s < STANDING_S,
            measured={"lane": lane.id, "beyond_line_m": round(over, 4), "stands_s": round(until_s - since_s, 6)},
        )


def _wrong_way(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It moves against the lane's direction, with its middle in the lane."""
    if lane.direction == "both":
        return
    sign = 1.0 if lane.direction == "away" else -1.0
    journey = chronicle.journey(number)
    against = intervals(lambda t: -sign * journey.velocity_m_s(t)[1] - ROLLING_KMH / 3.6, 0.0, chronicle.end_s)
    for since_s, until_s in _common(_common(against, _stays(chronicle, number, lane)), seen):
        moved = abs(journey.pose(until_s).north_m - journey.pose(since_s).north_m)
        aside = abs(journey.pose(until_s).east_m - journey.pose(since_s).east_m)
        if moved < 1.0 or aside > moved:
            continue
        slight = moved < WRONG_WAY_M or until_s - since_s < WRONG_WAY_S
        measured: dict[str, Measure] = {"lane": lane.id, "against_m": round(moved, 4)}
        yield _while(number, OffenceCode.WRONG_WAY, lane.id, (since_s, until_s), slight, measured)


def _bus_lane(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It drives in a reserved lane at a reserved hour, and is of no permitted class."""
    specification = chronicle.world.specification
    actor = specification.actors[number - 1]
    reserved = lane.reserved_for
    if reserved is None or actor.kind not in MOTORISED or actor.kind in reserved.classes:
        return
    zone = ZoneInfo(specification.timezone)
    local: datetime = specification.recorded_at.astimezone(zone)
    journey = chronicle.journey(number)
    rolling = intervals(lambda t: journey.speed_kmh(t) - ROLLING_KMH, 0.0, chronicle.end_s)
    for since_s, until_s in _common(_common(rolling, _stays(chronicle, number, lane)), seen):
        middle = local + timedelta(seconds=(since_s + until_s) / 2)
        if until_s - since_s < 0.3 or not any(hours.covers(middle) for hours in reserved.hours):
            continue
        measured: dict[str, Measure] = {"lane": lane.id, "stay_s": round(until_s - since_s, 6)}
        yield _while(
            number, OffenceCode.BUS_LANE, lane.id, (since_s, until_s), until_s - since_s < BUS_LANE_S, measured
        )


def _speed(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It is faster than the lane's limit."""
    limit = lane.speed_limit_kmh
    if limit is None or chronicle.world.specification.actors[number - 1].kind == "bicycle":
        return
    journey = chronicle.journey(number)
    fast = intervals(lambda t: journey.speed_kmh(t) - limit, 0.0, chronicle.end_s)
    for since_s, until_s in _common(_common(fast, _stays(chronicle, number, lane)), seen):
        steps = [since_s + (until_s - since_s) * n / 50 for n in range(51)]
        top = max(journey.speed_kmh(t) for t in steps)
        margin = max(SPEED_MARGIN_KMH, SPEED_MARGIN_SHARE * top)
        measured: dict[str, Measure] = {"lane": lane.id, "limit_kmh": limit, "highest_speed_kmh": round(top, 4)}
        yield _while(number, OffenceCode.SPEED, lane.id, (since_s, until_s), top < limit + margin, measured)


def _riders(chronicle: Chronicle, number: int, actor: Actor) -> Iterator[Fault]:
    """Riders of motorcycles: bare heads, and more than two of them."""
    if actor.kind != "motorcycle":
        return
    near = chronicle.visible(number, least_px=LEGIBLE_RIDER_PX * 0.5)
    seen = near or chronicle.visible(number)
    bare = sum(not rider.helmet for rider in actor.riders)
    found = [(OffenceCode.NO_HELMET, bare > 0), (OffenceCode.PILLION, len(actor.riders) > 2)]
    measured: dict[str, Measure] = {"riders": len(actor.riders), "bare_heads": bare}
    for offence, is_true in found:
        if is_true and seen:
            yield _while(number, offence, "", (seen[0][0], seen[-1][1]), not near, measured)


def _while(
    number: int, offence: OffenceCode, lane: str, span: Stretch, slight: bool, measured: dict[str, Measure]
) -> Fault:
    return Fault(
        number, offence, lane, (span[0] + span[1]) / 2, *span, lasting=True, borderline=slight, measured=dict(measured)
    )


def _stays(chronicle: Chronicle, number: int, lane: StageLane) -> list[Stretch]:
    """When the middle is in the lane."""
    road, journey = chronicle.world.specification.road, chronicle.journey(number)

    def inside(at_s: float) -> float:
        pose = journey.pose(at_s)
        return min(
            pose.east_m - lane.west_m,
            lane.east_m - pose.east_m,
            pose.north_m - road.from_m,
            road.to_m - pose.north_m,
        )

    return intervals(inside, 0.0, chronicle.end_s)


def _in_lane(chronicle: Chronicle, number: int, lane: StageLane, at_s: float) -> bool:
    return lane.west_m <= chronicle.journey(number).pose(at_s).east_m <= lane.east_m


def _shown(at_s: float, seen: list[Stretch]) -> bool:
    return any(a <= at_s <= b for a, b in seen)


def _common(one: list[Stretch], other: list[Stretch]) -> list[Stretch]:
    return [(max(a, c), min(b, d)) for a, b in one for c, d in other if min(b, d) > max(a, c)]
