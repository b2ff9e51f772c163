"""Passing the stop line on red."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.evidence.manifest import Measure
from pipeline.evidence.offence import OffenceCode
from pipeline.perception.phase import FaultKind, PhaseChange
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts, person_doubts, sign_doubts
from pipeline.rules.footprint import WIDTH_M, GroundLine, front_lead_m, front_point_px, lengths_m
from pipeline.rules.gate import Gate, Passage, last_passage
from pipeline.rules.moment import Moment
from pipeline.scene import Lane
from pipeline.scene.geometry import within

MIN_BEFORE = 2
FEW_BEFORE = 4
"""Pictures in which the vehicle is seen before the line: who appears beyond it may have come from elsewhere."""
MIN_BEYOND_SIZES = 0.4
"""How far beyond the line it must go on where no metres are known, in its own size."""
MAX_ANGLE_COSINE = 0.35
"""Cosine between its way and the lane's direction: who turns across the line does not pass it."""
MAX_GAP_S = 0.7
"""Time between the sightings on both sides of the line: with more the moment of passing is guessed."""
FRESH_S = 8.0
"""A passage is judged within this time, else in the closing moment."""
RECENT_RED_S = 1.0
LONG_ON_LINE_S = 1.5
TURN_DEGREES = 35.0
STRAIGHT_DEGREES = 20.0
AFTER_TURN_SIZES = 1.2
"""Who may turn on red is judged only once so far beyond the line that a turn would show."""
CONTROLLER_SLACK_S = 0.5
FAULT_NEAR_S = 10.0


def red_light(moment: Moment) -> list[Candidate]:
    """A vehicle passes the stop line while the signal of its lane is red: UU 22/2009 Art. 287(2).

    All of these must hold:

    1. The lane has a stop line, a direction and a signal head, and the head's phase at the instant of passing is
       read as red: `unknown` never counts as red.
    2. Red had lasted for at least the scene's `grace.red_s` at that instant, less its error.
    3. The vehicle was seen in the lane before the line in at least `MIN_BEFORE` pictures, and less than `MAX_GAP_S`
       lies between the two sightings on both sides of the line.
    4. It passed the line itself, not its prolongation, in the lane's direction.
    5. It went on beyond the line by `grace.beyond_line_m` (`MIN_BEYOND_SIZES` of its own size without a homography).
    6. Where turning on red is allowed, it went straight on, and far enough for a turn to show.

    The instant is that of the wheels nearest to the camera: of the rear wheels of a vehicle seen from behind. Whose
    front passed the line before red entered on yellow, however late its rear follows: where the front may have passed
    (the longest vehicle of its class, and no farther than the box allows) less than the grace after the onset of red,
    or was never seen before the line, the doubt is grave and the candidate cannot become a ticket. So it is where the
    yellow of this cycle was shorter than its legal minimum, where the controller's own log says otherwise, where police
    directed the traffic or a person stood on the carriageway, where the vehicle stood on the line before, and where its
    way jumps.
    """
    found: list[Candidate] = []
    for lane in moment.scene.lanes:
        gate = Gate.of_lane(lane, moment.scene.ground) if lane.signal else None
        if gate:
            found += [c for track in moment.tracks if (c := _judge(moment, lane, gate, track))]
    return found


@dataclass(frozen=True)
class _Way:
    """How far a vehicle came beyond the line, in metres where they are known, else in its own sizes."""

    beyond: float
    needed: float
    unit: str


def _judge(moment: Moment, lane: Lane, gate: Gate, track: Track) -> Candidate | None:
    line = GroundLine.of(moment.scene, gate.line, gate.direction)
    # Only who went on far enough needs an instant; in metres that is known before it is.
    if gate.beyond_px(track.last.ground) <= 0 or not _was_red(moment, lane.signal or "", track):
        return None
    if not _may_be_far_enough(moment, gate, line, track.last):
        return None
    passage = _new_passage(moment, lane, gate, track)
    if passage is None:
        return None
    way = _way(moment, gate, line, passage.after, track.last)
    before = [s for s in track.sightings[: passage.index] if gate.beyond_px(s.ground) < 0]
    held = sum(within(lane.polygon)(s.ground) for s in before)
    phase = moment.phases.at(lane.signal or "", passage.at_s)
    if way.beyond < way.needed or held < MIN_BEFORE or phase is None or phase.state != "red":
        return None
    if passage.at_s - _error_s(moment, passage) - phase.at_s < moment.scene.grace.red_s or _may_have_turned(
        lane, gate, passage, track
    ):
        return None
    return _candidate(moment, lane, gate, line, track, passage, way, phase, held)


