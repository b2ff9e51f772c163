"""What is forbidden at a signal: passing the stop line on red, standing beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.evidence.offence import OffenceCode
from pipeline.scene.road import MIN_LEGAL_YELLOW_S
from pipeline.stage.fault import Fault, Stretch, common, in_lane, lasting, shown, standing, turned_degrees
from pipeline.stage.ground import STOP_LINE_M
from pipeline.stage.journey import zeros
from pipeline.stage.roadway import StageLane
from pipeline.stage.specification import Shine

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle

BEYOND_M = 1.0
"""Standing less beyond the line need not be told; on the line itself it is none."""
SLACK_S = 0.5
TURNED_DEGREES = 45.0


def red_light(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """The front wheels pass the stop line while it is red, and the rear wheels follow."""
    line = chronicle.world.specification.road.stop_line_m
    if lane.signal is None or line is None:
        return
    grace_s = chronicle.world.specification.grace.red_s
    sign = 1.0 if lane.direction == "away" else -1.0
    head = chronicle.world.specification.signal(lane.signal)
    solid = chronicle.world.presence(number, 0.0).solid

    def beyond(axle_m: float, at_s: float) -> float:
        return sign * (chronicle.world.presence(number, at_s).pose.ahead(axle_m)[1] - line)

    def passes(axle_m: float, since_s: float) -> float | None:
        found = zeros(lambda t: beyond(axle_m, t), since_s, chronicle.end_s)
        return next((t for t in found if beyond(axle_m, t + 0.02) > beyond(axle_m, t)), None)

    front_s = passes(solid.front_axle_m, 0.0)
    if front_s is None or not shown(front_s, seen) or not in_lane(chronicle.journey(number).pose(front_s), lane):
        return
    since_s, shows = _phase(head.programme, front_s)
    if shows != "red":
        return
    rear_s = passes(solid.rear_axle_m, front_s)
    near_s = _near_passage(chronicle, number, line, front_s, rear_s)
    if lane.turn_on_red:
        side = 1.0 if lane.turn_on_red == "left" else -1.0
        if side * turned_degrees(chronicle, number, front_s, chronicle.end_s) > TURNED_DEGREES:
            return
    red_s = front_s - since_s
    yield Fault(
        number,
        OffenceCode.RED_LIGHT,
        lane.id,
        near_s,
        front_s,
        near_s,
        lasting=False,
        borderline=red_s < grace_s or rear_s is None or _short_yellow(head.programme, since_s),
        measured={
            "lane": lane.id,
            "signal": head.id,
            "red_for_s": round(red_s, 6),
            "front_wheels_at": chronicle.stamp(front_s),
            "rear_wheels_at": chronicle.stamp(rear_s) if rear_s is not None else None,
        },
    )


def _short_yellow(programme: tuple[tuple[float, Shine], ...], red_since_s: float) -> bool:
    """Whether the yellow before this red was shorter than the law asks; one that began before the clip is believed."""
    yellow = [since_s for since_s, shine in programme if shine == "yellow" and 0 < since_s < red_since_s]
    return bool(yellow) and red_since_s - yellow[-1] < MIN_LEGAL_YELLOW_S


def _near_passage(chronicle: Chronicle, number: int, line_m: float, front_s: float, rear_s: float | None) -> float:
    found = zeros(lambda t: chronicle.near(number, t)[1] - line_m, front_s - 0.5, (rear_s or front_s) + 0.5)
    return found[0] if found else front_s


def _phase(programme: tuple[tuple[float, Shine], ...], at_s: float) -> tuple[float, Shine]:
    return [(since_s, shine) for since_s, shine in programme if since_s <= at_s][-1]


def stop_line(chronicle: Chronicle, number: int, lane: StageLane, seen: list[Stretch]) -> Iterator[Fault]:
    """It stands beyond the line while it is red, and not in a waiting area of its own."""
    specification = chronicle.world.specification
    line = specification.road.stop_line_m
    if lane.signal is None or line is None:
        return
    sign = 1.0 if lane.direction == "away" else -1.0
    programme = specification.signal(lane.signal).programme
    ends = [since_s for since_s, _ in programme[1:]] + [chronicle.end_s]
    red = [(s, e) for (s, shine), e in zip(programme, ends, strict=True) if shine == "red" and s < e]
    half = chronicle.world.presence(number, 0.0).solid.length_m / 2

    def front(at_s: float) -> tuple[float, float]:
        return chronicle.world.presence(number, at_s).pose.ahead(half)

    box = specification.road.cross_road
    reach = abs((box.to_m if sign > 0 else box.from_m) - line) if box else 12.0
    grace = specification.grace
    for since_s, until_s in common(common(standing(chronicle, number), red), seen):
        east, north = front(since_s)
        over = sign * (north - line)
        if (
            not STOP_LINE_M < over < reach + 2 * half
            or not in_lane(chronicle.journey(number).pose(since_s), lane)
            or until_s - since_s < 0.4
            or any(
                zone.use == "waiting"
                and specification.actors[number - 1].kind in zone.exempt.classes
                and zone.west_m <= east <= zone.east_m
                and zone.from_m <= north <= zone.to_m
                for zone in specification.road.zones
            )
        ):
            continue
        yield lasting(
            number,
            OffenceCode.STOP_LINE,
            lane.id,
            (since_s, until_s),
            slight=over < BEYOND_M or until_s - since_s < grace.standing_s + SLACK_S,
            measured={"lane": lane.id, "beyond_line_m": round(over, 4), "stands_s": round(until_s - since_s, 6)},
        )
