"""What is forbidden wherever a vehicle drives: how it is ridden, and what its plate says or lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pipeline.evidence.offence import OffenceCode
from pipeline.stage.cast import Actor
from pipeline.stage.fault import (
    MOTORISED,
    Fault,
    Measure,
    Stretch,
    binds,
    common,
    in_zone,
    is_exempt,
    lasting,
    local_time,
    rolling,
)
from pipeline.stage.plate_face import MOTORCYCLE_WIDTH_M, WIDTH_M
from pipeline.stage.roadway import StageZone

if TYPE_CHECKING:
    from pipeline.stage.truth import Chronicle

LEGIBLE_RIDER_PX = 60.0
LEGIBLE_EXPIRY_PX = 130.0
LEGIBLE_PLATE_PX = 48.0
NEAR_VEHICLE_PX = 90.0
MOST_RIDERS = 2


def riders(chronicle: Chronicle, number: int) -> Iterator[Fault]:
    """Riders of motorcycles: bare heads, and more than two of them. A hijab or a cap is no helmet."""
    actor = chronicle.world.specification.actors[number - 1]
    if actor.kind != "motorcycle":
        return
    near = chronicle.visible(number, least_px=LEGIBLE_RIDER_PX * 0.5)
    seen = near or chronicle.visible(number)
    bare = sum(not rider.helmet for rider in actor.riders)
    found = [(OffenceCode.NO_HELMET, bare > 0), (OffenceCode.PILLION, len(actor.riders) > MOST_RIDERS)]
    measured: dict[str, Measure] = {"riders": len(actor.riders), "bare_heads": bare}
    for offence, is_true in found:
        if is_true and seen and offence.value in chronicle.world.specification.checks:
            yield lasting(number, offence, "", (seen[0][0], seen[-1][1]), slight=not near, measured=measured)


def plates(chronicle: Chronicle, number: int) -> Iterator[Fault]:
    """No plate at all, or one whose month is over."""
    specification = chronicle.world.specification
    actor = specification.actors[number - 1]
    if actor.kind not in MOTORISED or actor.parked:
        return
    seen = chronicle.visible(number)
    if not seen:
        return
    if actor.plate is None:
        if "no_plate" in specification.checks:
            near = chronicle.visible(number, least_px=NEAR_VEHICLE_PX)
            span = (seen[0][0], seen[-1][1])
            yield lasting(number, OffenceCode.NO_PLATE, "", span, slight=not near, measured={"class": actor.kind})
        return
    day = local_time(chronicle, seen[0][0]).date()
    month, year = (int(part) for part in actor.expiry.split("."))
    if "plate_expired" in specification.checks and (2000 + year, month) < (day.year, day.month):
        measured: dict[str, Measure] = {
            "expiry": actor.expiry,
            "plate_px": round(widest_plate_px(chronicle, number), 1),
        }
        yield lasting(
            number,
            OffenceCode.PLATE_EXPIRED,
            "",
            (seen[0][0], seen[-1][1]),
            slight=widest_plate_px(chronicle, number) < LEGIBLE_EXPIRY_PX,
            measured=measured,
        )


def widest_plate_px(chronicle: Chronicle, number: int) -> float:
    """How wide the plate is at most in the picture, in pixels, as if it looked at the camera."""
    actor: Actor = chronicle.world.specification.actors[number - 1]
    width_m = MOTORCYCLE_WIDTH_M if actor.kind == "motorcycle" else WIDTH_M
    widest = 0.0
    for since_s, until_s in chronicle.visible(number):
        for step in range(11):
            at_s = since_s + (until_s - since_s) * step / 10
            presence = chronicle.world.presence(number, at_s)
            half = presence.solid.length_m / 2
            for ahead in (-half, half):
                east, north = presence.pose.ahead(ahead)
                place = chronicle.lens.pixel(east, north, 0.7)
                if place and 0 <= place[0] <= chronicle.lens.width and 0 <= place[1] <= chronicle.lens.height:
                    scale = chronicle.lens.pixel(east + width_m, north, 0.7)
                    widest = max(widest, abs(scale[0] - place[0]) if scale else 0.0)
    return widest


def odd_even(chronicle: Chronicle, number: int, zone: StageZone, seen: list[Stretch]) -> Iterator[Fault]:
    """It drives where only the other half of the plates may on that day."""
    actor = chronicle.world.specification.actors[number - 1]
    digits = [part for part in (actor.plate or "") if part.isdigit()]
    if zone.use != "odd_even" or actor.kind not in MOTORISED or not digits or is_exempt(actor, zone.exempt):
        return
    for since_s, until_s in common(common(rolling(chronicle, number), in_zone(chronicle, number, zone)), seen):
        day = local_time(chronicle, since_s).day
        if until_s - since_s < 0.3 or not binds(chronicle, zone.hours, since_s) or (int(digits[-1]) - day) % 2 == 0:
            continue
        measured: dict[str, Measure] = {"zone": zone.id, "last_digit": int(digits[-1]), "day": day}
        slight = until_s - since_s < 1.0 or widest_plate_px(chronicle, number) < LEGIBLE_PLATE_PX
        yield lasting(number, OffenceCode.ODD_EVEN, zone.id, (since_s, until_s), slight=slight, measured=measured)
