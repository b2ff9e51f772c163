"""Whom a rule may soon point at.

Only of these are plate crops taken, and they are thrown away when nothing comes of it.
"""

from __future__ import annotations

from pipeline.perception.track import Track
from pipeline.rules.moment import Moment
from pipeline.rules.motion import displacement, stay
from pipeline.scene import Lane
from pipeline.scene.geometry import unit

AGAINST_SIZES = 0.15


def suspects(moment: Moment) -> set[int]:
    """Numbers of the tracks in a lane where what they do may become an offence.

    A plate is often legible only before the offence is certain: a car that waits at a gate shows its plate, and moves
    on without it.
    """
    return {track.id for track in moment.tracks for lane in moment.scene.lanes if _suspicious(moment, lane, track)}


def _suspicious(moment: Moment, lane: Lane, track: Track) -> bool:
    here = stay(track, lane.polygon)
    if not here:
        return False
    if lane.reserved_for and track.vehicle_class not in lane.reserved_for.classes:
        return True
    if lane.signal:
        phase = moment.phases.at(lane.signal, moment.at_s)
        if phase is not None and phase.state == "red":
            return True
    if lane.direction:
        dx, dy = displacement(here[0], here[-1], moment.scene)
        ux, uy = unit(*lane.direction)
        return -(dx * ux + dy * uy) > AGAINST_SIZES * here[-1].size_px
    return False
