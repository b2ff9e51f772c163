"""Whom a rule may soon point at.

Only of these are plate crops taken, and they are thrown away when nothing comes of it.
"""

from __future__ import annotations

from pipeline.perception.track import Track
from pipeline.rules.moment import Moment
from pipeline.rules.motion import displacement, stay
from pipeline.scene import Lane
from pipeline.scene.geometry import unit, within

AGAINST_SIZES = 0.15
WATCHED_USES = frozenset({"no_stopping", "lane_closed", "no_u_turn", "measuring", "box", "waiting"})


def suspects(moment: Moment) -> set[int]:
    """Numbers of the tracks in a place where what they do may become an offence.

    A plate is often legible only before the offence is certain: a car that waits at a gate shows its plate, and moves
    on without it.
    """
    scene = moment.scene
    if scene.solid_lines or scene.checks:
        # Anybody may cross a line, and every vehicle is checked.
        return {track.id for track in moment.tracks}
    areas = [zone.polygon for zone in scene.zones if zone.use in WATCHED_USES]
    found = {track.id for track in moment.tracks for lane in scene.lanes if _suspicious(moment, lane, track)}
    return found | {track.id for track in moment.tracks for area in areas if within(area)(track.last.ground)}


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
