"""How far a confidence can be believed: risk against coverage, reliability, and the limit that a risk asks for.

Risk-coverage curves: El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification"; the
expected calibration error: Guo et al. 2017, "On Calibration of Modern Neural Networks".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

# Coverages at which a curve is told.
COVERAGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
BINS = 5


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[dict[str, Any]]:
    """Of the surest share of the reads, how many are wrong.

    Args:
        confidences: 0..1, one a read.
        right: whether the best text of each was right.

    Returns:
        For each of `COVERAGES`: `coverage`, `n` reads named, `wrong` of them, `risk` (share), and `limit`: the least
        confidence among them.
    """
    ranked = sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0])
    curve = []
    for coverage in COVERAGES:
        named = ranked[: math.floor(coverage * len(ranked) + 1e-9)]
        if named:
            wrong = sum(not good for _, good in named)
            limit = round(named[-1][0], 4)
            curve.append(
                {
                    "coverage": coverage,
                    "n": len(named),
                    "wrong": wrong,
                    "risk": _share(wrong, len(named)),
                    "limit": limit,
                }
            )
    return curve


def area_under_risk(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """The mean risk over all coverages: 0 where nothing is wrong, small where what is wrong comes last."""
    wrong, total = 0, 0.0
    for index, (_, good) in enumerate(sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0]), start=1):
        wrong += not good
        total += wrong / index
    return round(total / max(1, len(right)), 4)


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """Whether reads of a confidence are right as often as it says.

    Returns:
        `bins`, of equal count: `n`, mean `confidence`, share `right`; `error`, the mean distance of the two, weighed.
    """
    ranked = sorted(zip(confidences, right, strict=True), key=lambda pair: pair[0])
    bins, error = [], 0.0
    for index in range(BINS):
        part = ranked[len(ranked) * index // BINS : len(ranked) * (index + 1) // BINS]
        if not part:
            continue
        told = sum(confidence for confidence, _ in part) / len(part)
        true = sum(good for _, good in part) / len(part)
        bins.append({"n": len(part), "confidence": round(told, 4), "right": round(true, 4)})
        error += abs(told - true) * len(part) / len(ranked)
    return {"bins": bins, "error": round(error, 4)}


def limit_for(confidences: Sequence[float], right: Sequence[bool], most_risk: float) -> float:
    """The least confidence at which no more than a share of the named reads is wrong, for the widest coverage.

    Returns:
        The limit, above 1 when even the surest reads are wrong too often.
    """
    limit, wrong = 2.0, 0
    for index, (confidence, good) in enumerate(
        sorted(zip(confidences, right, strict=True), key=lambda pair: -pair[0]), start=1
    ):
        wrong += not good
        if wrong <= most_risk * index:
            limit = confidence
    return limit


def upper_bound(wrong: int, n: int) -> float:
    """The share that may be wrong at most, at 95 % (Clopper and Pearson 1934, one-sided), by bisection."""
    if n == 0 or wrong >= n:
        return 1.0
    low, high = wrong / n, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        at_most = sum(math.comb(n, count) * middle**count * (1 - middle) ** (n - count) for count in range(wrong + 1))
        low, high = (middle, high) if at_most > 0.05 else (low, middle)
    return round(high, 4)


def _share(part: int, whole: int) -> float:
    return round(part / max(1, whole), 4)


def fit_sigmoid(raw: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """Slope and offset with which `sigmoid(slope * logit(raw) + offset)` is the share that is right.

    Platt 1999, "Probabilistic Outputs for Support Vector Machines", with his smoothed targets (none is wholly certain),
    by Newton's method.
    """
    x = [math.log(min(max(value, 1e-4), 1 - 1e-4) / (1 - min(max(value, 1e-4), 1 - 1e-4))) for value in raw]
    good = sum(right)
    high, low = (good + 1) / (good + 2), 1 / (len(right) - good + 2)
    wanted = [high if one else low for one in right]
    slope, offset = 1.0, 0.0
    for _ in range(60):
        told = [1 / (1 + math.exp(-(slope * value + offset))) for value in x]
        errors = [one - target for one, target in zip(told, wanted, strict=True)]
        weights = [one * (1 - one) + 1e-9 for one in told]
        g1 = sum(error * value for error, value in zip(errors, x, strict=True)) + 1e-3 * (slope - 1)
        g0 = sum(errors)
        h11 = sum(weight * value * value for weight, value in zip(weights, x, strict=True)) + 1e-3
        h10 = sum(weight * value for weight, value in zip(weights, x, strict=True))
        h00 = sum(weights)
        det = h11 * h00 - h10 * h10
        if det < 1e-12:
            break
        slope -= 0.7 * (h00 * g1 - h10 * g0) / det
        offset -= 0.7 * (h11 * g0 - h10 * g1) / det
    return round(slope, 3), round(offset, 3)
