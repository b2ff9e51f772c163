"""How far and which way a track moved, by what can be trusted of its boxes; shared by the rules."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from pipeline.perception.track import Sighting, Track, overlap
from pipeline.scene import Lane, Scene
from pipeline.scene.geometry import Point, inside

EDGE_PX = 3.0
"""A box that ends so near to the picture's edge goes on beyond it."""
ENTANGLED_OVERLAP = 0.45


def stay(track: Track, lane: Lane) -> tuple[Sighting, ...]:
    """The latest unbroken stretch of sightings with the wheels in the lane; empty when the last one is outside."""
    sightings = track.sightings
    first = len(sightings)
    while first > 0 and inside(sightings[first - 1].ground, lane.polygon):
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


def longest_gap_s(sightings: Sequence[Sighting]) -> float:
    """Longest time between two neighbouring sightings, in seconds."""
    return max((later.at_s - earlier.at_s for earlier, later in pairwise(sightings)), default=0.0)


def common_doubts(track: Track, sightings: Sequence[Sighting], others: Sequence[Track]) -> tuple[str, ...]:
    """What makes any offence of this track less certain."""
    doubts: list[str] = []
    gap_s = longest_gap_s(sightings)
    if gap_s > 0.8:
        doubts.append(f"the vehicle was out of sight for {gap_s:.1f} s while it was followed")
    other = entangled_with(track, others)
    if other is not None:
        doubts.append(
            f"another vehicle (track {other}) covers it in this picture: make sure that the right one is meant"
        )
    share = track.share(track.vehicle_class)
    if share < 0.75:
        doubts.append(f"its class is not certain: {track.vehicle_class} in {share:.0%} of the looks")
    return tuple(doubts)
