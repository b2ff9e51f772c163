"""Driving faster than the limit, measured on the road in metres, with its uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pipeline.evidence.manifest import Measure
from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Box, Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.speedometer import MIN_SIGHTINGS, SpeedReading, measurable, measure, measured_run
from pipeline.scene import Lane, Scene, Zone
from pipeline.scene.geometry import within
from pipeline.scene.homography import Homography
from pipeline.scene.measures import SpeedLimit

MOTORISED = ("car", "motorcycle", "bus", "truck")
MAX_ANGLE_DEGREES = 35.0
AGREE_KMH, AGREE_SHARE = 2.0, 0.05
SIDE_BY_SIDE_PX = 8.0


def speed(moment: Moment) -> list[Candidate]:
    """A vehicle drives faster than the limit: UU 22/2009 Art. 287(5) with Art. 106(4)(g) and 115(a).

    Judged when the vehicle has left the measuring zone. All of these must hold:

    1. The scene has a limit for the lane, the class and the hour, a zone with `use: measuring`, and a homography.
    2. The vehicle was in the zone, whole, in at least `MIN_SIGHTINGS` pictures, for `MIN_SPAN_S` and `MIN_PATH_M`, on
       a straight way along the lane.
    3. Its speed by least squares over the timestamps, less the larger of its 95 % uncertainty (fit, homography,
       clock), of `grace` (3 km/h, 3 % above 100 km/h) and of the certificate's error, and rounded down to whole km/h,
       is above the limit. That value is the one to ticket.

    Grave doubts: no valid site certificate on that day (then it is an indication only); a second estimate, from two
    stills that the fit did not use, does not agree; another vehicle in the measuring zone beside it or over it.
    Another vehicle elsewhere in the zone is a doubt (OIML R 91: the speed must be attributable).
    """
    scene = moment.scene
    if not scene.speed_limits or scene.ground is None:
        return []
    found: list[Candidate] = []
    for zone in scene.zones:
        if zone.use == "measuring":
            for track in moment.tracks:
                candidate = _judge(moment, zone, scene.ground, track)
                if candidate:
                    found.append(candidate)
    return found


def _judge(moment: Moment, zone: Zone, ground: Homography, track: Track) -> Candidate | None:
    if track.vehicle_class not in MOTORISED or len(track.sightings) < MIN_SIGHTINGS:
        return None
    if not moment.closing and (
        not measurable(track.sightings[-2], zone, moment.scene) or measurable(track.last, zone, moment.scene)
    ):
        return None
    run = measured_run(track, zone, moment.scene)
    lane = _lane(moment.scene, run)
    limit = _limit(moment, track, lane, run)
    reading = None if limit is None else measure(run, ground, moment, track.vehicle_class)
    if limit is None or reading is None or not _along(lane, reading, ground):
        return None
    granted_kmh = max(reading.u95_kmh, _granted_kmh(moment.scene, reading.kmh))
    ticket_kmh = math.floor(reading.kmh - granted_kmh)
    if ticket_kmh <= limit.kmh:
        return None
    return _candidate(moment, zone, track, lane, limit, reading, ticket_kmh)


def _granted_kmh(scene: Scene, kmh: float) -> float:
    by_test = scene.certificate.error_kmh if scene.certificate else 0.0
    return max(scene.grace.speed_kmh, scene.grace.speed_share * kmh, by_test)


def _lane(scene: Scene, run: Sequence[Sighting]) -> Lane | None:
    """The lane in which most of the run was."""
    votes = {lane.id: sum(within(lane.polygon)(s.ground) for s in run) for lane in scene.lanes}
    best = max(scene.lanes, key=lambda lane: votes[lane.id], default=None)
    return best if best is not None and 2 * votes[best.id] > len(run) else None


def _limit(moment: Moment, track: Track, lane: Lane | None, run: Sequence[Sighting]) -> SpeedLimit | None:
    """The limit that holds for a vehicle; where its class is not certain, the highest of those that may hold."""
    if not run:
        return None
    at_s = run[len(run) // 2].at_s
    here = [
        limit
        for limit in moment.scene.speed_limits
        if (not limit.lanes or (lane is not None and lane.id in limit.lanes)) and moment.within(limit.hours, at_s)
    ]
    chosen: list[SpeedLimit] = []
    for name in [name for name in track.votes if track.share(name) > 0.1] or [track.vehicle_class]:
        own = [limit for limit in here if name in limit.classes] or [limit for limit in here if not limit.classes]
        if not own:
            return None
        chosen.append(max(own, key=lambda limit: limit.kmh))
    return max(chosen, key=lambda limit: limit.kmh, default=None)


def _along(lane: Lane | None, reading: SpeedReading, ground: Homography) -> bool:
    """Whether it drove along its lane (either way), not across."""
    if lane is None or lane.direction is None:
        return True
    arrow = np.diff(ground.metres(lane.direction), axis=0)[0]
    moved = np.diff(ground.metres([s.ground for s in reading.stills]), axis=0)[0]
    cosine = abs(float(arrow @ moved)) / float(np.linalg.norm(arrow) * np.linalg.norm(moved))
    return not math.isfinite(cosine) or cosine >= math.cos(math.radians(MAX_ANGLE_DEGREES))


def _candidate(
    moment: Moment,
    zone: Zone,
    track: Track,
    lane: Lane | None,
    limit: SpeedLimit,
    reading: SpeedReading,
    ticket_kmh: int,
) -> Candidate:
    shown = reading.stills[1]
    local = moment.local(shown.at_s)
    certificate = moment.scene.certificate
    doubts = common_doubts(track, reading.sightings, moment)
    if certificate is None or not certificate.holds_on(local.date()):
        why = (
            "there is no site certificate" if certificate is None else f"certificate {certificate.number} is not valid"
        )
        doubts.append(f"{GRAVE}an indication only: {why} on {local:%Y-%m-%d}")
    off_kmh = abs(reading.kmh - reading.two_stills_kmh)
    allowed_kmh = max(AGREE_KMH, AGREE_SHARE * reading.kmh)
    if off_kmh > allowed_kmh or reading.two_stills_u95_kmh > 3 * allowed_kmh:
        doubts.append(
            f"{GRAVE}the second estimate, from two stills, does not confirm it "
            f"({reading.two_stills_kmh:.1f} with an uncertainty of {reading.two_stills_u95_kmh:.1f} km/h)"
        )
    doubts += _company_doubts(moment, zone, track, reading)
    measured: dict[str, Measure] = {
        "zone": zone.id,
        "lane": lane.id if lane else None,
        "limit_kmh": limit.kmh,
        "speed_kmh": round(reading.kmh, 2),
        "speed_u95_kmh": round(reading.u95_kmh, 2),
        "ticket_speed_kmh": ticket_kmh,
        "two_stills_kmh": round(reading.two_stills_kmh, 2),
        "two_stills_u95_kmh": round(reading.two_stills_u95_kmh, 2),
        "path_m": round(reading.path_m, 2),
        "span_s": round(reading.span_s, 4),
        "sightings": len(reading.sightings),
        "certificate": certificate.number if certificate else None,
    }
    return Candidate(
        offence=OffenceCode.SPEED,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id if lane else "",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured=measured,
        conditions=(
            met("A limit holds here", f"{limit.kmh:g} km/h, {local:%A %H:%M:%S} local time"),
            met(
                "The speed was measured",
                f"{reading.kmh:.1f} km/h, 95 % within {reading.u95_kmh:.1f} km/h, over {reading.path_m:.1f} m "
                f"and {reading.span_s:.2f} s",
            ),
            met("Less its uncertainty it is above the limit", f"{ticket_kmh} km/h is the value to ticket"),
            met("A second estimate", f"{reading.two_stills_kmh:.1f} km/h from two stills"),
        ),
        doubts=tuple(doubts),
        instants=tuple((s.frame, s.ground) for s in reading.stills),
    )


def _company_doubts(moment: Moment, zone: Zone, track: Track, reading: SpeedReading) -> list[str]:
    """Other vehicles in the measuring zone at the same time."""
    since_s, until_s = reading.sightings[0].at_s, reading.sightings[-1].at_s
    mine = {s.frame: s.box for s in reading.sightings}
    doubts: list[str] = []
    for other in moment.tracks:
        if other.id == track.id or other.vehicle_class not in MOTORISED:
            continue
        beside = [s for s in other.sightings if since_s <= s.at_s <= until_s and within(zone.polygon)(s.ground)]
        if not beside:
            continue
        touching = sum(_touch(mine[s.frame], s.box) for s in beside if s.frame in mine)
        if touching * 4 > len(mine):
            doubts.append(f"{GRAVE}another vehicle (track {other.id}) was right beside it while it was measured")
        else:
            doubts.append(f"another vehicle (track {other.id}) was in the measuring zone: make sure whose speed it is")
    return doubts


def _touch(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] + SIDE_BY_SIDE_PX
        and other[0] < one[2] + SIDE_BY_SIDE_PX
        and one[1] < other[3] + SIDE_BY_SIDE_PX
        and other[1] < one[3] + SIDE_BY_SIDE_PX
    )
