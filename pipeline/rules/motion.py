"""How far and which way a track moved, by what can be trusted of its boxes; shared by the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from pipeline.perception.track import Box, Sighting, Track, overlap
from pipeline.scene import Scene
from pipeline.scene.geometry import Point, within

LONGEST_STAY_S = 6.0
"""A longer stay proves no more, and need not be counted picture after picture."""
SHOWN_WITHIN_S = 15.0
EDGE_PX = 3.0
"""A box that ends so near to the picture's edge goes on beyond it."""
ENTANGLED_OVERLAP = 0.45
TOUCH_PX = 4.0
MOST_GROWTH = 1.15


def stay(track: Track, area: tuple[Point, ...]) -> tuple[Sighting, ...]:
    """The latest unbroken stretch of sightings with the wheels in an area; empty when the last one is outside.

    Args:
        track: Who.
        area: A polygon in pixels.
    """
    sightings, holds = track.sightings, within(area)
    first = len(sightings)
    earliest_s = track.last.at_s - LONGEST_STAY_S
    while first > 0 and sightings[first - 1].at_s >= earliest_s and holds(sightings[first - 1].ground):
        first -= 1
    return sightings[first:]


def displacement(first: Sighting, last: Sighting, scene: Scene) -> Point:
    """How far the vehicle moved in the picture, in pixels.

    Both edges of a box move with a vehicle that drives; where only one does, something else came before it or its box
    was cut. So the smaller of
    the two movements counts; an edge that the picture cuts in one of the sightings says nothing, and the other one is
    taken alone.
    """
    wheels = last.ground[0] - first.ground[0], last.ground[1] - first.ground[1]
    roof = last.top[0] - first.top[0], last.top[1] - first.top[1]
    if max(first.box[3], last.box[3]) >= scene.frame.height_px - EDGE_PX:
        return roof
    if min(first.box[1], last.box[1]) <= EDGE_PX:
        return wheels
    return min(wheels, roof, key=lambda moved: math.hypot(*moved))


def travel_sizes(sightings: Sequence[Sighting], scene: Scene) -> float:
    """Distance between the first and the last sightings, in sizes of the vehicle itself (about its length).

    The median over three beginnings and three ends: one box that jumps is no journey.
    """
    moved = [math.hypot(*displacement(start, end, scene)) for start in sightings[:3] for end in sightings[-3:]]
    return median(moved) / median(sighting.size_px for sighting in sightings)


def entangled_with(track: Track, others: Sequence[Track]) -> int | None:
    """Number of another track whose box lies over this one's, so that the two may be confused; None when alone."""
    for other in others:
        if other.id != track.id and overlap(track.last.box, other.last.box) > ENTANGLED_OVERLAP:
            return other.id
    return None


def side_covered_share(sightings: Sequence[Sighting], others: Sequence[Track]) -> float:
    """In which share of the sightings a nearer vehicle covers one of its sides, so that only a part of it is seen.

    Args:
        sightings: Of one track.
        others: All other tracks, with their histories.
    """
    by_frame: dict[int, list[Sighting]] = {}
    frames = {sighting.frame for sighting in sightings}
    for other in others:
        for seen in reversed(other.sightings[-len(sightings) * 2 :]):
            if seen.frame < sightings[0].frame:
                break
            if seen.frame in frames:
                by_frame.setdefault(seen.frame, []).append(seen)
    covered = sum(any(_covers_side(o.box, s.box) for o in by_frame.get(s.frame, ())) for s in sightings)
    return covered / len(sightings)


def _covers_side(near: Box, far: Box) -> bool:
    height = far[3] - far[1]
    spans = near[1] <= far[1] + 0.25 * height and near[3] >= far[3] + 0.1 * height
    touches = near[0] < far[2] + TOUCH_PX and far[0] < near[2] + TOUCH_PX
    one_side = (near[0] < far[0]) != (near[2] > far[2])
    return spans and touches and one_side


def longest_gap_s(sightings: Sequence[Sighting]) -> float:
    """Longest time between two neighbouring sightings, in seconds."""
    return max((later.at_s - earlier.at_s for earlier, later in pairwise(sightings)), default=0.0)


def standing_since(track: Track, within_sizes: float = 0.12) -> Sighting | None:
    """The sighting since which the vehicle has not moved; None when it moves.

    A sighting counts as in the same place when its wheels or its roof are within `within_sizes` of its own size of
    where they are last; a single box that jumps is passed over.
    """
    last = track.last
    ground, top, size = last.ground, last.top, last.size_px
    since: Sighting | None = None
    strays = 0
    for sighting in reversed(track.sightings):
        own = sighting.size_px
        near = within_sizes * min(own, size)
        still = math.dist(sighting.ground, ground) <= near or math.dist(sighting.top, top) <= near
        # Who drives straight away from the camera keeps its place in the picture for a while, but shrinks.
        if still and MOST_GROWTH > own / size > 1 / MOST_GROWTH:
            since, strays = sighting, 0
            continue
        strays += 1
        if strays > 2:
            break
    return None if since is last else since


def leap(sightings: Sequence[Sighting]) -> float:
    """The largest jump off a steady way, in the vehicle's own sizes: 0 = smooth.

    A tracker that mixes up two vehicles makes the way jump, or the box change its size, from one picture to the next.

    Args:
        sightings: In order of time.
    """
    worst = 0.0
    for first, second, third in zip(sightings, sightings[1:], sightings[2:], strict=False):
        step_s, next_s = second.at_s - first.at_s, third.at_s - second.at_s
        if step_s <= 0 or next_s <= 0:
            return math.inf
        # Where a box is cut off or covered only one of its edges moves: the smoother one counts.
        (ax, low_a), (bx, low_b), (cx, low_c) = first.ground, second.ground, third.ground
        high_a, high_b, high_c = first.box[1], second.box[1], third.box[1]
        off_low = low_c - low_b - (low_b - low_a) * next_s / step_s
        off_high = high_c - high_b - (high_b - high_a) * next_s / step_s
        off = math.hypot(cx - bx - (bx - ax) * next_s / step_s, min(abs(off_low), abs(off_high)))
        size = max(1.0, min(second.size_px, third.size_px))
        worst = max(worst, off / size - max(0.0, next_s - 0.2))
    return max(0.0, worst)


def plainest(track: Track, scene: Scene, frame: int | None) -> Sighting:
    """The sighting that shows a vehicle best: that of a given picture, else the largest that no edge cuts.

    Only of its last `SHOWN_WITHIN_S`: of older ones the pictures may be gone.

    Args:
        track: Who.
        scene: For the picture's edges.
        frame: Number of a picture that is preferred, or None.
    """
    recent = [s for s in track.sightings if s.at_s >= track.last.at_s - SHOWN_WITHIN_S]
    for sighting in recent:
        if sighting.frame == frame:
            return sighting
    right, bottom = scene.frame.width_px - EDGE_PX, scene.frame.height_px - EDGE_PX
    whole = [s for s in recent if s.box[0] > EDGE_PX and s.box[1] > EDGE_PX and s.box[2] < right and s.box[3] < bottom]
    return max(whole or recent, key=lambda sighting: sighting.size_px)
