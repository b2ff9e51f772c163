"""What is doubtful about a case because of the clock that timed its pictures."""

from __future__ import annotations

from pipeline.evidence.offence import OffenceCode
from pipeline.ingest import CaptureClock
from pipeline.rules import Candidate
from pipeline.rules.doubts import GRAVE
from pipeline.scene import Scene
from pipeline.scene.hours import Hours

NOT_SET = "nobody said when this was recorded: date and time are assumed"
AGREE_S = 2.0
HELD_S = 120.0
"""Clocks that differ by more: which of them is right is for a human to find out, before anything is offered."""
BY_DATE = frozenset({OffenceCode.ODD_EVEN, OffenceCode.PLATE_EXPIRED, OffenceCode.SPEED})
"""Offences that hang on the day: of the month, of a plate's last month, of a certificate's validity."""


def clock_doubts(candidate: Candidate, clock: CaptureClock, scene: Scene) -> tuple[str, ...]:
    """Doubts from the clock: none only where it was set, and agrees with whatever else tells the time.

    Args:
        candidate: The case.
        clock: How far its pictures' times can be believed.
        scene: Whether what is forbidden depends on the hour.
    """
    if clock.source == "assumed":
        if candidate.offence in BY_DATE or not all(part.always for part in _hours(candidate, scene)):
            return (f"{GRAVE}{NOT_SET}, and with them whether this was forbidden at all",)
        return (NOT_SET,)
    apart_s = clock.apart_s or 0.0
    if abs(apart_s) <= AGREE_S or clock.source == "rtcp":
        return ()
    doubt = f"the camera's own clock is {apart_s:+.0f} s off that of the box, which was taken"
    return (f"{GRAVE}{doubt}" if abs(apart_s) > HELD_S else doubt,)


def _hours(candidate: Candidate, scene: Scene) -> tuple[Hours, ...]:
    """Those of the lane, zone or marking that the case is about."""
    if candidate.offence is OffenceCode.BUS_LANE:
        kept = next((lane.reserved_for for lane in scene.lanes if lane.id == candidate.lane), None)
        return kept.hours if kept else ()
    hours = {zone.id: zone.hours for zone in scene.zones} | {line.id: line.hours for line in scene.solid_lines}
    return hours.get(candidate.lane, ())
