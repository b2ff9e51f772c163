"""Everybody's way through the clip of a finding, for the office: drawn over the clip, and what is blurred with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pipeline.evidence.manifest import Box
from pipeline.evidence.moving import MAX_MOMENTS, MAX_OTHERS, MAX_POINTS, Instant, Moving, Outline
from pipeline.perception.phase import PhaseLog
from pipeline.scene import Scene
from pipeline.scene.geometry import Point


@dataclass(frozen=True)
class Presence:
    """Who was where in one analysed picture.

    Attributes:
        at_s: Capture time in seconds since 1970 UTC.
        own: Box of the vehicle of the case, or None where it was not seen.
        others: Boxes of all others, without the parts that lie over `own`.
    """

    at_s: float
    own: Box | None
    others: tuple[Box, ...]


def moving(
    scene: Scene,
    lane_id: str,
    presences: Iterable[Presence],
    phases: PhaseLog,
    *,
    happened_s: float,
    clip_begins_s: float,
    clip_ends_s: float,
) -> Moving:
    """The member's contents.

    A picture with more boxes than the member takes is left out: of its moment nothing is known then, and the office
    shows nothing of it.

    Args:
        scene: Where.
        lane_id: The lane, zone or solid line of the offence.
        presences: The analysed pictures around the offence.
        phases: The log of the signals.
        happened_s: Capture time of the offence.
        clip_begins_s: Capture time of the clip's time 0.
        clip_ends_s: Capture time at which the clip was to end.
    """
    heads = {lane.signal for lane in scene.lanes if lane.id == lane_id and lane.signal}
    instants = [
        Instant(
            at_s=round(one.at_s - happened_s, 3),
            own=None if one.own is None else _rounded(one.own),
            others=tuple(_rounded(box) for box in one.others),
            phases={head: change.state for head in sorted(heads) if (change := phases.at(head, one.at_s)) is not None},
        )
        for one in sorted(presences, key=lambda one: one.at_s)
        if clip_begins_s - 1 <= one.at_s <= clip_ends_s + 1 and len(one.others) <= MAX_OTHERS
    ]
    return Moving(
        width_px=scene.frame.width_px,
        height_px=scene.frame.height_px,
        clip_begins_s=round(clip_begins_s - happened_s, 3),
        outlines=tuple(_outlines(scene, lane_id)),
        instants=tuple(instants[-MAX_MOMENTS:]),
    )


def _outlines(scene: Scene, lane_id: str) -> Iterator[Outline]:
    for lane in scene.lanes:
        if lane.id != lane_id:
            continue
        yield _outline("lane", lane.id, lane.polygon, closed=True)
        if lane.stop_line:
            yield _outline("stop_line", lane.id, lane.stop_line)
        if lane.direction:
            yield _outline("direction", lane.id, lane.direction)
        for head in scene.signals:
            if head.id == lane.signal:
                x1, y1, x2, y2 = head.box
                yield _outline("signal", head.id, [(x1, y1), (x2, y1), (x2, y2), (x1, y2)], closed=True)
    for zone in scene.zones:
        if zone.id == lane_id:
            yield _outline("zone", zone.id, zone.polygon, closed=True)
    for line in scene.solid_lines:
        if line.id == lane_id:
            yield _outline("solid_line", line.id, line.line)


def _outline(sort: str, name: str, points: Sequence[Point], *, closed: bool = False) -> Outline:
    placed = [(round(float(x), 1), round(float(y), 1)) for x, y in points[:MAX_POINTS]]
    return Outline.model_validate({"sort": sort, "name": name, "points": placed, "closed": closed})


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 1) for value in box)
    return x1, y1, x2, y2
