"""Stopping or parking where nobody may."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts, sign_doubts, size_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.moment import Moment
from pipeline.rules.motion import standing_since
from pipeline.scene import Zone
from pipeline.scene.geometry import Point, unit, within

MOTORISED = ("car", "motorcycle", "bus", "truck")
MIN_SIGHTINGS = 8
QUEUE_SIZES = 2.5
"""Who stands so near behind another that stands may be in a queue, in its own sizes."""


def no_stopping(moment: Moment) -> list[Candidate]:
    """A vehicle stands where nobody may: UU 22/2009 Art. 287(3).

    All of these must hold:

    1. The zone (`use: no_stopping`) binds now, holidays considered.
    2. The vehicle is motorised, and neither its class nor its plate's colour is exempt.
    3. Its wheels are in the zone and have been in the same place for at least the scene's `grace.stopping_s`.
    4. It does not wait at a signal: it is not in a lane that a signal governs.

    Others that stand right before it may be a queue: a doubt; a grave one while the whole lane stands.
    """
    found: list[Candidate] = []
    for zone in moment.scene.zones:
        if zone.use == "no_stopping" and not moment.closing and moment.within(zone.hours, moment.at_s):
            found += [c for track in moment.tracks if (c := _judge(moment, zone, track))]
    return found


def _judge(moment: Moment, zone: Zone, track: Track) -> Candidate | None:
    last, granted_s = track.last, moment.scene.grace.stopping_s
    if last.at_s - track.first.at_s < granted_s or not within(zone.polygon)(last.ground):
        return None
    if track.vehicle_class not in MOTORISED or is_exempt(zone.exempt, track, moment):
        return None
    if any(lane.signal and within(lane.polygon)(last.ground) for lane in moment.scene.lanes):
        return None
    since = standing_since(track)
    if since is None or last.at_s - since.at_s < granted_s or not moment.within(zone.hours, since.at_s):
        return None
    here = [s for s in track.sightings if s.at_s >= since.at_s]
    if len(here) < MIN_SIGHTINGS:
        return None
    stands_s = last.at_s - since.at_s
    return Candidate(
        offence=OffenceCode.NO_STOPPING,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=zone.id,
        frame=last.frame,
        at_s=last.at_s,
        box=last.box,
        measured={
            "zone": zone.id,
            "stands_s": round(stands_s, 3),
            "granted_s": granted_s,
            "sightings": len(here),
            "local_time": moment.local(last.at_s).strftime("%H:%M:%S"),
        },
        conditions=(
            met("Stopping was forbidden at that time", f"zone {zone.id}, {moment.local(last.at_s):%A %H:%M:%S}"),
            met("It stood in the zone", f"wheels inside and in one place for {stands_s:.0f} s"),
            met("Longer than is granted", f"{granted_s:.0f} s are granted"),
            met("It did not wait at a signal", "it is in no lane that a signal governs"),
        ),
        doubts=(
            *common_doubts(track, here, moment),
            *sign_doubts(moment, last.at_s, zone.hours),
            *exempt_doubts(zone.exempt, track, moment),
            *size_doubts(track, here, moment, zone.exempt.classes),
            *_queue_doubts(moment, track, since),
        ),
        lasting=True,
    )


def _queue_doubts(moment: Moment, track: Track, since: Sighting) -> list[str]:
    """Others who stand before it in the direction of its lane."""
    direction = _direction(moment, track.last)
    if direction is None:
        return []
    ahead: list[int] = []
    for other in moment.tracks:
        dx = other.last.ground[0] - track.last.ground[0]
        dy = other.last.ground[1] - track.last.ground[1]
        forward = dx * direction[0] + dy * direction[1]
        aside = abs(dx * direction[1] - dy * direction[0])
        if other.id != track.id and 0 < forward < QUEUE_SIZES * track.last.size_px and aside < track.last.size_px / 2:
            stood = standing_since(other)
            if stood is not None and stood.at_s <= since.at_s + 2.0:
                ahead.append(other.id)
    if not ahead:
        return []
    # All who are ahead came to stand before it did: that is how a queue forms.
    came_later = since.at_s > track.first.at_s + 1.0
    grave = GRAVE if came_later else ""
    return [f"{grave}another vehicle (track {ahead[0]}) stands right before it: it may be in a queue"]


def _direction(moment: Moment, sighting: Sighting) -> Point | None:
    for lane in moment.scene.lanes:
        if lane.direction and within(lane.polygon)(sighting.ground):
            return unit(*lane.direction)
    return None
