from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.exhibits import beside
from pipeline.perception.track import Box

numbers = st.integers(0, 60)
boxes = st.tuples(numbers, numbers, st.integers(2, 40), st.integers(2, 40)).map(
    lambda b: (float(b[0]), float(b[1]), float(b[0] + b[2]), float(b[1] + b[3]))
)


def covers(box: Box, x: float, y: float) -> bool:
    return box[0] < x < box[2] and box[1] < y < box[3]


@given(offender=boxes, other=boxes)
def test_what_is_marked_for_blurring_never_lies_over_the_offender_and_misses_no_one_else(
    offender: Box, other: Box
) -> None:
    parts = beside(offender, [other])
    for x in range(0, 101, 3):
        for y in range(0, 101, 3):
            point = (x + 0.4, y + 0.4)
            marked = any(covers(part, *point) for part in parts)
            if covers(offender, *point):
                assert not marked
            elif marked:
                assert covers(other, *point)


@pytest.mark.parametrize("other", [(10.0, 10.0, 30.0, 30.0), (45.0, 0.0, 60.0, 90.0)])
def test_a_bystander_apart_is_marked_whole(other: Box) -> None:
    assert beside((32.0, 10.0, 44.0, 30.0), [other]) == (other,)
