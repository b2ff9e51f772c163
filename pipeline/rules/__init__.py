"""What is forbidden, one file an offence: a `Moment` in, `Candidate`s out. Pure: no picture, no clock, no file.

Each rule is asked in every picture about the tracks that are seen in it, and once more, in a closing moment, about
tracks that are over, with all that is known by then (plates, riders, the settled phases): that is the last word.

To add a rule: write a function `Moment -> list[Candidate]` in a module of its own, name the article and every
condition in its docstring, add it to `RULES`, and say in `DECLARED` which scenes ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.bus_lane import bus_lane, may_use
from pipeline.rules.cabin import phone, seat_belt
from pipeline.rules.candidate import Candidate
from pipeline.rules.doubts import is_grave, plate_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.lane_closed import lane_closed
from pipeline.rules.line_crossed import line_crossed
from pipeline.rules.moment import Moment
from pipeline.rules.no_helmet import no_helmet
from pipeline.rules.no_plate import no_plate
from pipeline.rules.no_stopping import no_stopping
from pipeline.rules.odd_even import odd_even
from pipeline.rules.pillion import pillion
from pipeline.rules.plate_expired import plate_expired
from pipeline.rules.red_light import red_light
from pipeline.rules.speed import speed
from pipeline.rules.stop_line import stop_line
from pipeline.rules.u_turn import u_turn
from pipeline.rules.wrong_way import wrong_way
from pipeline.scene import Scene
from pipeline.scene.road import Exempt

Rule = Callable[[Moment], list[Candidate]]

RULES: Mapping[OffenceCode, Rule] = {
    OffenceCode.RED_LIGHT: red_light,
    OffenceCode.STOP_LINE: stop_line,
    OffenceCode.WRONG_WAY: wrong_way,
    OffenceCode.SPEED: speed,
    OffenceCode.BUS_LANE: bus_lane,
    OffenceCode.LANE_CLOSED: lane_closed,
    OffenceCode.NO_STOPPING: no_stopping,
    OffenceCode.LINE_CROSSED: line_crossed,
    OffenceCode.U_TURN: u_turn,
    OffenceCode.ODD_EVEN: odd_even,
    OffenceCode.PLATE_EXPIRED: plate_expired,
    OffenceCode.NO_PLATE: no_plate,
    OffenceCode.NO_HELMET: no_helmet,
    OffenceCode.PILLION: pillion,
    OffenceCode.SEAT_BELT: seat_belt,
    OffenceCode.PHONE: phone,
}
NEED_PLATES = frozenset({OffenceCode.ODD_EVEN, OffenceCode.PLATE_EXPIRED, OffenceCode.NO_PLATE})
"""Offences for which the plate of every vehicle is read, not only that of offenders."""
NEED_RIDERS = frozenset({OffenceCode.NO_HELMET, OffenceCode.PILLION})
INSTANTS = frozenset({OffenceCode.RED_LIGHT, OffenceCode.LINE_CROSSED, OffenceCode.U_TURN, OffenceCode.SPEED})
"""Offences that the whole way tells best: the closing moment may take them back."""
DECLARED: Mapping[OffenceCode, Callable[[Scene], bool]] = {
    OffenceCode.RED_LIGHT: lambda scene: any(lane.signal for lane in scene.lanes),
    OffenceCode.STOP_LINE: lambda scene: any(lane.signal for lane in scene.lanes),
    OffenceCode.WRONG_WAY: lambda scene: any(lane.direction for lane in scene.lanes),
    OffenceCode.SPEED: lambda scene: bool(scene.speed_limits),
    OffenceCode.BUS_LANE: lambda scene: any(lane.reserved_for for lane in scene.lanes),
    OffenceCode.LANE_CLOSED: lambda scene: _has_zone(scene, "lane_closed"),
    OffenceCode.NO_STOPPING: lambda scene: _has_zone(scene, "no_stopping"),
    OffenceCode.LINE_CROSSED: lambda scene: bool(scene.solid_lines),
    OffenceCode.U_TURN: lambda scene: _has_zone(scene, "no_u_turn"),
    OffenceCode.ODD_EVEN: lambda scene: _has_zone(scene, "odd_even"),
    OffenceCode.PLATE_EXPIRED: lambda scene: "plate_expired" in scene.checks,
    OffenceCode.NO_PLATE: lambda scene: "no_plate" in scene.checks,
    OffenceCode.NO_HELMET: lambda scene: "no_helmet" in scene.checks,
    OffenceCode.PILLION: lambda scene: "pillion" in scene.checks,
    OffenceCode.SEAT_BELT: lambda scene: "seat_belt" in scene.experimental,
    OffenceCode.PHONE: lambda scene: "phone" in scene.experimental,
}


def _has_zone(scene: Scene, use: str) -> bool:
    return any(zone.use == use for zone in scene.zones)


def declared(scene: Scene) -> tuple[OffenceCode, ...]:
    """The offences that a scene asks for, by what it says."""
    return tuple(code for code in RULES if DECLARED[code](scene))


def judge(moment: Moment) -> list[Candidate]:
    """All candidates of all rules at one picture."""
    return [candidate for rule in RULES.values() for candidate in rule(moment)]


def reconsider(candidate: Candidate, closing: Moment) -> Candidate | None:
    """The last word on a candidate, when the vehicle has passed and its plate was read.

    An instant (passing a line on red) is judged anew from the whole way and the settled phases; an offence that lasts
    stays, unless the vehicle turned out to be exempt. A plate of a registered priority vehicle is a grave doubt.

    Args:
        candidate: As it was offered.
        closing: A moment with `closing` set that holds the candidate's track, and its plate if that was read.

    Returns:
        The candidate as it is to be told, or None when it does not stand.
    """
    track = next((track for track in closing.tracks if track.id == candidate.track_id), None)
    if track is None:
        return None
    stands_now: Candidate | None = candidate
    if candidate.offence in INSTANTS:
        again = RULES[candidate.offence](replace(closing, tracks=(track,)))
        own = [other for other in again if other.lane == candidate.lane]
        stands_now = _with_earlier_doubts(own[0], candidate) if own else None
    elif not stands(candidate, track, closing.scene) or is_exempt(_exempt(candidate, closing.scene), track, closing):
        return None
    if stands_now is None:
        return None
    more = [
        *plate_doubts(closing, track.id),
        *exempt_doubts(_exempt(candidate, closing.scene), track, closing),
    ]
    new = tuple(doubt for doubt in more if doubt not in stands_now.doubts)
    return replace(stands_now, doubts=(*stands_now.doubts, *new))


def _with_earlier_doubts(again: Candidate, before: Candidate) -> Candidate:
    """What only the picture itself could tell (others beside it, people on the road) is not forgotten."""
    alone = [doubt for doubt in before.doubts if "another vehicle" in doubt or "a person stands" in doubt]
    return replace(again, doubts=(*again.doubts, *(doubt for doubt in alone if doubt not in again.doubts)))


def _exempt(candidate: Candidate, scene: Scene) -> Exempt:
    exempt = {zone.id: zone.exempt for zone in scene.zones} | {line.id: line.exempt for line in scene.solid_lines}
    return exempt.get(candidate.lane, Exempt())


def stands(candidate: Candidate, track: Track, scene: Scene) -> bool:
    """Whether a candidate still holds when the vehicle has passed: seen closer, it may be a bus after all.

    Args:
        candidate: As it was offered.
        track: The whole track.
        scene: What is allowed.
    """
    if candidate.offence is OffenceCode.BUS_LANE:
        lane = next(lane for lane in scene.lanes if lane.id == candidate.lane)
        return lane.reserved_for is not None and not may_use(track, lane.reserved_for)
    return True


__all__ = [
    "DECLARED",
    "INSTANTS",
    "NEED_PLATES",
    "NEED_RIDERS",
    "RULES",
    "Candidate",
    "Moment",
    "Rule",
    "declared",
    "is_grave",
    "judge",
    "reconsider",
    "stands",
]
