"""How often the riders of a motorcycle are counted right: in photographs, and over the tracks of clips.

Both were counted by eye; what was counted lies in `tests/truth/riders`, the pictures are not redistributed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.detector import Detector, load_detector
from models.errors import ModelError
from models.evaluation.figures import extra_data
from models.riders.classifier import HelmetClassifier, load_helmet_classifier
from pipeline.ingest import open_source
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.rider_seats import long_side
from pipeline.perception.riders import HelmetState, RiderTally, RiderVerdict, seen_riders
from pipeline.perception.tracker import Tracker

TRUTH = Path(__file__).resolve().parents[2] / "tests" / "truth" / "riders"
CONFIDENCE = 0.25
LOW_CONFIDENCE = 0.05
ANALYSE_FPS = 10.0
_START = datetime(2026, 1, 1, tzinfo=UTC)


def evaluate(
    data: Path | None = None,
    *,
    detector: Detector | None = None,
    classifier: HelmetClassifier | None = None,
    search: HeadSearch | None = None,
) -> dict[str, Any]:
    """Measure how riders are counted.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        detector: another detector than the one in use.
        classifier: another classifier than the catalogue's.
        search: finds heads above motorcycles; by default as the roadside does.

    Returns:
        `rider_count_accuracy`: share of the photographs whose largest motorcycle has the right number of riders, an
        unfound motorcycle counting as wrong; `pictures`, more of them; `clips`, the verdict over each clip's track and
        whether it is right, abstained or wrong.

    Raises:
        ModelError: the footage, what was counted, or a network is absent.
    """
    data = data or extra_data()
    used, judge = detector or load_detector(), classifier or load_helmet_classifier()
    finder = search or HeadSearch()
    pictures = _pictures(data, used, judge, finder)
    return {
        "rider_count_accuracy": pictures["accuracy"],
        "pictures": pictures,
        "clips": list(_clips(data, used, judge, finder)),
    }


def _truth(name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((TRUTH / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"what was counted by eye is missing: {TRUTH / name} is part of the repository") from error
    return found


def _pictures(data: Path, detector: Detector, classifier: HelmetClassifier, search: HeadSearch) -> dict[str, Any]:
    truth = _truth("pictures.json")
    counted: list[int | None] = []
    wanted: list[int] = []
    by_riders: dict[str, list[bool]] = defaultdict(list)
    more_than_two = {"found": 0, "missed": 0, "false": 0}
    for row in truth["pictures"]:
        picture = cv2.imread(str(data / truth["folder"] / row["picture"]), cv2.IMREAD_COLOR)
        if picture is None:
            raise ModelError(f"{data / truth['folder'] / row['picture']}: not there, or no picture")
        bgr = np.asarray(picture, np.uint8)
        seen = detector.detect(bgr, confidence=LOW_CONFIDENCE)
        kept = seen[(seen.scores >= CONFIDENCE) | np.isin(seen.classes, (8, 9))]
        boxes = [(a, b, c, d) for a, b, c, d in kept.only("motorcycle").boxes.tolist()]
        riders: int | None = None
        if boxes:
            largest = max(range(len(boxes)), key=lambda place: long_side(boxes[place]))
            riders = len(seen_riders(bgr, kept, boxes, classifier, search)[largest])
        counted.append(riders)
        wanted.append(row["riders"])
        by_riders[str(row["riders"])].append(riders == row["riders"])
        if row["riders"] > 2:
            more_than_two["found" if (riders or 0) > 2 else "missed"] += 1
        elif (riders or 0) > 2:
            more_than_two["false"] += 1
    pairs = list(zip(counted, wanted, strict=True))
    return {
        "n": len(pairs),
        "accuracy": round(sum(got == want for got, want in pairs) / len(pairs), 4),
        "no_motorcycle_found": sum(got is None for got in counted),
        "too_few": sum(got is not None and got < want for got, want in pairs),
        "too_many": sum(got is not None and got > want for got, want in pairs),
        "more_than_two": more_than_two,
        "by_riders": {
            name: {"n": len(hits), "accuracy": round(sum(hits) / len(hits), 4)}
            for name, hits in sorted(by_riders.items())
        },
    }


def _clips(
    data: Path, detector: Detector, classifier: HelmetClassifier, search: HeadSearch
) -> Iterator[dict[str, Any]]:
    truth = _truth("clips.json")
    for row in truth["clips"]:
        verdict = _watched(data / truth["folder"] / row["clip"], row, detector, RiderTally(classifier, search))
        told = verdict is not None and verdict.riders is not None
        yield {
            "clip": row["clip"],
            "frames": [row["from_frame"], row["to_frame"]],
            "riders": _word(told, told and verdict is not None and verdict.riders == row["riders"]),
            "helmets": _helmets(verdict, row),
            "verdict": None if verdict is None else verdict_json(verdict),
        }


def _helmets(verdict: RiderVerdict | None, row: dict[str, Any]) -> str:
    if verdict is None or not verdict.bare + verdict.helmeted:
        return "abstained"
    wrong = verdict.bare > row["bare"] or verdict.helmeted > row["helmeted"]
    return "wrong" if wrong else "right"


def _word(told: bool, right: bool) -> str:
    return ("right" if right else "wrong") if told else "abstained"


def verdict_json(verdict: RiderVerdict) -> dict[str, Any]:
    """A verdict as a JSON object."""
    return {
        "riders": verdict.riders,
        HelmetState.BARE.value: verdict.bare,
        HelmetState.HELMET.value: verdict.helmeted,
        HelmetState.CANNOT_TELL.value: verdict.unclear,
        "looks": verdict.looks,
        "span_s": round(verdict.span_s, 2),
        "reason": verdict.reason,
        "best_frame": verdict.best_frame,
        "heads": [[round(value, 1) for value in box] for box in verdict.head_boxes],
    }


def _watched(clip: Path, row: dict[str, Any], detector: Detector, tally: RiderTally) -> RiderVerdict | None:
    """The verdict on the motorcycle of a clip that is largest over the span."""
    tracker = Tracker()
    sizes: dict[int, float] = defaultdict(float)
    last_s = float("-inf")
    for frame in open_source(str(clip), recorded_at=_START, started_at=_START).frames():
        if frame.index > row["to_frame"]:
            break
        if frame.index < row["from_frame"] or frame.at_s - last_s < 0.9 / ANALYSE_FPS:
            continue
        last_s = frame.at_s
        picture = frame.bgr()
        seen = detector.detect(picture, confidence=LOW_CONFIDENCE)
        strong = seen[(seen.scores >= 0.15) | np.isin(seen.classes, (8, 9))]
        tracks, _ = tracker.update(strong, frame.at_s, frame.index)
        motorcycles = [track for track in tracks if track.vehicle_class == "motorcycle"]
        tally.look(frame.at_s, frame.index, picture, motorcycles, strong)
        for track in motorcycles:
            sizes[track.id] += track.last.size_px
    return tally.verdict(max(sizes, key=lambda number: sizes[number])) if sizes else None
