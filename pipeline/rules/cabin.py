"""Seat belt and phone: experimental. The way is built, the eye is not: there is no model that looks into a cabin yet.

`pipeline.perception.cabin` is the port that such a model would stand behind; these rules turn its verdict into a
candidate that is never offered for approval. A scene switches them on under `experimental`; they are off elsewhere.
"""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.cabin import CabinVerdict
from pipeline.perception.track import Track
from pipeline.rules.candidate import Candidate, met
from pipeline.rules.doubts import GRAVE, common_doubts
from pipeline.rules.moment import Moment
from pipeline.rules.motion import plainest

MIN_LOOKS = 5
EXPERIMENTAL = f"{GRAVE}experimental: no model that looks into a cabin has been measured yet"


def seat_belt(moment: Moment) -> list[Candidate]:
    """The driver wears no seat belt: UU 22/2009 Art. 289 with Art. 106(6). Experimental, never offered.

    Conditions: the scene lists it under `experimental`; a car, bus or truck; a cabin reader says so in `MIN_LOOKS`.
    """
    return _judged(moment, OffenceCode.SEAT_BELT)


def phone(moment: Moment) -> list[Candidate]:
    """The driver holds a phone: UU 22/2009 Art. 283 with Art. 106(1). Experimental, never offered.

    Conditions: the scene lists it under `experimental`; a car, bus or truck; a cabin reader says so in `MIN_LOOKS`.
    """
    return _judged(moment, OffenceCode.PHONE)


def _judged(moment: Moment, offence: OffenceCode) -> list[Candidate]:
    if not moment.closing or offence.value not in moment.scene.experimental:
        return []
    found: list[Candidate] = []
    for track in moment.tracks:
        verdict = moment.cabins.get(track.id)
        if verdict is None or verdict.looks < MIN_LOOKS or track.vehicle_class not in ("car", "bus", "truck"):
            continue
        if verdict.belted is False if offence is OffenceCode.SEAT_BELT else verdict.phone is True:
            found.append(_candidate(moment, track, offence, verdict))
    return found


def _candidate(moment: Moment, track: Track, offence: OffenceCode, verdict: CabinVerdict) -> Candidate:
    shown = plainest(track, moment.scene, verdict.best_frame)
    return Candidate(
        offence=offence,
        track_id=track.id,
        vehicle_class=track.vehicle_class,
        lane="",
        frame=shown.frame,
        at_s=shown.at_s,
        box=shown.box,
        measured={"looks": verdict.looks},
        conditions=(met("A cabin reader says so", f"in {verdict.looks} looks"),),
        doubts=(EXPERIMENTAL, *common_doubts(track, (shown,), moment)),
        lasting=True,
    )
