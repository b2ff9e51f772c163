"""Counts a suite: precision of what is offered, recall, innocents by name, and how exact instants are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipeline.scoring import Tolerance, score
from pipeline.suite.catalogue import SuiteScene
from pipeline.suite.outcome import Outcome

Record = dict[str, Any]
TOLERANCE = Tolerance()
LARGEST_ERROR_S = 0.5
"""Passages farther apart than this are not the same."""


def figures(scenes: Sequence[SuiteScene], outcomes: Mapping[str, Outcome], *, mode: str) -> Record:
    """One object, as `tertib evaluate offences --json` prints it.

    Args:
        scenes: Of the suite.
        outcomes: By name of the scene; scenes without one are left out and told.
        mode: How they were judged.
    """
    judged = [scene for scene in scenes if scene.name in outcomes]
    results = {scene.name: score(outcomes[scene.name].truth, outcomes[scene.name].found) for scene in judged}
    counted = [scene for scene in judged if scene.counted]
    codes = sorted({code for result in results.values() for code in result["by_offence"]})
    offered = [
        {"scene": scene.name, "innocent_scene": scene.innocent, **_about(false, outcomes[scene.name])}
        for scene in judged
        for false in results[scene.name]["false_findings"]
    ]
    missed = [
        {"scene": scene.name, **{key: brief[key] for key in ("offence", "class")}, **_why(outcomes[scene.name], brief)}
        for scene in counted
        for brief in results[scene.name]["missed"]
    ]
    times = sorted({scene.time for scene in judged})
    return {
        "mode": mode,
        "scenes": len(judged),
        "scenes_left_out": len(scenes) - len(judged),
        "innocent_scenes": sum(scene.innocent for scene in judged),
        **_rates(results.values(), (results[scene.name] for scene in counted)),
        "innocents_offered": len(offered),
        "offered_innocents": offered,
        "missed": missed,
        "withheld": sum(result["withheld"] for result in results.values()),
        "by_offence": {
            code: _rates(
                (result["by_offence"][code] for result in results.values() if code in result["by_offence"]),
                (
                    results[scene.name]["by_offence"][code]
                    for scene in counted
                    if code in results[scene.name]["by_offence"]
                ),
            )
            for code in codes
        },
        "by_time": {
            time: _rates(
                (results[scene.name] for scene in judged if scene.time == time),
                (results[scene.name] for scene in counted if scene.time == time),
            )
            for time in times
        },
        **_instants([outcomes[scene.name] for scene in judged]),
    }


def _rates(offered: Iterable[Record], counted: Iterable[Record]) -> Record:
    """Precision over all scenes, recall over those that count."""
    found = false = true = right = 0
    for result in offered:
        found += result["found"]
        false += result["false"]
    for result in counted:
        true += result["true"]
        right += result["found"]
    precision = found / (found + false) if found + false else None
    recall = right / true if true else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else None
    return {
        "true": true,
        "found": right,
        "false": false,
        "precision": _rounded(precision),
        "recall": _rounded(recall),
        "f1": _rounded(f1),
    }


def _about(false: Record, outcome: Outcome) -> Record:
    """A finding that is none: what was said of it."""
    told = next(
        (
            record
            for record in outcome.found.lines["offence"]
            if record["offence"] == false["offence"] and record["track"] == false["track"]
        ),
        {},
    )
    return {
        "offence": false["offence"],
        "class": false["class"],
        "frame": false["frame"],
        "doubts": list(told.get("doubts", ())),
        "measured": {
            key: value for key, value in told.get("measured", {}).items() if not isinstance(value, list | dict)
        },
    }


def _why(outcome: Outcome, brief: Record) -> Record:
    """Whether a missed offence was found and withheld, and for which doubt."""
    doubts = [
        doubt
        for record in outcome.found.lines["offence"]
        if record["offence"] == brief["offence"] and not record.get("offered", True)
        for doubt in record["doubts"]
        if doubt.startswith("grave:")
    ]
    return {"withheld_for": doubts} if doubts else {}


def _instants(outcomes: Sequence[Outcome]) -> Record:
    """Errors of the instants of passing a line, beside those of the picture that first shows it passed.

    The instant is that of the point which is followed, the middle of a box's lower edge; wheels pass a little apart
    from it, as far as bumpers hang over, and are told beside it.
    """
    errors: list[float] = []
    quantised: list[float] = []
    wheels: list[float] = []
    for outcome in outcomes:
        clock = sorted({record["time"] for record in outcome.truth.lines["position"]})
        for true, told in _passages(outcome):
            edge = true.get("lower_edge_at")
            first = next((at_s for at_s in clock if edge is not None and at_s >= edge), None)
            if edge is None or first is None:
                continue
            errors.append(told["time"] - edge)
            quantised.append(first - edge)
            wheels.append(told["time"] - true["time"])
    sigma, by_picture = _sigma(errors), _sigma(quantised)
    return {
        "crossings": len(errors),
        "crossing_sigma_ms": _milliseconds(sigma),
        "crossing_mean_ms": _milliseconds(sum(errors) / len(errors)) if errors else None,
        "against_wheels_sigma_ms": _milliseconds(_sigma(wheels)),
        "quantised_sigma_ms": _milliseconds(by_picture),
        "sigma_against_quantised": _rounded(sigma / by_picture) if sigma is not None and by_picture else None,
    }


def _passages(outcome: Outcome) -> list[tuple[Record, Record]]:
    """Passages of count lines, true and told, each once."""
    pairs: list[tuple[Record, Record]] = []
    left = list(outcome.found.lines["crossing"])
    for true in outcome.truth.lines["crossing"]:
        same = [
            told
            for told in left
            if told["line"] == true["line"]
            and told["toward"] == true["toward"]
            and abs(told["time"] - true["time"]) <= LARGEST_ERROR_S
        ]
        if same:
            nearest = min(same, key=lambda told: abs(told["time"] - true["time"]))
            left.remove(nearest)
            pairs.append((true, nearest))
    return pairs


def _sigma(errors: Sequence[float]) -> float | None:
    if len(errors) < 2:
        return None
    mean = sum(errors) / len(errors)
    return math.sqrt(sum((error - mean) ** 2 for error in errors) / len(errors))


def _milliseconds(value_s: float | None) -> float | None:
    return None if value_s is None else round(1000 * value_s, 2)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
