"""Risk, coverage and reliability of confidences: what the limits of the readers are chosen by."""

from __future__ import annotations

import pytest

from models.evaluation.plates_risk import area_under_risk, limit_for, reliability, risk_coverage, upper_bound

SURE = [0.99, 0.95, 0.9, 0.8, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1]
RIGHT = [True, True, True, True, True, False, True, False, False, False]


def test_the_curve_counts_what_is_wrong_among_the_surest():
    curve = {point["coverage"]: point for point in risk_coverage(SURE, RIGHT)}
    assert curve[0.5] == {"coverage": 0.5, "n": 5, "wrong": 0, "risk": 0.0, "limit": 0.6}
    assert curve[0.6]["wrong"] == 1
    assert curve[1.0]["risk"] == 0.4


def test_the_limit_is_the_widest_that_keeps_the_risk():
    assert limit_for(SURE, RIGHT, 0.0) == 0.6
    assert limit_for(SURE, RIGHT, 0.15) == 0.4
    assert limit_for([0.9, 0.8], [False, False], 0.01) > 1


def test_a_confidence_that_ranks_better_has_a_smaller_area():
    assert area_under_risk(SURE, RIGHT) < area_under_risk(SURE, RIGHT[::-1])
    assert area_under_risk([0.9, 0.8], [True, True]) == 0


def test_reliability_tells_how_far_confidence_and_truth_are_apart():
    told = reliability([0.8] * 100, [index % 5 > 0 for index in range(100)])
    assert told["error"] == pytest.approx(0.0, abs=0.01)
    boasting = reliability([0.99] * 100, [index % 2 > 0 for index in range(100)])
    assert boasting["error"] == pytest.approx(0.49, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "n", "most"), [(0, 50, 0.0582), (1, 53, 0.0865), (0, 3, 0.6316), (0, 0, 1.0), (3, 3, 1.0)]
)
def test_few_reads_prove_little(wrong, n, most):
    assert upper_bound(wrong, n) == pytest.approx(most, abs=0.002)
