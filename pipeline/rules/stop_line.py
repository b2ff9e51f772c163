"""Standing beyond the stop line, or in the box, on red."""

from __future__ import annotations

import math

from pipeline.evidence.manifest import Measure
from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts, person_doubts, sign_doubts
from pipeline.rules.footprint import WIDTH_M, GroundLine, front_lead_m, lengths_m
from pipeline.rules.gate import Gate, last_passage
from pipeline.rules.moment import Moment
from pipeline.rules.motion import standing_since
from pipeline.scene import Lane
from pipeline.scene.geometry import Point, within

MOTORISED = ("car", "motorcycle", "bus", "truck")
MIN_SIGHTINGS = 5
SURELY_BEYOND_M = 0.6
"""The front must be so far beyond the line for the shortest vehicle of its class: on the line is no offence."""
SURELY_BEYOND_SIZES = 0.15
"""Without metres the wheels nearest to the camera must be so far beyond it, in the vehicle's own size."""
MOVES_SIZES = 0.3
"""From one picture to the next: more than any box trembles."""
FARTHEST_M, FARTHEST_SIZES = 12.0, 2.5
"""Farther beyond the line one stands in the junction: a case for a zone with `use: box` only."""


def stop_line(moment: Moment) -> list[Candidate]:
    """A vehicle stands beyond the stop line, or in the box, during red: UU 22/2009 Art. 287(1), marking.

    All of these must hold:

    1. The signal of the lane is read as red, without a break, while the vehicle stands.
    2. It stands for at least the scene's `grace.standing_s` during red, in at least `MIN_SIGHTINGS` pictures.
    3. Its front is beyond the line by `SURELY_BEYOND_M` even if it is the shortest of its class; without a homography
       its nearest wheels are beyond it by `SURELY_BEYOND_SIZES` of its own size. Wheels on the line are none.
    4. It stands at most `FARTHEST_M` beyond the line, or in a zone with `use: box`.
    5. It did not pass the line as a whole on this red: who did is a case for `red_light`.
    6. It is not in a zone with `use: waiting` that is for its class (ruang henti khusus for motorcycles).

    7. Its nearest wheels were seen before the line: who stands beyond it and was never there waits on the other side.

    Grave doubts: police directed the traffic, a person stood on the carriageway, the way jumps, or the vehicle was
    never seen moving: it may be parked, or have broken down.
    """
    found: list[Candidate] = []
    for lane in moment.scene.lanes:
        gate = Gate.of_lane(lane, moment.scene.ground) if lane.signal else None
        phase = moment.phases.at(lane.signal, moment.at_s) if gate and lane.signal else None
        if gate is None or phase is None or phase.state != "red" or moment.closing:
            continue
        if moment.at_s - phase.at_s < moment.scene.grace.standing_s:
            continue
        line = GroundLine.of(moment.scene, gate.line, gate.direction)
        found += [c for track in moment.tracks if (c := _judge(moment, lane, gate, line, phase.at_s, track))]
    return found


def _judge(
    moment: Moment, lane: Lane, gate: Gate, line: GroundLine | None, red_at_s: float, track: Track
) -> Candidate | None:
    last = track.last
    if track.vehicle_class not in MOTORISED or _drives(track) or not _in_lane(lane, gate, last):
        return None
    # Where it stands now is known at once, and most stand before the line: since when they do need not be asked.
    beyond, unit, enough, farthest = _beyond(gate, line, track)
    since = standing_since(track) if beyond >= enough else None
    if since is None or not any(gate.beyond_px(s.ground) < 0 for s in track.sightings):
        return None
    since_s = max(since.at_s, red_at_s)
    stands_s = last.at_s - since_s
    here = [s for s in track.sightings if s.at_s >= since_s]
    if stands_s < moment.scene.grace.standing_s or len(here) < MIN_SIGHTINGS:
        return None
    if _ran_it(gate, track, red_at_s):
        return None
    box = next((z for z in moment.scene.zones if z.use == "box" and _concerns(z.lanes, lane.id, z.polygon, last)), None)
    if (beyond > farthest and box is None) or _may_wait(moment, track):
        return None
    return _candidate(moment, lane, track, since, here, stands_s, (beyond, unit), box.id if box else None)


