"""How well heads are found and judged: on heads that people labelled, in pictures that were not learned from."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.catalogue import in_use, load_catalogue
from models.detection import Detections
from models.detector import Detector, load_detector
from models.evaluation.figures import extra_data
from models.evaluation.matching import Tally, mean
from models.evaluation.photographs import LOWEST_SCORE
from models.riders.classifier import MODEL, HeadLook, HelmetClassifier, load_helmet_classifier
from models.riders.heads import heads_of

STATES = ("helmet", "bare")
FINDER = "heads-n"
"""Finds the heads of whole pictures here, and above motorcycles at the roadside, whose frames another detector sees."""
SIZES_PX = ((0, 14), (14, 20), (20, 30), (30, 50), (50, 10_000))
DARK_GREY = 70
"""Mean grey level of a picture below which it counts as night or shade."""


@dataclass(frozen=True)
class Outcome:
    """One labelled head, judged in its own box."""

    truth: str
    look: HeadLook
    dark: bool


def evaluate(
    data: Path | None = None, *, detector: Detector | None = None, classifier: HelmetClassifier | None = None
) -> dict[str, Any]:
    """Measure how heads are found and judged.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        detector: another detector than the one that looks for heads at the roadside.
        classifier: another classifier than the catalogue's.

    Returns:
        `n` labelled heads; `helmet_accuracy` on their boxes, `cannot_tell` counting as wrong, and more of the same
        (see `summary`); `head_ap50`, the mean over both states of the average precision at IoU .5 of what is found in
        whole pictures, and `heads`, that of each state and of heads whatever they wear.

    Raises:
        ModelError: the footage or a network is absent.
    """
    from models.training.riders.heads import labelled  # noqa: PLC0415 - readers of the training data

    folder = (data or extra_data()) / "images" / "helmets" / "valid"
    judge = classifier or load_helmet_classifier()
    used = detector or load_detector(FINDER)
    outcomes: list[Outcome] = []
    tallies = {name: Tally() for name in (*STATES, "any")}
    for _, picture, truth in labelled(folder):
        dark = float(np.mean(picture)) < DARK_GREY
        looks = judge.judge(picture, [box for _, box in truth])
        outcomes += [Outcome(state, look, dark) for (state, _), look in zip(truth, looks, strict=True)]
        found = used.detect(picture, confidence=LOWEST_SCORE)
        persons = [(a, b, c, d) for a, b, c, d in found.only("person").boxes.tolist()]
        seen = heads_of(picture, found, judge, persons)
        boxes = np.array([head.box for head in seen], np.float32).reshape(-1, 4)
        for name, tally in tallies.items():
            scores = np.array([_score(head.look, head.score, name) for head in seen], np.float32)
            wanted = [box for state, box in truth if name in {state, "any"}]
            tally.add(
                Detections(boxes, scores, np.zeros(len(seen), np.int64)), np.array(wanted, np.float32).reshape(-1, 4)
            )
    figures = {name: _rounded(tally.average_precision()) for name, tally in tallies.items()}
    result: dict[str, Any] = {"head_ap50": _rounded(mean([figures[name] for name in STATES])), "heads": figures}
    result = summary(outcomes) | result
    if detector is None and classifier is None:
        catalogue = load_catalogue()
        result["sha256"] = {name: catalogue.model(name).sha256 for name in (MODEL, FINDER, in_use())}
        result["model"], result["head_finder"], result["detector"] = MODEL, FINDER, in_use()
    return result


def _score(look: HeadLook, score: float, name: str) -> float:
    """That there is a head, and one of this state."""
    if name == "any":
        return score
    return score * {"helmet": look.helmet, "bare": look.bare}[name]


def summary(rows: Iterable[Outcome]) -> dict[str, Any]:
    """The figures of a set of labelled boxes.

    Returns:
        `n`; `helmet_accuracy`, `cannot_tell` counting as wrong; `cannot_tell`, the share not told; `wrong_of_told`;
        `accused_wrongly`, how many helmets of all are called bare; `without_abstention`, the accuracy if the likelier
        state always counted; `by_state`, `by_size`, `by_light`.
    """
    rows = list(rows)
    told = [row for row in rows if row.look.state != "cannot_tell"]
    return {
        "n": len(rows),
        "helmet_accuracy": _share([row.look.state == row.truth for row in rows]),
        "cannot_tell": _share([row.look.state == "cannot_tell" for row in rows]),
        "wrong_of_told": _share([row.look.state != row.truth for row in told]),
        "accused_wrongly": sum((row.truth, row.look.state) == ("helmet", "bare") for row in rows),
        "without_abstention": _share([("helmet" if _helmet(row) else "bare") == row.truth for row in rows]),
        "by_state": {state: _part([row for row in rows if row.truth == state]) for state in STATES},
        "by_size": _grouped(rows, [_size(row) for row in rows]),
        "by_light": _grouped(rows, ["dark" if row.dark else "light" for row in rows]),
    }


def _helmet(row: Outcome) -> bool:
    return row.look.helmet > row.look.bare


def _size(row: Outcome) -> str:
    low, high = next(span for span in SIZES_PX if span[0] <= row.look.size_px < span[1])
    return f"{low}-{high}px" if high < 10_000 else f"over_{low}px"


def _grouped(rows: list[Outcome], names: list[str]) -> dict[str, Any]:
    parts: dict[str, list[Outcome]] = defaultdict(list)
    for row, name in zip(rows, names, strict=True):
        parts[name].append(row)
    return {name: _part(part) for name, part in sorted(parts.items())}


def _part(rows: list[Outcome]) -> dict[str, Any]:
    said = Counter(row.look.state for row in rows)
    return {
        "n": len(rows),
        "accuracy": _share([row.look.state == row.truth for row in rows]),
        "without_abstention": _share([("helmet" if _helmet(row) else "bare") == row.truth for row in rows]),
        "said": dict(sorted(said.items())),
    }


def _share(hits: list[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
