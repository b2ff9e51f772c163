"""What makes an offence less certain, whichever it is; "grave:" at the beginning keeps it from being offered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from pipeline.perception.track import Sighting, Track
from pipeline.rules.moment import Moment
from pipeline.rules.motion import entangled_with, leap, longest_gap_s
from pipeline.scene.geometry import within
from pipeline.scene.hours import Hours

GRAVE = "grave: "
LONG_GAP_S = 0.8
MOST_LEAP_SIZES = 0.6
MIN_CLASS_SHARE = 0.75
LARGE = ("bus", "truck")
HIGHEST_SMALL_M = 3.7
LONGEST_SMALL_M = 6.5
"""At the scale of the road under it: a car's box, roof and length seen from a usual pole, is no higher, and from its
side no longer; that of a bus is (3.2 m of wall alone)."""
SIZED_LOOKS = 8


def is_grave(doubts: Sequence[str]) -> bool:
    """Whether one of the doubts keeps a candidate from being offered for approval."""
    return any(doubt.startswith(GRAVE) for doubt in doubts)


def common_doubts(track: Track, sightings: Sequence[Sighting], moment: Moment) -> list[str]:
    """What speaks against any offence of this track.

    Args:
        track: Who.
        sightings: Those that the offence rests on.
        moment: With the others who are in the picture.
    """
    doubts: list[str] = []
    gap_s = longest_gap_s(sightings)
    if gap_s > LONG_GAP_S:
        doubts.append(f"the vehicle was out of sight for {gap_s:.1f} s while it was followed")
    if leap(sightings) > MOST_LEAP_SIZES:
        doubts.append(f"{GRAVE}its way jumps from one picture to the next: two vehicles may have been taken for one")
    other = None if moment.closing else entangled_with(track, moment.tracks)
    if other is not None:
        doubts.append(
            f"another vehicle (track {other}) covers it in this picture: make sure that the right one is meant"
        )
    share = track.share(track.vehicle_class)
    if share < MIN_CLASS_SHARE:
        doubts.append(f"its class is not certain: {track.vehicle_class} in {share:.0%} of the looks")
    doubts += hidden_doubts(sightings, moment)
    return doubts


def size_doubts(track: Track, sightings: Sequence[Sighting], moment: Moment, free: Sequence[str]) -> list[str]:
    """Whether what is named a small vehicle is as large as a bus or truck that the rule leaves free.

    A detector names many buses cars; in metres they cannot be mistaken. Without ground references nothing is said.

    Args:
        track: Who.
        sightings: Those that the offence rests on.
        moment: With the scene's ground references.
        free: Classes that the rule does not bind.
    """
    ground = moment.scene.ground
    if ground is None or track.vehicle_class in LARGE or not set(free) & set(LARGE):
        return []
    high_m: list[float] = []
    wide_m: list[float] = []
    for sighting in sightings[:: max(1, len(sightings) // SIZED_LOOKS)]:
        x, y = sighting.ground
        metres_a_pixel = math.dist(ground.metre((x - 4.0, y)), ground.metre((x + 4.0, y))) / 8
        left, top, right, bottom = sighting.box
        if math.isfinite(metres_a_pixel):
            high_m.append((bottom - top) * metres_a_pixel)
            wide_m.append((right - left) * metres_a_pixel)
    high, wide = median(high_m or [0.0]), median(wide_m or [0.0])
    if high <= HIGHEST_SMALL_M and wide <= LONGEST_SMALL_M:
        return []
    size = f"{wide:.1f} m by {high:.1f} m"
    return [f"{GRAVE}it looks {size} large, more than a {track.vehicle_class}: it may be a bus or a truck"]


def hidden_doubts(sightings: Sequence[Sighting], moment: Moment) -> list[str]:
    """Whether it drove through a part of the picture in which the road cannot be seen."""
    for zone in moment.scene.zones:
        if zone.use == "hidden" and any(within(zone.polygon)(sighting.ground) for sighting in sightings):
            return [f"it passed where the road is hidden from the camera (zone {zone.id})"]
    return []


def sign_doubts(moment: Moment, at_s: float, hours: tuple[Hours, ...] = ()) -> list[str]:
    """What may have freed everybody from signs, signals and markings at that instant.

    Args:
        moment: With the scene.
        at_s: When the offence was.
        hours: Those that the offence depends on.
    """
    now = moment.local(at_s)
    doubts = [
        f"{GRAVE}police directed the traffic at that time ({directed.by}; UU 22/2009 Art. 104)"
        for directed in moment.scene.directed
        if directed.start <= now <= directed.end
    ]
    if moment.holidays_unknown(hours, at_s):
        doubts.append(f"{GRAVE}whether {now:%Y-%m-%d} is a holiday is not known to the scene")
    return doubts


def plate_doubts(moment: Moment, track_id: int) -> list[str]:
    """Whether the plate is that of a vehicle with priority (UU 22/2009 Art. 134), as far as the scene lists them."""
    vote = moment.plates.get(track_id)
    if vote is None or not moment.scene.priority_plates:
        return []
    listed = set(moment.scene.priority_plates)
    if vote.text in listed:
        return [f"{GRAVE}{vote.text} is registered as a priority vehicle (UU 22/2009 Art. 134)"]
    if vote.text is None and any(text in listed for text, _ in vote.candidates):
        return [f"{GRAVE}its plate may be that of a registered priority vehicle (UU 22/2009 Art. 134)"]
    return []


def person_doubts(moment: Moment) -> list[str]:
    """Whether somebody stands on the carriageway, off the crosswalks: who may be directing the traffic."""
    scene = moment.scene
    roads = [lane.polygon for lane in scene.lanes] + [zone.polygon for zone in scene.zones if zone.use == "box"]
    walks = [zone.polygon for zone in scene.zones if zone.use == "crosswalk"]
    for x1, _, x2, y2 in moment.persons:
        feet = (x1 + x2) / 2, y2
        if any(within(road)(feet) for road in roads) and not any(within(walk)(feet) for walk in walks):
            return [f"{GRAVE}a person stands on the carriageway: the traffic may be directed by hand"]
    return []
