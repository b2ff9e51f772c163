"""Looks are left out only where all are slow, the laws allow it, and nobody new moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from pipeline.perception.need import LONGEST_PAUSE_S, Pace
from pipeline.perception.track import Sighting, Track
from tests.pipeline.roadside import BUSES_ONLY, HEIGHT, ONE_WAY_UP, ROAD, WIDTH, scene

STILL = np.zeros((134, 178), np.bool_)


def driving(sizes_per_s: float, *, number: int = 1, seconds: float = 1.0) -> Track:
    """A vehicle of 50 by 50 pixels that drives across, seen six times a second."""
    count = round(6 * seconds) + 1
    boxes = [
        (100 + 50 * sizes_per_s * place / 6, 100.0, 150 + 50 * sizes_per_s * place / 6, 150.0) for place in range(count)
    ]
    return Track(number, tuple(Sighting(place / 6, place, box, 0.9) for place, box in enumerate(boxes)), {"car": 1.0})


def paced(*tracks: Track, **parts: Any) -> Pace:
    pace = Pace(scene(**(parts or {"lanes": [BUSES_ONLY]})))
    boxes = np.array([track.last.box for track in tracks], np.float32).reshape(-1, 4)
    pace.looked(tracks, boxes, 1.0)
    return pace


def longest_wait_s(pace: Pace) -> float:
    return max((step / 100 for step in range(100) if pace.waits(1.0 + step / 100, STILL)), default=0.0)


def test_the_slower_all_are_the_longer_the_next_look_waits() -> None:
    creeping, slow, fast = (longest_wait_s(paced(driving(speed))) for speed in (0.05, 0.4, 3.0))
    assert LONGEST_PAUSE_S - 0.02 <= creeping <= LONGEST_PAUSE_S
    assert creeping > slow > fast
    assert fast < 1 / 12


def test_the_fastest_counts() -> None:
    assert longest_wait_s(paced(driving(0.05), driving(3.0, number=2))) < 1 / 12


def test_who_is_new_is_looked_at_until_his_speed_is_known() -> None:
    assert longest_wait_s(paced(driving(0.05, seconds=0.2))) == 0.0


def test_who_is_missing_is_looked_for_at_once() -> None:
    pace = paced(driving(0.05), driving(0.05, number=2))
    pace.looked([driving(0.05)], np.array([driving(0.05).last.box], np.float32), 1.0)
    assert longest_wait_s(pace) == 0.0


def test_who_comes_anew_is_seen_by_his_motion_and_who_is_known_does_not_wake() -> None:
    pace = paced(driving(0.05))
    own, other = STILL.copy(), STILL.copy()
    own[round(100 * 134 / HEIGHT) : round(150 * 134 / HEIGHT), round(100 * 178 / WIDTH) : round(150 * 178 / WIDTH)] = (
        True
    )
    other[10:20, 30:40] = True
    assert pace.waits(1.1, own)
    assert not pace.waits(1.1, other)


def test_motion_where_nobody_is_judged_does_not_wake() -> None:
    narrow = {"lanes": [BUSES_ONLY | {"polygon": [[90, 90], [220, 90], [220, 239], [90, 239]]}]}
    beside = STILL.copy()
    beside[10:20, 10:20] = True
    assert paced(driving(0.05), **narrow).waits(1.1, beside)


@pytest.mark.parametrize(
    "parts",
    [
        {"lanes": [ONE_WAY_UP]},
        {
            "lanes": [BUSES_ONLY],
            "count_lines": [{"id": "l", "line": [[20, 140], [300, 140]], "left": "a", "right": "b"}],
        },
        {"lanes": [BUSES_ONLY], "solid_lines": [{"id": "s", "line": [[160, 10], [160, 230]]}]},
        {"lanes": [{"id": "free", "polygon": ROAD}]},
    ],
    ids=["direction", "counting", "solid line", "no law"],
)
def test_where_an_instant_decides_every_look_is_taken(parts: Mapping[str, Any]) -> None:
    assert not Pace(scene(**parts)).applies