def _drives(track: Track) -> bool:
    """Whether it moved since the last picture: most do, and since when they have stood need not be asked."""
    earlier, last = track.sightings[-2:][0], track.last
    far = MOVES_SIZES * last.size_px
    return math.dist(earlier.ground, last.ground) > far and math.dist(earlier.top, last.top) > far


def _ran_it(gate: Gate, track: Track, red_at_s: float) -> bool:
    """Whether it passed the line as a whole while it was red: a case for `red_light`, wherever it stands then."""
    if gate.direction[1] >= 0:
        # Towards the camera the nearest wheels are the front: beyond the line they may be of one who stops there.
        return False
    passage = last_passage(track.sightings, gate)
    return passage is not None and passage.at_s > red_at_s


def _concerns(lanes: tuple[str, ...], lane: str, area: tuple[Point, ...], sighting: Sighting) -> bool:
    return (not lanes or lane in lanes) and within(area)(sighting.ground)


def _in_lane(lane: Lane, gate: Gate, sighting: Sighting) -> bool:
    """In the lane, or in its prolongation beyond the line: between the ends of the line."""
    if within(lane.polygon)(sighting.ground):
        return True
    if gate.beyond_px(sighting.ground) <= 0:
        return False
    (ax, ay), (bx, by) = gate.line
    # Back along the lane's direction to the line.
    dx, dy = gate.direction
    across = (bx - ax) * dy - (by - ay) * dx
    if abs(across) < 1e-9:
        return False
    share = ((sighting.ground[0] - ax) * dy - (sighting.ground[1] - ay) * dx) / across
    return 0.0 <= share <= 1.0


def _beyond(gate: Gate, line: GroundLine | None, track: Track) -> tuple[float, str, float, float]:
    """How far beyond the line it surely stands, the unit, and the bounds that count in that unit."""
    last = track.last
    if line is not None:
        place = line.point_beyond_m(last.ground)
        if math.isfinite(place):
            # A standing vehicle shows no heading: it points the way the lane goes.
            lead = front_lead_m(line, last, line.ahead, lengths_m(track)[0], WIDTH_M.get(track.vehicle_class, 1.7))
            return place + max(0.0, lead), "m", SURELY_BEYOND_M, FARTHEST_M
    beyond = gate.beyond_px(last.ground) / last.size_px
    return beyond, "vehicle_sizes", SURELY_BEYOND_SIZES, FARTHEST_SIZES


def _may_wait(moment: Moment, track: Track) -> bool:
    return any(
        zone.use == "waiting" and track.share(*zone.exempt.classes) > 0.2 and within(zone.polygon)(track.last.ground)
        for zone in moment.scene.zones
    )


def _candidate(
    moment: Moment,
    lane: Lane,
    track: Track,
    since: Sighting,
    here: list[Sighting],
    stands_s: float,
    way: tuple[float, str],
    box: str | None,
) -> Candidate:
    beyond, unit = way
    doubts = [
        *common_doubts(track, here, moment),
        *sign_doubts(moment, moment.at_s),
        *person_doubts(moment),
    ]
    if since is track.first:
        doubts.append(f"{GRAVE}it was never seen moving: it may be parked, or have broken down")
    measured: dict[str, Measure] = {
        "lane": lane.id,
        "signal": lane.signal,
        "stands_s": round(stands_s, 3),
        f"beyond_line_{unit}": round(beyond, 2),
        "in_box": box,
        "sightings": len(here),
    }
    where = f"in the box {box}" if box else f"{beyond:.1f} {'m' if unit == 'm' else 'times its own size'} beyond it"
    return Candidate(
        offence=OffenceCode.STOP_LINE,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id,
        frame=track.last.frame,
        at_s=track.last.at_s,
        box=track.last.box,
        measured=measured,
        conditions=(
            met("The signal was red all the time", f"signal {lane.signal} red while it stood for {stands_s:.1f} s"),
            met("It stood beyond the line, not on it", where),
            met("It stood", f"for {stands_s:.1f} s in {len(here)} pictures"),
            met("It may not wait there", f"no waiting area for a {track.vehicle_class}"),
        ),
        doubts=tuple(doubts),
        lasting=True,
    )
