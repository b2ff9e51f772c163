"""A plate whose month is over."""

from __future__ import annotations

import re

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import plainest

SURE_EXPIRY = 0.8
MIN_LOOKS = 2
OLDEST_YEARS = 15
"""A plate that ended longer ago is rather misread than driven with."""


def plate_expired(moment: Moment) -> list[Candidate]:
    """The plate's expiry line shows a month that is over: UU 22/2009 Art. 288(1) with Art. 70, for review.

    Judged when the vehicle has passed. All of these must hold:

    1. The scene asks for it (`checks: [plate_expired]`).
    2. The plate was read (not guessed), in at least `MIN_LOOKS` looks.
    3. Its second line was read as MM.YY, with a confidence of at least `SURE_EXPIRY`, and that month lies before the
       present one. The month itself still counts as valid.

    It is a flag for review: only the register knows whether the tax was paid and the new plate is on its way; the
    doubt that says so is always there.
    """
    if not moment.closing or "plate_expired" not in moment.scene.checks:
        return []
    return [c for track in moment.tracks if (c := _judge(moment, track))]


def months_over(expiry: str, year: int, month: int) -> int | None:
    """How many months a plate is over in the given month: 0 or less = still valid; None when it is no MM.YY."""
    read = re.fullmatch(r"(0[1-9]|1[0-2])[.·/ ]?([0-9]{2})", expiry)
    return None if read is None else (year * 12 + month) - ((2000 + int(read[2])) * 12 + int(read[1]))


def _judge(moment: Moment, track: Track) -> Candidate | None:
    vote = moment.plates.get(track.id)
    if vote is None or not vote.text or not vote.expiry or (vote.expiry_confidence or 0.0) < SURE_EXPIRY:
        return None
    shown = plainest(track, moment.scene, vote.best.frame if vote.best else None)
    local = moment.local(shown.at_s)
    over = months_over(vote.expiry, local.year, local.month)
    if over is None or over <= 0 or vote.looks < MIN_LOOKS:
        return None
    doubts = ["for review: only the register knows whether the registration was renewed"]
    if over > 12 * OLDEST_YEARS:
        doubts.append(f"{GRAVE}the month {vote.expiry} is so long ago that it is rather misread")
    return Candidate(
        offence=OffenceCode.PLATE_EXPIRED,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane="",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={
            "expiry": vote.expiry,
            "expiry_confidence": vote.expiry_confidence,
            "months_over": over,
            "looks": vote.looks,
        },
        conditions=(
            met("The plate's second line was read", f"{vote.expiry}, confidence {vote.expiry_confidence or 0:.2f}"),
            met("Its month is over", f"by {over} months on {local:%Y-%m-%d}"),
        ),
        doubts=(*common_doubts(track, (shown,), moment), *doubts),
        lasting=True,
    )
