"""Driving without a plate."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Sighting, Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import EDGE_PX, plainest, travel_sizes
from pipeline.scene import Scene

MIN_WIDTH_PX = {"car": 170.0, "motorcycle": 90.0, "bus": 240.0, "truck": 220.0}
"""So wide a vehicle shows a plate of 40 pixels (430 mm of 1.8 m; motorcycles 275 mm of 0.75 m): it cannot be missed."""
MIN_NEAR = 8
"""Pictures in which it is so near and wholly in the picture."""
MIN_NEAR_S = 0.6
MIN_SCORE = 0.5
MIN_TRAVEL_SIZES = 0.3
MAX_COVER = 0.05


def no_plate(moment: Moment) -> list[Candidate]:
    """A vehicle that is near and sharp shows no plate: UU 22/2009 Art. 280 with Art. 68(1).

    Judged when the vehicle has passed. All of these must hold:

    1. The scene asks for it (`checks: [no_plate]`).
    2. The vehicle is motorised, and was near enough for its plate to be plain (`MIN_WIDTH_PX`) and wholly in the
       picture in at least `MIN_NEAR` pictures and for `MIN_NEAR_S`; it was driving.
    3. No plate was ever seen on it: not one box, however weak, and nothing legible.

    Whether a plate is only hidden or dark nobody can tell from its absence: the doubt that says so is always there. A
    vehicle that others covered, or that is seen from its side only, is none (a grave doubt).
    """
    if not moment.closing or "no_plate" not in moment.scene.checks:
        return []
    return [c for track in moment.tracks if (c := _judge(moment, track))]


def _judge(moment: Moment, track: Track) -> Candidate | None:
    width_px = MIN_WIDTH_PX.get(track.vehicle_class)
    vote = moment.plates.get(track.id)
    if width_px is None or vote is None or vote.seen or vote.text or vote.legible_looks:
        return None
    near = [s for s in track.sightings if _near(s, width_px, moment.scene)]
    if len(near) < MIN_NEAR or near[-1].at_s - near[0].at_s < MIN_NEAR_S:
        return None
    if travel_sizes(track.sightings, moment.scene) < MIN_TRAVEL_SIZES:
        return None
    shown = plainest(track, moment.scene, None)
    doubts = ["a plate may be there and be hidden, bent or dark: look at the stills"]
    sideways = sum(_looks_sideways(track, s) for s in near) / len(near)
    if sideways > 0.5:
        doubts.append(f"{GRAVE}it is seen from its side, where no plate is")
    return Candidate(
        offence=OffenceCode.NO_PLATE,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane="",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={
            "near_pictures": len(near),
            "near_s": round(near[-1].at_s - near[0].at_s, 3),
            "widest_px": round(max(s.box[2] - s.box[0] for s in near), 1),
            "plates_seen": 0,
        },
        conditions=(
            met("The vehicle was near", f"{width_px:.0f} pixels wide and more in {len(near)} pictures"),
            met("It was driving", "it moved while it was seen"),
            met("No plate was seen on it", "not in a single picture"),
        ),
        doubts=(*common_doubts(track, near, moment), *doubts),
        lasting=True,
    )


def _near(sighting: Sighting, width_px: float, scene: Scene) -> bool:
    x1, y1, x2, y2 = sighting.box
    whole = (
        x1 > EDGE_PX and y1 > EDGE_PX and x2 < scene.frame.width_px - EDGE_PX and y2 < scene.frame.height_px - EDGE_PX
    )
    return whole and x2 - x1 >= width_px and sighting.score >= MIN_SCORE


def _looks_sideways(track: Track, sighting: Sighting) -> bool:
    """Much wider than high: a vehicle from its side (a motorcycle from behind is high and narrow)."""
    ratio = (sighting.box[2] - sighting.box[0]) / max(1.0, sighting.box[3] - sighting.box[1])
    return ratio > (0.9 if track.vehicle_class == "motorcycle" else 1.6)
