from __future__ import annotations

from typing import Any

import pytest

from pipeline.clock_doubts import clock_doubts
from pipeline.evidence.offence import OffenceCode
from pipeline.ingest import CaptureClock
from pipeline.rules import Candidate, is_grave
from pipeline.scene import Scene
from tests.pipeline.rules.journeys import ROAD, bus_lane_scene, scene

UNSET = CaptureClock("assumed", 86_400_000.0)


def case(offence: OffenceCode, lane: str) -> Candidate:
    return Candidate(offence, 1, "car", lane, 7, 1e9, (0, 0, 9, 9), {}, ())


def zone(**more: Any) -> Scene:
    return scene(zones=[{"id": "area", "use": "no_stopping", "polygon": ROAD, **more}])


@pytest.mark.parametrize(
    ("where", "offence", "lane", "grave"),
    [
        (bus_lane_scene(), OffenceCode.BUS_LANE, "bus", True),
        (zone(), OffenceCode.NO_STOPPING, "area", False),
        (zone(hours=[{"from": "06:00", "to": "09:00"}]), OffenceCode.NO_STOPPING, "area", True),
        (scene(checks=["plate_expired"]), OffenceCode.PLATE_EXPIRED, "", True),
        (scene(checks=["no_helmet"]), OffenceCode.NO_HELMET, "", False),
    ],
)
def test_without_a_time_nothing_is_free_of_doubt_and_what_hangs_on_the_hour_is_never_offered(
    where: Scene, offence: OffenceCode, lane: str, grave: bool
) -> None:
    doubts = clock_doubts(case(offence, lane), UNSET, where)
    assert len(doubts) == 1
    assert is_grave(doubts) is grave


@pytest.mark.parametrize(
    ("clock", "count", "grave"),
    [
        (CaptureClock("file", 1000.0), 0, False),
        (CaptureClock("rtcp", 20.0, apart_s=0.4), 0, False),
        (CaptureClock("arrival", 500.0, apart_s=30.0), 1, False),
        (CaptureClock("arrival", 500.0, apart_s=-3600.0), 1, True),
    ],
)
def test_two_clocks_that_disagree_are_told_and_held_when_far_apart(
    clock: CaptureClock, count: int, grave: bool
) -> None:
    doubts = clock_doubts(case(OffenceCode.WRONG_WAY, "up"), clock, bus_lane_scene())
    assert len(doubts) == count
    assert is_grave(doubts) is grave