def _error_s(moment: Moment, passage: Passage) -> float:
    """Expanded uncertainty of the instant, 95 %: of the fit, and of the pictures' times against each other."""
    return 1.96 * math.hypot(passage.sigma_s, moment.stamp_sigma_s)


def _new_passage(moment: Moment, lane: Lane, gate: Gate, track: Track) -> Passage | None:
    """A passage in the lane's direction that was not far enough beyond the line to be judged before."""
    if not moment.closing and _was_far_enough(moment, lane, gate, track):
        return None
    passage = last_passage(track.sightings, gate)
    if passage is None or (not moment.closing and moment.at_s - passage.at_s > FRESH_S):
        return None
    long_gap = passage.after.at_s - passage.before.at_s > MAX_GAP_S
    return None if long_gap or not _in_direction(passage, gate) else passage


def _may_be_far_enough(moment: Moment, gate: Gate, line: GroundLine | None, last: Sighting) -> bool:
    way = _way(moment, gate, line, last, last)
    return way.unit != "m" or way.beyond >= way.needed


def _was_red(moment: Moment, signal: str, track: Track) -> bool:
    """Whether red was read at all while the vehicle was followed: else no instant need be fitted."""
    until_s = float("inf")
    for change in reversed(moment.phases.changes):
        if change.signal == signal:
            if change.state == "red" and change.at_s <= track.last.at_s and until_s >= track.first.at_s:
                return True
            if change.at_s < track.first.at_s:
                return False
            until_s = change.at_s
    return False


def _was_far_enough(moment: Moment, lane: Lane, gate: Gate, track: Track) -> bool:
    """Whether the picture before showed it far enough already: judged then, and not again in every picture."""
    if len(track.sightings) < 2:
        return True
    earlier = track.sightings[-2]
    if gate.beyond_px(earlier.ground) <= 0:
        return False
    if lane.turn_on_red:
        return gate.beyond_px(earlier.ground) > 2 * AFTER_TURN_SIZES * earlier.size_px
    way = _way(moment, gate, GroundLine.of(moment.scene, gate.line, gate.direction), earlier, earlier)
    # A little longer: the signal's phase is certain only some pictures later.
    return way.beyond > 2 * way.needed


def _in_direction(passage: Passage, gate: Gate) -> bool:
    dx = passage.after.ground[0] - passage.before.ground[0]
    dy = passage.after.ground[1] - passage.before.ground[1]
    length = math.hypot(dx, dy)
    return length > 0 and (dx * gate.direction[0] + dy * gate.direction[1]) / length >= MAX_ANGLE_COSINE


def _way(moment: Moment, gate: Gate, line: GroundLine | None, after: Sighting, last: Sighting) -> _Way:
    if line is not None:
        beyond_m = line.point_beyond_m(last.ground)
        if math.isfinite(beyond_m):
            return _Way(beyond_m, moment.scene.grace.beyond_line_m, "m")
    return _Way(gate.beyond_px(last.ground) / after.size_px, MIN_BEYOND_SIZES, "vehicle_sizes")


def _may_have_turned(lane: Lane, gate: Gate, passage: Passage, track: Track) -> bool:
    """Whether it turned where that is allowed on red, or nobody can tell yet that it did not."""
    rule, last = lane.turn_on_red, track.last
    if rule is None:
        return False
    later = track.sightings[passage.index :]
    if rule.exit is not None and any(within(rule.exit)(s.ground) for s in later):
        return True
    if gate.beyond_px(last.ground) < AFTER_TURN_SIZES * passage.after.size_px:
        return True
    tail = [s for s in later if math.dist(s.ground, last.ground) >= 0.5 * last.size_px]
    start = tail[-1] if tail else passage.after
    degrees = _angle_degrees(gate.direction, (last.ground[0] - start.ground[0], last.ground[1] - start.ground[1]))
    to_side = degrees if rule.to == "right" else -degrees
    return to_side > STRAIGHT_DEGREES


