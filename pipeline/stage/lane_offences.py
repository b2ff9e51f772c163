"""What is forbidden on the road between junctions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.evidence.offence import OffenceCode
from pipeline.stage.fault import (
    MOTORISED,
    ROLLING_KMH,
    Fault,
    Measure,
    Stretch,
    binds,
    common,
    in_lane,
    in_zone,
    is_exempt,
    lasting,
    rolling,
    standing,
    stays,
    turned_degrees,
)
from pipeline.stage.journey import intervals, zeros
from pipeline.stage.roadway import StageLane, StageMark, StageZone

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle

WRONG_WAY_M, WRONG_WAY_S = 5.0, 1.0
BUS_LANE_S = 1.5
CLOSED_S = 1.5
CROSSED_M = 0.6
"""How far beyond a solid line the middle must come, that it need be told."""
TURNED_BACK_DEGREES = 150.0
STOPPED_SLACK_S = 1.0
SPEED_SLACK_KMH = 2.0
"""So near to what is granted, a judge that is unsure may stay silent."""


def wrong_way(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It moves against the lane's direction, with its middle in the lane."""
    if lane.direction == "both":
        return
    sign = 1.0 if lane.direction == "away" else -1.0
    journey = chronicle.journey(number)
    against = intervals(lambda t: -sign * journey.velocity_m_s(t)[1] - ROLLING_KMH / 3.6, 0.0, chronicle.end_s)
    for since_s, until_s in common(common(against, stays(chronicle, number, lane)), seen):
        moved = abs(journey.pose(until_s).north_m - journey.pose(since_s).north_m)
        aside = abs(journey.pose(until_s).east_m - journey.pose(since_s).east_m)
        if moved < 1.0 or aside > moved:
            continue
        if abs(turned_degrees(chronicle, number, max(0.0, since_s - 3.0), until_s)) > 60.0:
            # Who turns back through the lane is a case for `u_turn`.
            continue
        slight = moved < WRONG_WAY_M or until_s - since_s < WRONG_WAY_S
        measured: dict[str, Measure] = {"lane": lane.id, "against_m": round(moved, 4)}
        yield lasting(number, OffenceCode.WRONG_WAY, lane.id, (since_s, until_s), slight=slight, measured=measured)


