"""What is forbidden, one file an offence: a `Moment` in, `Candidate`s out. Pure: no picture, no clock, no file.

To add a rule: write a function `Moment -> list[Candidate]` in a module of its own, name the article and every
condition in its docstring, and
add it to `RULES`.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.evidence.offence import OffenceCode
from pipeline.perception.track import Track
from pipeline.rules.bus_lane import bus_lane, may_use
from pipeline.rules.candidate import Candidate
from pipeline.rules.moment import Moment
from pipeline.rules.red_light import red_light
from pipeline.rules.wrong_way import wrong_way
from pipeline.scene import Scene

Rule = Callable[[Moment], list[Candidate]]

RULES: tuple[Rule, ...] = (bus_lane, wrong_way, red_light)


def judge(moment: Moment) -> list[Candidate]:
    """All candidates of all rules at one picture."""
    return [candidate for rule in RULES for candidate in rule(moment)]


def stands(candidate: Candidate, track: Track, scene: Scene) -> bool:
    """Whether a candidate still holds when the vehicle has passed: seen closer, it may be a bus after all.

    Args:
        candidate: As it was offered.
        track: The whole track.
        scene: What is allowed.
    """
    if candidate.offence is OffenceCode.BUS_LANE:
        lane = next(lane for lane in scene.lanes if lane.id == candidate.lane)
        return lane.reserved_for is not None and not may_use(track, lane.reserved_for)
    return True


__all__ = ["RULES", "Candidate", "Moment", "Rule", "judge", "stands"]
