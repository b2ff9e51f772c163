from __future__ import annotations

import pytest

from pipeline.scene import geometry

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))


@pytest.mark.parametrize(
    ("point", "within"), [((5, 5), True), ((0, 5), True), ((10, 10), True), ((13, 5), False), ((-3, 10), False)]
)
def test_inside_counts_the_edge(point: tuple[float, float], within: bool) -> None:
    assert geometry.inside(point, SQUARE) is within


def test_the_right_hand_is_positive() -> None:
    assert geometry.side((5, 8), (0, 5), (10, 5)) == 3
    assert geometry.side((5, 1), (0, 5), (10, 5)) == -4


def test_a_bow_tie_crosses_itself_and_an_l_shape_does_not() -> None:
    assert geometry.crossing_edges(((0, 0), (10, 10), (10, 0), (0, 10))) == (1, 3)
    assert geometry.crossing_edges(((0, 0), (10, 0), (10, 5), (5, 5), (5, 10), (0, 10))) is None


def test_a_polygon_that_touches_itself_is_refused_too() -> None:
    assert geometry.crossing_edges(((0, 0), (10, 0), (10, 10), (5, 0), (0, 10))) is not None


def test_area_does_not_depend_on_the_order_of_walking() -> None:
    assert geometry.area(SQUARE) == geometry.area(SQUARE[::-1]) == 100
