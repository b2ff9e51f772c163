"""Crossing a solid line."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import pairwise

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts, sign_doubts
from pipeline.rules.exemption import exempt_doubts, is_exempt
from pipeline.rules.moment import Moment
from pipeline.scene import Scene, SolidLine
from pipeline.scene.geometry import Point, along, distance_to_segment, side
from pipeline.scene.homography import Homography

MOTORISED = ("car", "motorcycle", "bus", "truck")
MARGIN_SIZES = 0.2
MARGIN_M = 0.35
"""So far from the line the wheels' middle must be seen on either side: wheels on the line are no crossing."""
MIN_HELD = 3
"""Pictures on each side."""
FRESH_S = 4.0
MIN_TRAVEL_SIZES = 0.5


def line_crossed(moment: Moment) -> list[Candidate]:
    """A vehicle crosses a solid line: UU 22/2009 Art. 287(1), against a road marking.

    All of these must hold:

    1. The marking binds now, and forbids this crossing (from this side).
    2. The vehicle is motorised, and neither its class nor its plate's colour is exempt.
    3. The middle between its wheels was on one side in at least `MIN_HELD` pictures and then on the other side in as
       many, each time by at least `MARGIN_M` (`MARGIN_SIZES` of its own size without a homography): touching the line
       is not crossing it.
    4. It passed between the ends of the marking, and moved on by `MIN_TRAVEL_SIZES` of its own size meanwhile.
    """
    found: list[Candidate] = []
    for line in moment.scene.solid_lines:
        if moment.within(line.hours, moment.at_s):
            found += [c for track in moment.tracks if (c := _judge(moment, line, track))]
    return found


def _judge(moment: Moment, line: SolidLine, track: Track) -> Candidate | None:
    if track.vehicle_class not in MOTORISED or len(track.sightings) < 2 * MIN_HELD:
        return None
    crossed = _crossing(moment, line, track)
    if crossed is None or is_exempt(line.exempt, track, moment):
        return None
    before, after, at_s, to_right, beyond = crossed
    if line.forbidden == ("to_left" if to_right else "to_right"):
        return None
    near = [s for s in track.sightings if before.at_s - 1.0 <= s.at_s <= after.at_s + 1.0]
    travel = math.dist(near[0].ground, near[-1].ground) / after.size_px
    if travel < MIN_TRAVEL_SIZES:
        return None
    towards = "right" if to_right else "left"
    amount = f"{beyond[0]:.1f} m" if beyond[1] == "m" else f"{beyond[0]:.2f} of its own size"
    return Candidate(
        offence=OffenceCode.LINE_CROSSED,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane=line.id,
        frame=after.frame,
        at_s=at_s,
        box=after.box,
        measured={
            "solid_line": line.id,
            "toward": towards,
            f"beyond_{beyond[1]}": round(beyond[0], 2),
            "travel_vehicle_sizes": round(travel, 2),
        },
        conditions=(
            met("The line is solid and binds", f"solid line {line.id}, see the drawn still"),
            met("It was on one side", f"in {MIN_HELD} pictures and more"),
            met("It then was on the other side", f"to the {towards}, by {amount}"),
            met("It crossed, not only touched", "the middle between its wheels passed the line"),
        ),
        doubts=(
            *common_doubts(track, near, moment),
            *sign_doubts(moment, at_s, line.hours),
            *exempt_doubts(line.exempt, track, moment),
        ),
    )


def _crossing(
    moment: Moment, line: SolidLine, track: Track
) -> tuple[Sighting, Sighting, float, bool, tuple[float, str]] | None:
    """Last sighting before, first beyond, instant, whether to the right, and how far with its unit."""
    sightings = track.sightings
    if not moment.closing:
        first = len(sightings)
        while first > 0 and moment.at_s - sightings[first - 1].at_s <= FRESH_S:
            first -= 1
        sightings = sightings[first:]
    offset = _offset_from(line.line)
    sides = [offset(s.ground) for s in sightings]
    known = [side_ for side_ in sides if side_ is not None]
    if not known or (sides[-1] is None and not moment.closing) or min(known) > 0 or max(known) < 0:
        # Most vehicles keep to their side.
        return None
    for index in range(len(sightings) - 1, 0, -1):
        one, other = sides[index - 1], sides[index]
        if one is None or other is None or one * other > 0 or one == other:
            continue
        held = [side_ for side_ in sides[:index] if side_ is not None]
        later = [side_ for side_ in sides[index:] if side_ is not None]
        margins = [_margin_px(moment.scene, sightings[n]) for n in (index - 1, index)]
        sign = 1.0 if one < 0 else -1.0
        before = sum(-sign * value >= margins[0] for value in held)
        after = sum(sign * value >= margins[1] for value in later)
        if before < MIN_HELD or after < MIN_HELD or any(-sign * value >= margins[1] for value in later):
            continue
        share = abs(one) / (abs(one) + abs(other))
        at_s = sightings[index - 1].at_s + share * (sightings[index].at_s - sightings[index - 1].at_s)
        farthest = max(range(index, len(sightings)), key=lambda n: sign * (sides[n] or 0.0))
        amount = _amount(moment.scene, sightings[farthest], sides[farthest] or 0.0)
        return sightings[index - 1], sightings[index], at_s, sign > 0, amount
    return None


@lru_cache(maxsize=64)
def _offset_from(line: tuple[Point, ...]) -> Callable[[Point], float | None]:
    """`_offset` of one marking, which remembers its answers: the same places are asked for picture after picture."""
    return lru_cache(maxsize=4096)(partial(_offset, line=line))


def _offset(point: Point, line: tuple[Point, ...]) -> float | None:
    """Signed distance from the marking in pixels, to the right positive; None beside its ends."""
    nearest: tuple[float, float] | None = None
    for start, end in pairwise(line):
        share = along(point, start, end)
        if -0.02 <= share <= 1.02:
            far = distance_to_segment(point, start, end)
            if nearest is None or far < nearest[0]:
                nearest = far, side(point, start, end)
    return None if nearest is None else nearest[1]


def _margin_px(scene: Scene, sighting: Sighting) -> float:
    if scene.ground is None:
        return MARGIN_SIZES * sighting.size_px
    metres = _metres_aside(scene.ground, sighting)
    return MARGIN_M / metres if math.isfinite(metres) and metres > 0 else MARGIN_SIZES * sighting.size_px


def _amount(scene: Scene, sighting: Sighting, offset_px: float) -> tuple[float, str]:
    if scene.ground is None:
        return abs(offset_px) / sighting.size_px, "vehicle_sizes"
    return abs(offset_px) * _metres_aside(scene.ground, sighting), "m"


def _metres_aside(ground: Homography, sighting: Sighting) -> float:
    """How many metres a pixel to the right is, where a vehicle stands."""
    x, y = sighting.ground
    return math.dist(ground.metre((x, y)), ground.metre((x + 1.0, y)))
