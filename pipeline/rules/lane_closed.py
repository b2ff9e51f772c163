"""Driving where nobody may: a closed lane, or the shoulder."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts, sign_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.moment import Moment
from pipeline.rules.motion import stay, travel_sizes
from pipeline.scene import Zone

MOTORISED = ("car", "motorcycle", "bus", "truck")
MIN_SIGHTINGS = 5
MIN_STAY_S = 1.0
MIN_TRAVEL_SIZES = 0.3


def lane_closed(moment: Moment) -> list[Candidate]:
    """A vehicle drives in a closed lane or on the shoulder: UU 22/2009 Art. 287(1), against a sign or marking.

    All of these must hold:

    1. The zone (`use: lane_closed`) binds at the local time of every sighting that counts, holidays considered.
    2. The vehicle is motorised, and neither its class nor its plate's colour is exempt.
    3. Its wheels were in the zone without a break in at least `MIN_SIGHTINGS` pictures and for `MIN_STAY_S`.
    4. It moved by at least `MIN_TRAVEL_SIZES` of its own size meanwhile: one that broke down there may stand.
    """
    found: list[Candidate] = []
    for zone in moment.scene.zones:
        if zone.use == "lane_closed" and moment.within(zone.hours, moment.at_s):
            found += [c for track in moment.tracks if (c := _judge(moment, zone, track))]
    return found


def _judge(moment: Moment, zone: Zone, track: Track) -> Candidate | None:
    if track.vehicle_class not in MOTORISED or is_exempt(zone.exempt, track, moment):
        return None
    here = stay(track, zone.polygon)
    if len(here) < MIN_SIGHTINGS or not moment.within(zone.hours, here[0].at_s):
        return None
    stay_s = here[-1].at_s - here[0].at_s
    travel = travel_sizes(here, moment.scene) if stay_s >= MIN_STAY_S else 0.0
    if stay_s < MIN_STAY_S or travel < MIN_TRAVEL_SIZES:
        return None
    local = moment.local(track.last.at_s)
    return Candidate(
        offence=OffenceCode.LANE_CLOSED,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=zone.id,
        frame=track.last.frame,
        at_s=track.last.at_s,
        box=track.last.box,
        measured={
            "zone": zone.id,
            "stay_s": round(stay_s, 3),
            "sightings": len(here),
            "travel_vehicle_sizes": round(travel, 2),
            "local_time": local.strftime("%H:%M:%S"),
        },
        conditions=(
            met("The lane was closed at that time", f"{local:%A %H:%M:%S} local time, zone {zone.id}"),
            met(
                "The vehicle is not exempt", f"{track.vehicle_class} ({track.share(track.vehicle_class):.0%} of looks)"
            ),
            met("It was in the lane, not beside it", f"wheels inside for {stay_s:.1f} s in {len(here)} pictures"),
            met("It was driving", f"it moved by {travel:.1f} times its own size"),
        ),
        doubts=(
            *common_doubts(track, here, moment),
            *sign_doubts(moment, track.last.at_s, zone.hours),
            *exempt_doubts(zone.exempt, track, moment),
        ),
        lasting=True,
    )
