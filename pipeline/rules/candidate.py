"""An offence that a rule offers to the officer, with the reasons for and against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.evidence.manifest import Condition, Measure
from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Box
from pipeline.scene.geometry import Point


@dataclass(frozen=True)
class Candidate:
    """One track, one offence.

    Attributes:
        offence: What.
        track_id: Who.
        vehicle_class: What kind of vehicle.
        lane: Id of the lane.
        frame: Number of the picture that shows the offence.
        at_s: When it happened (may lie between two pictures), seconds since 1970 UTC.
        box: The vehicle in that picture, pixels.
        measured: Numbers with their unit in the key.
        conditions: Every condition of the rule and why it is met, for the officer's checklist.
        doubts: What speaks against, in sentences.
        marks: Boxes in the picture `frame` that prove it (heads), pixels.
        instants: Pictures that prove it, besides `frame`: number of the picture and a point on the road in it that
            was measured, pixels.
        lasting: The offence lasts (driving in a lane), so that any picture of that time shows it; else it is an
            instant (passing a line).
    """

    offence: OffenceCode
    track_id: int
    vehicle_class: str
    lane: str
    frame: int
    at_s: float
    box: Box
    measured: Mapping[str, Measure]
    conditions: tuple[Condition, ...]
    doubts: tuple[str, ...] = ()
    lasting: bool = False
    marks: tuple[Box, ...] = ()
    instants: tuple[tuple[int, Point], ...] = ()


def met(name: str, detail: str) -> Condition:
    """A condition that is fulfilled, with the reason."""
    return Condition(name=name, met=True, detail=detail)
