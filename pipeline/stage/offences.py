"""Which offences are true on the stage: by the wheels on the ground, not by what a camera makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.stage.fault import Fault, Stretch, shown
from pipeline.stage.lane_offences import bus_lane, lane_closed, line_crossed, no_stopping, speed, u_turn, wrong_way
from pipeline.stage.signal_offences import red_light, stop_line
from pipeline.stage.vehicle_offences import odd_even, plates, riders

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle


def faults(chronicle: Chronicle, number: int) -> Iterator[Fault]:
    """All offences of one actor that happen in the picture.

    Registered priority vehicles commit none; while police direct the traffic, signs and signals do not bind.
    """
    specification = chronicle.world.specification
    actor = specification.actors[number - 1]
    if actor.kind == "person" or _has_priority(actor.plate, specification.priority_plates):
        return
    seen = chronicle.visible(number)
    yield from (fault for fault in _by_signs(chronicle, number, seen) if not shown(fault.at_s, specification.directed))
    for lane in specification.road.lanes:
        yield from speed(chronicle, number, lane, seen)
    yield from riders(chronicle, number)
    yield from plates(chronicle, number)


def _by_signs(chronicle: Chronicle, number: int, seen: list[Stretch]) -> Iterator[Fault]:
    """What signs, signals and markings forbid."""
    road = chronicle.world.specification.road
    for lane in road.lanes:
        yield from red_light(chronicle, number, lane, seen)
        yield from stop_line(chronicle, number, lane, seen)
        yield from wrong_way(chronicle, number, lane, seen)
        yield from bus_lane(chronicle, number, lane, seen)
    for zone in road.zones:
        yield from lane_closed(chronicle, number, zone, seen)
        yield from no_stopping(chronicle, number, zone, seen)
        yield from u_turn(chronicle, number, zone, seen)
        yield from odd_even(chronicle, number, zone, seen)
    for mark in road.marks:
        yield from line_crossed(chronicle, number, mark, seen)


def _has_priority(plate: str | None, registered: tuple[str, ...]) -> bool:
    def plain(text: str) -> str:
        return "".join(part for part in text.upper() if part.isalnum())

    return plate is not None and plain(plate) in {plain(other) for other in registered}