def _angle_degrees(one: tuple[float, float], other: tuple[float, float]) -> float:
    """From `one` to `other`, positive to the right as a driver in the picture turns (y points down)."""
    return math.degrees(math.atan2(one[0] * other[1] - one[1] * other[0], one[0] * other[0] + one[1] * other[1]))


def earliest_front_s(gate: Gate, line: GroundLine | None, track: Track, until: Passage) -> float | None:
    """When the front may have passed the line at the earliest; None when it was never seen before it.

    Two bounds: the longest vehicle of its class, and the box. The earlier one counts: a detector's box that is cut a
    little short would else let an entry on yellow look like one on red.
    """
    seen = track.sightings[: until.index]
    bounds = [bound for bound in (_by_length(line, track, until, seen), _by_box(gate, track, until, seen)) if bound]
    known = [at_s for at_s in bounds if at_s is not None]
    return min(known) if known else None


def _by_box(gate: Gate, track: Track, until: Passage, seen: tuple[Sighting, ...]) -> float | None:
    reach = [gate.beyond_px(front_point_px(track, sighting, gate.direction)) for sighting in seen]
    return _last_zero(reach, seen, until.at_s)


def _by_length(line: GroundLine | None, track: Track, until: Passage, seen: tuple[Sighting, ...]) -> float | None:
    if line is None or len(seen) < 2:
        return None
    places = line.ground.metres([s.ground for s in (*seen, until.after)])
    beyond = line.beyond_m(places)
    back = max(0, len(places) - 6)
    heading = places[-1] - places[back]
    norm = float(np.linalg.norm(heading))
    if not np.isfinite(beyond).all() or norm < 0.2:
        return None
    longest = lengths_m(track)[1]
    width = WIDTH_M.get(track.vehicle_class, 1.7)
    lead = max(0.0, front_lead_m(line, until.before, heading / norm, longest, width))
    return _last_zero([float(value) + lead for value in beyond[:-1]], seen, until.at_s)


def _last_zero(reach: list[float], seen: tuple[Sighting, ...], until_s: float) -> float | None:
    for index in range(len(seen) - 1, 0, -1):
        near, far = reach[index - 1], reach[index]
        if near < 0 <= far:
            return seen[index - 1].at_s + -near / (far - near) * (seen[index].at_s - seen[index - 1].at_s)
    # All before the line: the front passes together with the rear, as far as can be seen.
    return until_s if reach and max(reach) < 0 else None


def _candidate(
    moment: Moment,
    lane: Lane,
    gate: Gate,
    line: GroundLine | None,
    track: Track,
    passage: Passage,
    way: _Way,
    phase: PhaseChange,
    sightings: int,
) -> Candidate:
    at_s, grace_s, signal = passage.at_s, moment.scene.grace.red_s, lane.signal or ""
    red_s = at_s - phase.at_s
    front_at_s = earliest_front_s(gate, line, track, passage)
    front_red_s = None if front_at_s is None else min(red_s, front_at_s - phase.at_s)
    uncertainty_ms = 1000 * _error_s(moment, passage)
    doubts = [
        *common_doubts(track, _round(track, passage), moment),
        *_front_doubts(front_red_s, grace_s),
        *_phase_doubts(moment, lane, phase, at_s, red_s if front_red_s is None else front_red_s),
        *sign_doubts(moment, at_s),
        *person_doubts(moment),
    ]
    if passage.on_line_s > LONG_ON_LINE_S:
        doubts.append(f"{GRAVE}it stood on the line for {passage.on_line_s:.1f} s before it went on")
    if red_s < RECENT_RED_S:
        doubts.append(f"red had lasted for {red_s:.2f} s only")
    if sightings < FEW_BEFORE:
        doubts.append(f"before the line it was seen in {sightings} pictures only")
    measured: dict[str, Measure] = {
        "lane": lane.id,
        "signal": signal,
        "red_for_s": round(red_s, 3),
        "red_for_at_front_s": None if front_red_s is None else round(front_red_s, 3),
        "crossing_uncertainty_ms": round(uncertainty_ms, 1),
        "sightings_before_line": sightings,
        f"beyond_line_{way.unit}": round(way.beyond, 2),
        "beyond_line_px": round(gate.beyond_px(track.last.ground), 1),
        "place_on_line": round(passage.place, 3),
    }
    far = f"{way.beyond:.1f} m" if way.unit == "m" else f"{way.beyond:.1f} times its own size"
    return Candidate(
        offence=OffenceCode.RED_LIGHT,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=lane.id,
        frame=passage.after.frame,
        at_s=at_s,
        box=passage.after.box,
        measured=measured,
        conditions=(
            met(
                "The signal was red",
                f"signal {signal} red for {red_s:.2f} s (grace {grace_s:.1f} s) when the line was passed",
            ),
            met("The vehicle came from before the line", f"seen before it in {sightings} pictures"),
            met("It passed the line in the lane's direction", f"the instant is known to {uncertainty_ms:.0f} ms"),
            met("It went on", f"{far} beyond the line"),
        ),
        doubts=tuple(doubts),
    )


