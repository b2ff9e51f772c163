"""Riding a motorcycle without a helmet."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import plainest, travel_sizes

MIN_LOOKS = 5
MIN_SPAN_S = 0.5
MIN_TRAVEL_SIZES = 0.3
MIN_CLASS_SHARE = 0.7


def no_helmet(moment: Moment) -> list[Candidate]:
    """Somebody on a motorcycle wears no helmet: UU 22/2009 Art. 291(1) (rider), 291(2) (passenger); Art. 106(8).

    Judged when the motorcycle has passed. All of these must hold:

    1. The scene asks for it (`checks: [no_helmet]`).
    2. The vehicle is a motorcycle (`MIN_CLASS_SHARE` of its votes) and was driving: who pushes or waits is none.
    3. At least one head is bare by the vote of `MIN_LOOKS` looks over `MIN_SPAN_S`. A hijab, a cap or a songkok is no
       helmet; a head that nobody can judge is not bare.

    Which of them rides and which is the passenger the officer says: the article's paragraph depends on it.
    """
    if not moment.closing or "no_helmet" not in moment.scene.checks:
        return []
    return [c for track in moment.tracks if (c := _judge(moment, track))]


def _judge(moment: Moment, track: Track) -> Candidate | None:
    verdict = moment.riders.get(track.id)
    if verdict is None or verdict.bare < 1 or verdict.looks < MIN_LOOKS or verdict.span_s < MIN_SPAN_S:
        return None
    if track.share("motorcycle") < MIN_CLASS_SHARE or travel_sizes(track.sightings, moment.scene) < MIN_TRAVEL_SIZES:
        return None
    shown = plainest(track, moment.scene, verdict.best_frame)
    doubts = [f"of the heads: {verdict.reason}"] if verdict.reason else []
    if verdict.riders is not None and verdict.bare > verdict.riders:
        doubts.append(f"{GRAVE}more bare heads ({verdict.bare}) than riders ({verdict.riders}) were counted")
    if verdict.unclear:
        doubts.append(f"{verdict.unclear} of the heads cannot be judged")
    return Candidate(
        offence=OffenceCode.NO_HELMET,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane="",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={
            "riders": verdict.riders,
            "bare_heads": verdict.bare,
            "helmets": verdict.helmeted,
            "unclear_heads": verdict.unclear,
            "looks": verdict.looks,
            "span_s": round(verdict.span_s, 3),
        },
        conditions=(
            met("It is a motorcycle", f"{track.share('motorcycle'):.0%} of the looks"),
            met("It was driving", "it moved while it was seen"),
            met("A head is bare", f"{verdict.bare} by the vote of {verdict.looks} looks over {verdict.span_s:.1f} s"),
        ),
        doubts=(*common_doubts(track, (shown,), moment), *doubts),
        lasting=True,
        marks=verdict.head_boxes if shown.frame == verdict.best_frame else (),
    )
