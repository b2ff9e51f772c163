"""More than one passenger on a motorcycle."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import plainest, travel_sizes

MOST_RIDERS = 2
MIN_LOOKS = 5
MIN_SPAN_S = 0.5
MIN_TRAVEL_SIZES = 0.3
MIN_CLASS_SHARE = 0.7


def pillion(moment: Moment) -> list[Candidate]:
    """More than two persons on a motorcycle without a side car: UU 22/2009 Art. 292 with Art. 106(9).

    Judged when the motorcycle has passed. All of these must hold:

    1. The scene asks for it (`checks: [pillion]`).
    2. The vehicle is a motorcycle (`MIN_CLASS_SHARE` of its votes) and was driving.
    3. By the vote of `MIN_LOOKS` looks over `MIN_SPAN_S`, more than `MOST_RIDERS` persons sit on it; where they cannot
       be counted the rule is silent. A child counts, luggage does not.
    """
    if not moment.closing or "pillion" not in moment.scene.checks:
        return []
    return [c for track in moment.tracks if (c := _judge(moment, track))]


def _judge(moment: Moment, track: Track) -> Candidate | None:
    verdict = moment.riders.get(track.id)
    if verdict is None or verdict.riders is None or verdict.riders <= MOST_RIDERS:
        return None
    if verdict.looks < MIN_LOOKS or verdict.span_s < MIN_SPAN_S or track.share("motorcycle") < MIN_CLASS_SHARE:
        return None
    if travel_sizes(track.sightings, moment.scene) < MIN_TRAVEL_SIZES:
        return None
    shown = plainest(track, moment.scene, verdict.best_frame)
    doubts = ["whether it has a side car is for the officer to see"]
    if verdict.reason:
        doubts.append(f"of the riders: {verdict.reason}")
    return Candidate(
        offence=OffenceCode.PILLION,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane="",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={"riders": verdict.riders, "looks": verdict.looks, "span_s": round(verdict.span_s, 3)},
        conditions=(
            met("It is a motorcycle", f"{track.share('motorcycle'):.0%} of the looks"),
            met("It was driving", "it moved while it was seen"),
            met("More than two persons sit on it", f"{verdict.riders} by the vote of {verdict.looks} looks"),
        ),
        doubts=(*common_doubts(track, (shown,), moment), *doubts),
        lasting=True,
        marks=verdict.head_boxes if shown.frame == verdict.best_frame else (),
    )