def _round(track: Track, passage: Passage) -> tuple[Sighting, ...]:
    """The sightings that the passage rests on."""
    return track.sightings[max(0, passage.index - 6) : passage.index + 6]


def _front_doubts(front_red_s: float | None, grace_s: float) -> list[str]:
    if front_red_s is None:
        return [f"{GRAVE}its front was never seen before the line, it may have passed before red"]
    if front_red_s < grace_s:
        return [f"{GRAVE}its front may have passed the line before red"]
    return []


def _phase_doubts(moment: Moment, lane: Lane, phase: PhaseChange, at_s: float, front_red_s: float) -> list[str]:
    """What speaks against the signal as it was read."""
    doubts: list[str] = []
    signal = lane.signal or ""
    mine = [change for change in moment.phases.changes if change.signal == signal and change.at_s <= at_s]
    if any(change.state == "unknown" and at_s - change.at_s < 3 for change in mine):
        doubts.append("the signal could not be read for a moment in the three seconds before")
    before = next((change for change in reversed(mine) if change.at_s < phase.at_s), None)
    head = next(head for head in moment.scene.signals if head.id == signal)
    if before is not None and before.state == "yellow":
        seen_whole = any(change.at_s < before.at_s for change in mine)
        # Each onset may have been up to its own uncertainty earlier than it was read.
        longest_s = phase.at_s - before.at_s + before.uncertainty_s
        if seen_whole and longest_s < head.min_yellow_s - 0.05:
            doubts.append(
                f"{GRAVE}yellow lasted for {longest_s:.1f} s at most, less than its legal minimum "
                f"of {head.min_yellow_s:.1f} s"
            )
    elif before is not None and before.state == "green":
        # A yellow that is misread as red looks like this: then red began a whole yellow later than was read.
        certain_s = front_red_s - head.min_yellow_s
        grave = GRAVE if certain_s < moment.scene.grace.red_s else ""
        doubts.append(f"{grave}red was read right after green: the yellow between them was not seen")
    doubts += [
        f"{GRAVE}the reading of the signal is not to be trusted: {fault.note}"
        for fault in moment.phases.faults_near(signal, at_s, within_s=FAULT_NEAR_S)
        if fault.kind is FaultKind.IMPOSSIBLE_ORDER and fault.at_s != phase.at_s
    ]
    if moment.controller is not None and head.controller:
        told = moment.controller.at(head.controller, at_s - CONTROLLER_SLACK_S)
        now = moment.controller.at(head.controller, at_s)
        if told is None or now is None or "red" not in (told.state, now.state):
            state = "nothing" if now is None else now.state
            doubts.append(f"{GRAVE}the signal's controller says {state} for that instant, not red")
        elif told.state != "red":
            doubts.append("the signal's controller says that red had just begun")
    return doubts
