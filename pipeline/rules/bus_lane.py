"""Driving in a lane that is kept for others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts, sign_doubts, size_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import side_covered_share, stay, travel_sizes
from pipeline.scene import Lane
from pipeline.scene.model import Reservation

MIN_SIGHTINGS = 5
MIN_STAY_S = 1.0
MIN_TRAVEL_SIZES = 0.2
"""Of its own size: less is parking, or a box that trembles."""
MAX_SHARE_PERMITTED = 0.2
"""With more votes than this for a permitted class, the vehicle may be permitted: abstain."""
MAX_COVERED = 0.5
"""Share of the pictures in which a nearer vehicle may cover a side of it."""
MOTORISED = ("car", "motorcycle", "bus", "truck")


def bus_lane(moment: Moment) -> list[Candidate]:
    """A vehicle drives in a lane reserved for others at that hour: UU 22/2009 Art. 287(1), against a sign or marking.

    All of these must hold:

    1. The lane is reserved at the local time of every sighting that counts.
    2. The vehicle is motorised and of no permitted class; at most a fifth of its class votes fall on permitted classes.
    3. Its wheels (middle of the box's lower edge) were in the lane's polygon without a break in at least
       `MIN_SIGHTINGS` pictures and for at
       least `MIN_STAY_S`: a momentary overlap is none.
    4. It moved by at least `MIN_TRAVEL_SIZES` of its own size meanwhile: parked vehicles are another matter.
    """
    found: list[Candidate] = []
    for lane in moment.scene.lanes:
        if lane.reserved_for:
            found += [c for track in moment.tracks if (c := _judge(moment, lane, lane.reserved_for, track))]
    return found


def _judge(moment: Moment, lane: Lane, reserved: Reservation, track: Track) -> Candidate | None:
    if may_use(track, reserved):
        return None
    here = _during(moment, reserved, stay(track, lane.polygon))
    if len(here) < MIN_SIGHTINGS or here[-1].at_s - here[0].at_s < MIN_STAY_S:
        return None
    travel = travel_sizes(here, moment.scene)
    if travel < MIN_TRAVEL_SIZES:
        return None
    stay_s = here[-1].at_s - here[0].at_s
    local = moment.local(track.last.at_s)
    kept_for = ", ".join(reserved.classes)
    doubts = [*common_doubts(track, here, moment), *sign_doubts(moment, track.last.at_s, reserved.hours)]
    doubts += size_doubts(track, here, moment, reserved.classes)
    others = [other for other in moment.tracks if other.id != track.id]
    if side_covered_share(here, others) > MAX_COVERED:
        doubts.append(f"{GRAVE}another vehicle covers a side of it: what is seen may be a part of a permitted one")
    permitted_share = track.share(*reserved.classes)
    if permitted_share > 0.05:
        doubts.append(f"in {permitted_share:.0%} of the looks it seemed to be of a permitted class ({kept_for})")
    return Candidate(
        offence=OffenceCode.BUS_LANE,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id,
        frame=track.last.frame,
        at_s=track.last.at_s,
        box=track.last.box,
        measured={
            "lane": lane.id,
            "in_lane_since": datetime.fromtimestamp(here[0].at_s, UTC).isoformat(timespec="milliseconds"),
            "stay_s": round(stay_s, 3),
            "sightings": len(here),
            "travel_vehicle_sizes": round(travel, 2),
            "local_time": local.strftime("%H:%M:%S"),
            "class_share": round(track.share(track.vehicle_class), 3),
        },
        conditions=(
            met(
                "The lane was reserved at that time",
                f"{local:%A %H:%M:%S} local time; lane {lane.id} is kept for: {kept_for}",
            ),
            met(
                "The vehicle is not of a permitted class",
                f"{track.vehicle_class} ({track.share(track.vehicle_class):.0%} of the looks)",
            ),
            met("It was in the lane, not beside it", f"wheels inside for {stay_s:.1f} s in {len(here)} pictures"),
            met("It was driving, not parked", f"it moved by {travel:.1f} times its own size"),
        ),
        doubts=tuple(doubts),
        lasting=True,
    )


def may_use(track: Track, reserved: Reservation) -> bool:
    """Whether the vehicle is, or may well be, of a class for which the lane is kept; or has no engine."""
    if track.vehicle_class not in MOTORISED or track.vehicle_class in reserved.classes:
        return True
    return track.share(*reserved.classes) > MAX_SHARE_PERMITTED


def _during(moment: Moment, reserved: Reservation, sightings: Sequence[Sighting]) -> Sequence[Sighting]:
    """The latest stretch that lies within the reserved hours."""
    if sightings and moment.throughout(reserved.hours, sightings[0].at_s, sightings[-1].at_s):
        return sightings
    first = len(sightings)
    while first > 0 and moment.within(reserved.hours, sightings[first - 1].at_s):
        first -= 1
    return sightings[first:]
