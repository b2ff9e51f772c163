"""Passing the stop line on red."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.phase import PhaseChange
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.crossing import over_line
from pipeline.rules.moment import Moment
from pipeline.rules.motion import common_doubts
from pipeline.scene import Lane
from pipeline.scene.geometry import Point, inside, side, unit

GRACE_S = 0.5
"""Red must have lasted so long when the line is passed.

Yellow ends in no instant for a driver, and cameras see onsets late.
"""
MIN_BEFORE = 2
FEW_BEFORE = 4
"""Pictures in which the vehicle is seen before the line: who appears beyond it may have come from elsewhere."""
MIN_BEYOND_SIZES = 0.4
"""How far beyond the line it must go on, in its own size: who stops on the line is a case for `stop_line`."""
MAX_ANGLE_COSINE = 0.35
"""Cosine between its way and the lane's direction: who turns across the line does not pass it."""
MAX_GAP_S = 0.7
"""Time between the sightings on both sides of the line: with more the moment of passing is guessed."""
FRESH_S = 8.0
"""A passage is judged within this time, else never."""
RECENT_RED_S = 1.0
LOWEST_IN_WIDTHS = {"car": 0.8, "bus": 1.1, "truck": 0.9, "motorcycle": 2.0, "bicycle": 2.0}
"""How high the lowest vehicle of a class stands, in its own widths.

What a box is higher than that may be road that the vehicle covers: its front lies so far ahead of its rear.
"""


def red_light(moment: Moment) -> list[Candidate]:
    """A vehicle passes the stop line while the signal of its lane is red: UU 22/2009 Art. 287(2).

    All of these must hold:

    1. The lane has a stop line, a direction and a signal head, and the head's phase at the instant of passing is
       read as red: `unknown` never
       counts as red.
    2. Red had lasted for at least `GRACE_S` at that instant (interpolated between the pictures before and after).
    3. The vehicle was seen in the lane before the line in at least `MIN_BEFORE` pictures, and less than
       `MAX_GAP_S` lies between the two
       sightings on both sides of the line.
    4. It passed the line itself, not its prolongation, in the lane's direction.
    5. It went on beyond the line by at least `MIN_BEYOND_SIZES` of its own size.

    The instant is that of the middle of the box's lower edge: of the rear wheels of a vehicle seen from behind. Whose
    front passed the line before red entered on yellow, however late its rear follows: where the front may have passed
    (see `LOWEST_IN_WIDTHS`, which errs in the driver's favour) less than `GRACE_S` after the onset of red, or was never
    seen before the line, the doubt is grave and the candidate cannot become a ticket.
    """
    found: list[Candidate] = []
    for lane in moment.scene.lanes:
        if lane.stop_line and lane.signal and lane.direction:
            gate = _Gate(lane, lane.signal, lane.stop_line, unit(*lane.direction))
            found += [c for track in moment.tracks if (c := _judge(moment, gate, track))]
    return found


@dataclass(frozen=True)
class _Gate:
    lane: Lane
    signal: str
    line: tuple[Point, Point]
    direction: Point

    def beyond_px(self, point: Point) -> float:
        """Distance from the line: positive beyond it, negative before it."""
        start, end = self.line
        # Which side of the line the direction points to.
        ahead = side((start[0] + self.direction[0], start[1] + self.direction[1]), start, end)
        return side(point, start, end) * (1.0 if ahead > 0 else -1.0)


def _judge(moment: Moment, gate: _Gate, track: Track) -> Candidate | None:
    passage = _passage(gate, track)
    if passage is None:
        return None
    before, after, at_s, place = passage
    beyond_px = gate.beyond_px(track.last.ground)
    if (
        moment.at_s - at_s > FRESH_S
        or after.at_s - before.at_s > MAX_GAP_S
        or beyond_px < MIN_BEYOND_SIZES * after.size_px
    ):
        return None
    earlier = [s for s in track.sightings if s.at_s <= before.at_s and gate.beyond_px(s.ground) < 0]
    in_lane = [s for s in earlier if inside(s.ground, gate.lane.polygon)]
    if len(in_lane) < MIN_BEFORE:
        return None
    phase = moment.phases.at(gate.signal, at_s)
    if phase is None or phase.state != "red" or at_s - phase.at_s < GRACE_S:
        return None
    return _candidate(moment, gate, track, before, after, at_s, place, phase, len(in_lane))


