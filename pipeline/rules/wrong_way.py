"""Driving against the permitted direction."""

from __future__ import annotations

import math
from itertools import pairwise

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts, sign_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import displacement, stay
from pipeline.scene import Lane
from pipeline.scene.geometry import Point, unit

MIN_SIGHTINGS = 5
MIN_STAY_S = 0.7
MIN_AGAINST_SIZES = 0.8
"""Of the vehicle's own size: manoeuvring into a gate or away from an obstacle stays below."""
MIN_AGAINST_PX = 16.0
MAX_ANGLE_DEGREES = 50.0
MIN_SHARE_OF_STEPS = 0.75


def wrong_way(moment: Moment) -> list[Candidate]:
    """A vehicle drives against the direction of its lane: UU 22/2009 Art. 287(1), against a sign or marking.

    All of these must hold:

    1. The lane has a permitted direction.
    2. The wheels were in the lane's polygon without a break in at least `MIN_SIGHTINGS` pictures and for at least
       `MIN_STAY_S`.
    3. Meanwhile the vehicle moved against the direction by at least `MIN_AGAINST_SIZES` of its own size (and
       `MIN_AGAINST_PX`).
    4. It moved opposite to the direction, at most `MAX_ANGLE_DEGREES` off: whoever crosses the lane does not drive
       along it.
    5. At least `MIN_SHARE_OF_STEPS` of its single steps went that way: a box that jumps once is no journey.
    """
    found: list[Candidate] = []
    for lane in moment.scene.lanes:
        if lane.direction:
            found += [c for track in moment.tracks if (c := _judge(moment, lane, unit(*lane.direction), track))]
    return found


def _judge(moment: Moment, lane: Lane, permitted: Point, track: Track) -> Candidate | None:
    earlier, last = track.sightings[-MIN_SIGHTINGS:][0].ground, track.last.ground
    if (last[0] - earlier[0]) * permitted[0] + (last[1] - earlier[1]) * permitted[1] >= 0:
        # It does not move against the arrow now: most vehicles, and no need to ask where they have been.
        roofs = track.sightings[-MIN_SIGHTINGS:][0].top, track.last.top
        if (roofs[1][0] - roofs[0][0]) * permitted[0] + (roofs[1][1] - roofs[0][1]) * permitted[1] >= 0:
            return None
    here = stay(track, lane.polygon)
    if len(here) < MIN_SIGHTINGS or here[-1].at_s - here[0].at_s < MIN_STAY_S:
        return None
    moved = displacement(here[0], here[-1], moment.scene)
    distance = math.hypot(*moved)
    against_px = -(moved[0] * permitted[0] + moved[1] * permitted[1])
    size_px = sorted(sighting.size_px for sighting in here)[len(here) // 2]
    if against_px < max(MIN_AGAINST_PX, MIN_AGAINST_SIZES * size_px):
        return None
    angle_degrees = math.degrees(math.acos(min(1.0, against_px / distance)))
    if angle_degrees > MAX_ANGLE_DEGREES:
        return None
    steps = [displacement(earlier, later, moment.scene) for earlier, later in pairwise(here)]
    share = sum(1 for dx, dy in steps if dx * permitted[0] + dy * permitted[1] < 0) / len(steps)
    if share < MIN_SHARE_OF_STEPS:
        return None
    duration_s = here[-1].at_s - here[0].at_s
    return Candidate(
        offence=OffenceCode.WRONG_WAY,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id,
        frame=track.last.frame,
        at_s=track.last.at_s,
        box=track.last.box,
        measured={
            "lane": lane.id,
            "against_px": round(against_px, 1),
            "against_vehicle_sizes": round(against_px / size_px, 2),
            "angle_degrees": round(angle_degrees, 1),
            "duration_s": round(duration_s, 3),
            "sightings": len(here),
        },
        conditions=(
            met("The lane has a permitted direction", f"lane {lane.id}, see the arrow in the drawn still"),
            met("The vehicle was in the lane", f"wheels inside for {duration_s:.1f} s in {len(here)} pictures"),
            met(
                "It drove against the direction",
                f"{against_px:.0f} pixels, {against_px / size_px:.1f} times its own size",
            ),
            met(
                "It did not merely cross", f"its way differs by {angle_degrees:.0f} degrees from the opposite direction"
            ),
            met("It moved steadily", f"{share:.0%} of its steps went against the direction"),
        ),
        doubts=(*common_doubts(track, here, moment), *sign_doubts(moment, track.last.at_s)),
        lasting=True,
    )
