"""The stills that prove an offence, besides overview and offence: before and beyond a line, measured points, heads.

Originals are whole pictures as the camera gave them; what is drawn or cut is a derivative that names its parent and how
it was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline import stills
from pipeline.evidence.offence import OffenceCode
from pipeline.evidence.package import MediaMember
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate
from pipeline.scene.geometry import Point

BEFORE, BEYOND = "before.jpg", "beyond.jpg"
APART_S = 0.8
LEAST_APART_S = 0.15
MOST_HEADS = 4
HEAD_MARGIN = 0.4

Picture = NDArray[np.uint8]
_WITH_BOTH_SIDES = frozenset({OffenceCode.RED_LIGHT, OffenceCode.LINE_CROSSED, OffenceCode.U_TURN})


@dataclass(frozen=True)
class Original:
    """A further whole picture that belongs to the proof."""

    name: str
    role: str
    sighting: Sighting


def originals(candidate: Candidate, track: Track) -> list[Original]:
    """Which further pictures prove an offence.

    Args:
        candidate: The offence.
        track: The vehicle's whole way.
    """
    if candidate.offence is OffenceCode.SPEED and candidate.instants:
        first = next((s for s in track.sightings if s.frame == candidate.instants[0][0]), None)
        return [Original(BEFORE, "before", first)] if first and first.frame != candidate.frame else []
    if candidate.offence not in _WITH_BOTH_SIDES:
        return []
    red_s = candidate.measured.get("red_for_s")
    # Before the line, and red already: both must show in one picture.
    apart_s = APART_S if not isinstance(red_s, int | float) else max(LEAST_APART_S, min(APART_S, 0.8 * red_s))
    before = _nearest(track, candidate.at_s - apart_s, -LEAST_APART_S, candidate)
    beyond = _nearest(track, candidate.at_s + APART_S, LEAST_APART_S, candidate)
    found = [(BEFORE, "before", before), (BEYOND, "beyond", beyond)]
    return [Original(name, role, sighting) for name, role, sighting in found if sighting is not None]


def _nearest(track: Track, at_s: float, least_s: float, candidate: Candidate) -> Sighting | None:
    """The sighting nearest to an instant, on that side of the offence."""
    side = [
        s
        for s in track.sightings
        if (s.at_s - candidate.at_s) * (1 if least_s > 0 else -1) >= abs(least_s) and s.frame != candidate.frame
    ]
    return min(side, key=lambda sighting: abs(sighting.at_s - at_s), default=None)


def derivatives(candidate: Candidate, pictures: Mapping[str, Picture], offence: str) -> list[MediaMember]:
    """Measured points drawn on their stills, and heads cut out.

    Args:
        candidate: The offence.
        pictures: The originals by name, uint8 [height, width, 3] BGR; they are not changed.
        offence: Name of the offence still.
    """
    found: list[MediaMember] = []
    for number, (name, (_, point)) in enumerate(zip((BEFORE, offence), candidate.instants, strict=False), 1):
        if name in pictures:
            drawn = _marked(pictures[name], [place for _, place in candidate.instants], point)
            recipe = f"measured point {point[0]:.1f},{point[1]:.1f} and the way between both points"
            found.append(
                MediaMember(f"measured-{number}.jpg", "measured", "image/jpeg", stills.jpeg(drawn), name, recipe)
            )
    for number, box in enumerate(candidate.marks[:MOST_HEADS], 1):
        crop, place = _cut(pictures[offence], box)
        if crop.size:
            recipe = f"crop {','.join(str(value) for value in place)}"
            found.append(
                MediaMember(f"head-{number}.jpg", "head", "image/jpeg", stills.jpeg(crop, 95), offence, recipe)
            )
    return found


def _marked(picture: Picture, way: Sequence[Point], point: Point) -> Picture:
    drawn = picture.copy()
    ends = [(round(x), round(y)) for x, y in way]
    cv2.line(drawn, ends[0], ends[-1], stills.WHITE, 2, cv2.LINE_AA)
    cv2.drawMarker(drawn, (round(point[0]), round(point[1])), stills.OFFENDER, cv2.MARKER_CROSS, 24, 3)
    return drawn


def _cut(picture: Picture, box: Sequence[float]) -> tuple[Picture, tuple[int, int, int, int]]:
    dx, dy = HEAD_MARGIN * (box[2] - box[0]), HEAD_MARGIN * (box[3] - box[1])
    height, width = picture.shape[:2]
    x1, y1 = max(0, round(box[0] - dx)), max(0, round(box[1] - dy))
    x2, y2 = min(width, round(box[2] + dx)), min(height, round(box[3] + dy))
    return picture[y1:y2, x1:x2], (x1, y1, x2, y2)
