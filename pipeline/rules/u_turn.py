"""Turning back where that is forbidden."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts, sign_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.moment import Moment
from pipeline.scene import Scene, Zone
from pipeline.scene.geometry import within

MOTORISED = ("car", "motorcycle", "bus", "truck")
MIN_SIGHTINGS = 8
MIN_TURN_DEGREES = 135.0
MIN_LEG_M, MIN_LEG_SIZES = 2.5, 0.7
"""How far it must drive straight before and after the turn, so that its direction is known."""
MIN_APART_M, MIN_APART_SIZES = 1.5, 0.3
"""Between the ways there and back: who reverses comes back on the way it went."""
FRESH_S = 8.0


def u_turn(moment: Moment) -> list[Candidate]:
    """A vehicle turns back where a sign forbids it: UU 22/2009 Art. 287(1).

    All of these must hold:

    1. The zone (`use: no_u_turn`) binds now, holidays considered.
    2. The vehicle is motorised, and neither its class nor its plate's colour is exempt.
    3. It was in the zone, and the directions in which it came and went differ by at least `MIN_TURN_DEGREES`, each
       taken over `MIN_LEG_M` (`MIN_LEG_SIZES` of its own size without a homography).
    4. Its way back lies beside its way there by `MIN_APART_M`: who reverses does not turn.
    """
    found: list[Candidate] = []
    for zone in moment.scene.zones:
        if zone.use == "no_u_turn" and moment.within(zone.hours, moment.at_s):
            found += [c for track in moment.tracks if (c := _judge(moment, zone, track))]
    return found


def _judge(moment: Moment, zone: Zone, track: Track) -> Candidate | None:
    sightings = track.sightings
    if len(sightings) < MIN_SIGHTINGS or track.vehicle_class not in MOTORISED or not _may_have_turned(sightings):
        return None
    visits = [s for s in sightings if within(zone.polygon)(s.ground)]
    if not visits or (not moment.closing and moment.at_s - visits[-1].at_s > FRESH_S):
        return None
    if is_exempt(zone.exempt, track, moment):
        return None
    turn = _turn(moment.scene, sightings)
    if turn is None:
        return None
    degrees, apart, unit = turn
    middle = visits[len(visits) // 2]
    return Candidate(
        offence=OffenceCode.U_TURN,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=zone.id,
        frame=middle.frame,
        at_s=middle.at_s,
        box=middle.box,
        measured={
            "zone": zone.id,
            "turned_degrees": round(degrees, 1),
            f"ways_apart_{unit}": round(apart, 2),
            "sightings": len(sightings),
        },
        conditions=(
            met("Turning back was forbidden", f"zone {zone.id}, {moment.local(middle.at_s):%A %H:%M:%S} local time"),
            met("It turned back", f"its way there and its way back differ by {degrees:.0f} degrees"),
            met("It did not reverse", f"both ways lie {apart:.1f} {'m' if unit == 'm' else 'vehicle sizes'} apart"),
            met("It turned in the zone", f"seen there in {len(visits)} pictures"),
        ),
        doubts=(
            *common_doubts(track, sightings, moment),
            *sign_doubts(moment, middle.at_s, zone.hours),
            *exempt_doubts(zone.exempt, track, moment),
        ),
    )


def _may_have_turned(sightings: Sequence[Sighting]) -> bool:
    """Cheaply, in pixels: whether it comes back from the farthest place that it reached."""
    first, last = sightings[0].ground, sightings[-1].ground
    some = sightings[:: max(1, len(sightings) // 12)]
    farthest = max((s.ground for s in some), key=lambda place: math.dist(place, first))
    came = farthest[0] - first[0], farthest[1] - first[1]
    goes = last[0] - farthest[0], last[1] - farthest[1]
    return came[0] * goes[0] + came[1] * goes[1] < 0


def _turn(scene: Scene, sightings: Sequence[Sighting]) -> tuple[float, float, str] | None:
    """Degrees between the ways there and back, how far apart they lie, and the unit of that."""
    pixels = np.array([s.ground for s in sightings])
    if scene.ground is not None:
        way, leg, least, unit = scene.ground.metres(pixels), MIN_LEG_M, MIN_APART_M, "m"
        way = way[np.isfinite(way).all(axis=1)]
    else:
        size = float(np.median([s.size_px for s in sightings]))
        way, leg, least, unit = pixels / size, MIN_LEG_SIZES, MIN_APART_SIZES, "vehicle_sizes"
    if len(way) < MIN_SIGHTINGS:
        return None
    there, back = _leg(way, leg), _leg(way[::-1], leg)
    if there is None or back is None:
        return None
    # The second leg was walked from the end.
    cosine = float(np.clip(there @ -back, -1, 1))
    degrees = math.degrees(math.acos(cosine))
    normal = np.array([-there[1], there[0]])
    apart = abs(float((way[-1] - way[0]) @ normal))
    return (degrees, apart, unit) if degrees >= MIN_TURN_DEGREES and apart >= least else None


def _leg(way: NDArray[np.float64], length: float) -> NDArray[np.float64] | None:
    """Direction of the first stretch of a way, of length 1."""
    far = np.hypot(*(way - way[0]).T)
    reached = np.flatnonzero(far >= length)
    if not len(reached):
        return None
    return np.asarray((way[reached[0]] - way[0]) / far[reached[0]])
