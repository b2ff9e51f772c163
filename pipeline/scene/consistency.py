"""What must hold between the parts of a scene; a fault is one sentence that says what to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from shapely import Polygon as Area

from pipeline.scene.homography import Homography, HomographyError
from pipeline.scene.hours import Calendar, Hours
from pipeline.scene.measures import GroundReference, SpeedLimit
from pipeline.scene.road import Lane, SignalHead, Zone

MOST_OVERLAP = 0.05
"""Share of the smaller lane that another may cover: no two lanes are drawn to the pixel."""
MOST_SIGMAS = 5.0
"""A surveyed point that is farther from where the others put it was mistaken for another."""


def check_no_overlap(lanes: Sequence[Lane]) -> None:
    """No two lanes lie over each other: a vehicle would be in both, and be judged by the wrong one.

    Raises:
        ValueError: Two do.
    """
    areas = [Area(lane.polygon) for lane in lanes]
    for number, one in enumerate(areas):
        for other_number in range(number + 1, len(areas)):
            other = areas[other_number]
            share = one.intersection(other).area / min(one.area, other.area)
            if share > MOST_OVERLAP:
                raise ValueError(
                    f"lanes: `{lanes[number].id}` and `{lanes[other_number].id}` overlap by {share:.0%} of the smaller "
                    "one: draw them side by side, since a vehicle stands in one lane"
                )


def check_governed(lanes: Sequence[Lane], signals: Sequence[SignalHead]) -> None:
    """Each lane's signal exists, and each signal governs a lane.

    Raises:
        ValueError: One does not.
    """
    heads = {head.id for head in signals}
    for lane in lanes:
        if lane.signal and lane.signal not in heads:
            known = ", ".join(sorted(heads)) or "none"
            raise ValueError(
                f"lanes: lane `{lane.id}` is governed by signal `{lane.signal}`, which the scene does not have "
                f"(it has: {known})"
            )
    idle = sorted(heads - {lane.signal for lane in lanes})
    if idle:
        raise ValueError(
            f"signals: `{idle[0]}` governs no lane: name it as `signal` of the lanes that it is for, or leave it out"
        )


def check_limits(
    *,
    lanes: Sequence[Lane],
    zones: Sequence[Zone],
    limits: Sequence[SpeedLimit],
    references: Sequence[GroundReference],
    hours: Iterable[tuple[str, Hours]],
    calendar: Calendar | None,
) -> None:
    """Speed has metres and a place to be measured in, zones and limits name lanes that exist, holidays are known.

    Raises:
        ValueError: Something is missing.
    """
    known = {lane.id for lane in lanes}
    named = [(f"zones.{zone.id}.lanes", name) for zone in zones for name in zone.lanes]
    named += [(f"speed_limits.{number}.lanes", name) for number, limit in enumerate(limits, 1) for name in limit.lanes]
    for where, name in named:
        if name not in known:
            raise ValueError(f"{where}: there is no lane `{name}` (there is: {', '.join(sorted(known)) or 'none'})")
    if 0 < len(references) < 4:
        raise ValueError("homography: needs at least four ground references, or none")
    if limits and not references:
        raise ValueError(
            "speed_limits: there is no homography, and without metres no speed: survey at least four points on the "
            "road, or take the limits out"
        )
    if limits and not any(zone.use == "measuring" for zone in zones):
        raise ValueError("speed_limits: no zone has `use: measuring`: draw the stretch in which speed is measured")
    for where, part in hours:
        if part.holidays != "as_other_days" and calendar is None:
            raise ValueError(
                f"{where}: depends on holidays, but the scene has no calendar: list the holidays under `calendar`"
            )


def check_ground(references: Sequence[GroundReference]) -> None:
    """The surveyed points make a homography, and each agrees with the others.

    Raises:
        ValueError: They do not.
    """
    if not references:
        return
    try:
        ground = Homography.fit(references)
    except HomographyError as error:
        raise ValueError(f"homography: {error}") from error
    found = ground.metres([reference.pixel for reference in references])
    off = [math.dist(place, reference.metre) for place, reference in zip(found, references, strict=True)]
    stated = [
        math.hypot(reference.pixel_sigma_px * ground.metres_a_pixel(reference.pixel), reference.metre_sigma_m)
        for reference in references
    ]
    worst = max(range(len(off)), key=lambda number: off[number] / stated[number])
    if off[worst] > MOST_SIGMAS * stated[worst]:
        raise ValueError(
            f"homography.{worst + 1}: the other points put it {off[worst]:.2f} m from where it was surveyed: "
            "measure it again, or leave it out"
        )