def _passage(gate: _Gate, track: Track) -> tuple[Sighting, Sighting, float, float] | None:
    """The last passage over the line in the lane's direction.

    Sighting before, sighting after, instant, place along the line (0..1).
    """
    found = None
    for before, after in pairwise(track.sightings):
        near, far = gate.beyond_px(before.ground), gate.beyond_px(after.ground)
        if near >= 0 or far < 0:
            continue
        dx, dy = after.ground[0] - before.ground[0], after.ground[1] - before.ground[1]
        length = (dx * dx + dy * dy) ** 0.5
        along_lane = (dx * gate.direction[0] + dy * gate.direction[1]) / length if length else 0.0
        share = -near / (far - near)
        place = over_line(before.ground, after.ground, share, gate.line)
        if place is not None and along_lane >= MAX_ANGLE_COSINE:
            found = (before, after, before.at_s + share * (after.at_s - before.at_s), place)
    return found


def _front(track: Track, sighting: Sighting, direction: Point) -> Point:
    """Where the foremost part may touch the road, as far ahead as the box allows, in pixels."""
    width, height = sighting.box[2] - sighting.box[0], sighting.box[3] - sighting.box[1]
    lowest = min((LOWEST_IN_WIDTHS.get(name, 0.8) for name in track.votes), default=0.8)
    covered = max(0.0, height - lowest * width)
    x, y = sighting.ground
    # Towards the camera the lower edge is the front itself.
    return x + direction[0] * width / 2, y + min(0.0, direction[1]) * covered


def _front_passage(gate: _Gate, track: Track, until_s: float) -> float | None:
    """When the front may have passed the line; None when it was never seen before it."""
    seen = [s for s in track.sightings if s.at_s <= until_s]
    reach = [gate.beyond_px(_front(track, sighting, gate.direction)) for sighting in seen]
    for index in range(len(seen) - 1, 0, -1):
        near, far = reach[index - 1], reach[index]
        if near < 0 <= far:
            return seen[index - 1].at_s + -near / (far - near) * (seen[index].at_s - seen[index - 1].at_s)
    # All before the line: the front passes together with the rear, as far as can be seen.
    return until_s if reach and max(reach) < 0 else None


def _candidate(
    moment: Moment,
    gate: _Gate,
    track: Track,
    before: Sighting,
    after: Sighting,
    at_s: float,
    place: float,
    phase: PhaseChange,
    sightings: int,
) -> Candidate:
    red_s = at_s - phase.at_s
    front_at_s = _front_passage(gate, track, before.at_s)
    front_red_s = None if front_at_s is None else min(red_s, front_at_s - phase.at_s)
    beyond_px = gate.beyond_px(track.last.ground)
    uncertainty_ms = 1000 * (after.at_s - before.at_s) / 2
    doubts = list(common_doubts(track, track.sightings, moment.tracks))
    if front_red_s is None:
        doubts.append("grave: its front was never seen before the line, it may have passed before red")
    elif front_red_s < GRACE_S:
        doubts.append("grave: its front may have passed the line before red")
    if red_s < RECENT_RED_S:
        doubts.append(f"red had lasted for {red_s:.2f} s only")
    if sightings < FEW_BEFORE:
        doubts.append(f"before the line it was seen in {sightings} pictures only")
    unknown = [
        c for c in moment.phases.changes if c.signal == gate.signal and c.state == "unknown" and 0 <= at_s - c.at_s < 3
    ]
    if unknown:
        doubts.append("the signal could not be read for a moment in the three seconds before")
    return Candidate(
        offence=OffenceCode.RED_LIGHT,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=gate.lane.id,
        frame=after.frame,
        at_s=at_s,
        box=after.box,
        measured={
            "lane": gate.lane.id,
            "signal": gate.signal,
            "red_for_s": round(red_s, 3),
            "red_for_at_front_s": None if front_red_s is None else round(front_red_s, 3),
            "crossing_uncertainty_ms": round(uncertainty_ms, 1),
            "sightings_before_line": sightings,
            "beyond_line_px": round(beyond_px, 1),
            "beyond_line_vehicle_sizes": round(beyond_px / after.size_px, 2),
            "place_on_line": round(place, 3),
        },
        conditions=(
            met(
                "The signal was red",
                f"signal {gate.signal} red for {red_s:.2f} s (grace {GRACE_S:.1f} s) when the line was passed",
            ),
            met("The vehicle came from before the line", f"seen before it in {sightings} pictures"),
            met("It passed the line in the lane's direction", f"the instant is known to {uncertainty_ms:.0f} ms"),
            met(
                "It went on",
                f"{beyond_px:.0f} pixels beyond the line, {beyond_px / after.size_px:.1f} times its own size",
            ),
        ),
        doubts=tuple(doubts),
    )