def bus_lane(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It drives in a reserved lane at a reserved hour, and is of no permitted class."""
    actor = chronicle.world.specification.actors[number - 1]
    reserved = lane.reserved_for
    if reserved is None or actor.kind not in MOTORISED or actor.kind in reserved.classes:
        return
    for since_s, until_s in common(common(rolling(chronicle, number), stays(chronicle, number, lane)), seen):
        if until_s - since_s < 0.3 or not binds(chronicle, reserved.hours, (since_s + until_s) / 2):
            continue
        measured: dict[str, Measure] = {"lane": lane.id, "stay_s": round(until_s - since_s, 6)}
        slight = until_s - since_s < BUS_LANE_S
        yield lasting(number, OffenceCode.BUS_LANE, lane.id, (since_s, until_s), slight=slight, measured=measured)


def speed(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It is faster than the lane's limit."""
    specification = chronicle.world.specification
    limit = lane.speed_limit_kmh
    if limit is None or specification.actors[number - 1].kind == "bicycle":
        return
    journey = chronicle.journey(number)
    fast = intervals(lambda t: journey.speed_kmh(t) - limit, 0.0, chronicle.end_s)
    for since_s, until_s in common(common(fast, stays(chronicle, number, lane)), seen):
        steps = [since_s + (until_s - since_s) * n / 50 for n in range(51)]
        top = max(journey.speed_kmh(t) for t in steps)
        margin = max(specification.grace.speed_kmh, specification.grace.speed_share * top)
        measured: dict[str, Measure] = {"lane": lane.id, "limit_kmh": limit, "highest_speed_kmh": round(top, 4)}
        slight = top < limit + margin + SPEED_SLACK_KMH
        yield lasting(number, OffenceCode.SPEED, lane.id, (since_s, until_s), slight=slight, measured=measured)


def lane_closed(chronicle: Chronicle, number: int, zone: StageZone, seen: list[Stretch]) -> Iterator[Fault]:
    """It drives where nobody may."""
    actor = chronicle.world.specification.actors[number - 1]
    if zone.use != "lane_closed" or actor.kind not in MOTORISED or is_exempt(actor, zone.exempt):
        return
    for since_s, until_s in common(common(rolling(chronicle, number), in_zone(chronicle, number, zone)), seen):
        if until_s - since_s < 0.3 or not binds(chronicle, zone.hours, (since_s + until_s) / 2):
            continue
        measured: dict[str, Measure] = {"zone": zone.id, "stay_s": round(until_s - since_s, 6)}
        slight = until_s - since_s < CLOSED_S
        yield lasting(number, OffenceCode.LANE_CLOSED, zone.id, (since_s, until_s), slight=slight, measured=measured)


def no_stopping(chronicle: Chronicle, number: int, zone: StageZone, seen: list[Stretch]) -> Iterator[Fault]:
    """It stands where nobody may, for longer than is granted, and not in the queue before a signal."""
    specification = chronicle.world.specification
    actor = specification.actors[number - 1]
    if zone.use != "no_stopping" or actor.kind not in MOTORISED or is_exempt(actor, zone.exempt):
        return
    granted_s = specification.grace.stopping_s
    for since_s, until_s in common(common(standing(chronicle, number), in_zone(chronicle, number, zone)), seen):
        if until_s - since_s < granted_s or not binds(chronicle, zone.hours, until_s):
            continue
        if any(
            lane.signal and in_lane(chronicle.journey(number).pose(since_s), lane) for lane in specification.road.lanes
        ):
            continue
        measured: dict[str, Measure] = {"zone": zone.id, "stands_s": round(until_s - since_s, 6)}
        slight = until_s - since_s < granted_s + STOPPED_SLACK_S
        yield lasting(number, OffenceCode.NO_STOPPING, zone.id, (since_s, until_s), slight=slight, measured=measured)


def line_crossed(chronicle: Chronicle, number: int, mark: StageMark, seen: list[Stretch]) -> Iterator[Fault]:
    """Its middle crosses a solid line; wheels on it alone are slight."""
    journey = chronicle.journey(number)
    actor = chronicle.world.specification.actors[number - 1]
    if actor.kind not in MOTORISED:
        return
    half = chronicle.world.presence(number, 0.0).solid.width_m / 2

    def aside(at_s: float) -> float:
        return journey.pose(at_s).east_m - mark.east_m

    def along(at_s: float) -> bool:
        return mark.from_m <= journey.pose(at_s).north_m <= mark.to_m

    crossed = False
    for at_s in zeros(aside, 0.0, chronicle.end_s):
        to_left = aside(at_s + 0.02) < aside(at_s - 0.02)
        if not along(at_s) or not any(a <= at_s <= b for a, b in seen):
            continue
        crossed = True
        if mark.forbidden == ("to_right" if to_left else "to_left"):
            continue
        since_s, until_s = max(0.0, at_s - 1.0), min(chronicle.end_s, at_s + 1.0)
        over = max(abs(aside(at_s + step / 20)) for step in range(1, 31) if at_s + step / 20 <= chronicle.end_s + 0.1)
        measured: dict[str, Measure] = {"solid_line": mark.id, "beyond_m": round(over, 4)}
        yield Fault(
            number,
            OffenceCode.LINE_CROSSED,
            mark.id,
            at_s,
            since_s,
            until_s,
            lasting=True,
            borderline=over < CROSSED_M,
            measured=measured,
        )
    if crossed:
        return
    touches = intervals(lambda t: half - 0.05 - abs(aside(t)), 0.0, chronicle.end_s)
    for since_s, until_s in common(touches, seen):
        if until_s - since_s > 0.2 and along((since_s + until_s) / 2):
            yield lasting(
                number,
                OffenceCode.LINE_CROSSED,
                mark.id,
                (since_s, until_s),
                slight=True,
                measured={"solid_line": mark.id, "beyond_m": 0.0},
            )


def u_turn(chronicle: Chronicle, number: int, zone: StageZone, seen: list[Stretch]) -> Iterator[Fault]:
    """It turns back where nobody may."""
    actor = chronicle.world.specification.actors[number - 1]
    if zone.use != "no_u_turn" or actor.kind not in MOTORISED or is_exempt(actor, zone.exempt):
        return
    for since_s, until_s in common(in_zone(chronicle, number, zone), seen):
        before, after = max(0.0, since_s - 2.0), min(chronicle.end_s, until_s + 2.0)
        total = turned_degrees(chronicle, number, before, after)
        if abs(total) < TURNED_BACK_DEGREES or not binds(chronicle, zone.hours, since_s):
            continue
        measured: dict[str, Measure] = {"zone": zone.id, "turned_degrees": round(abs(total), 2)}
        yield lasting(number, OffenceCode.U_TURN, zone.id, (before, after), slight=False, measured=measured)
        return
