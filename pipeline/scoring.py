"""Lays what was found beside what is true: offences, passages, phases, plates and speeds.

Both are lines with the keys of `tertib observe --verbose`. An offence is found when its code is right, its time is
near enough, and its box lies over the offender's at that time. One finding answers for one truth; a second one of the
same offence is a false one. Truths marked `borderline` are neither missed when untold nor false when told.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]
KINDS = ("clip", "offence", "crossing", "phase", "position")
NEEDED: dict[str, tuple[str, ...]] = {
    "offence": ("offence", "time"),
    "crossing": ("line", "toward", "time"),
    "phase": ("signal", "state", "time"),
    "position": ("track", "time", "box"),
}
LEAST_OVERLAP = 0.3


class ScoreError(ValueError):
    """A file that cannot be scored; the message names file, line and remedy."""


@dataclass(frozen=True)
class Tolerance:
    """What counts as the same event.

    Attributes:
        time_s: Apart in time, at most; of an offence that lasts, outside of the time that it lasts.
        overlap: Intersection over union of the boxes, at least (0..1).
    """

    time_s: float = 1.0
    overlap: float = LEAST_OVERLAP


@dataclass(frozen=True)
class Told:
    """What one file tells, by kind, in order of its lines."""

    path: Path
    lines: dict[str, list[Record]] = field(default_factory=lambda: {kind: [] for kind in KINDS})


def read_told(path: Path) -> Told:
    """Read a file of JSON lines.

    Raises:
        ScoreError: With one sentence: the file is missing, a line is no JSON object, or lacks what scoring needs.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ScoreError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ScoreError(f"{path}: cannot be read as text ({error})") from None
    told = Told(path)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            where = f"{path}: line {number}"
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise ScoreError(f"{where}: is not JSON ({error.msg}, column {error.colno})") from None
            _take(told, where, record)
    return told


def told_of(path: Path, records: Iterable[Record]) -> Told:
    """The same of records that are in no file; `path` names them in messages.

    Raises:
        ScoreError: A record lacks what scoring needs.
    """
    told = Told(path)
    for number, record in enumerate(records, 1):
        _take(told, f"{path}: record {number}", dict(record))
    return told


def _take(told: Told, where: str, record: object) -> None:
    checked = _checked(where, record)
    if checked["kind"] in told.lines:
        told.lines[checked["kind"]].append(checked)


def _checked(where: str, record: object) -> Record:
    if not isinstance(record, dict) or not isinstance(record.get("kind"), str):
        raise ScoreError(f"{where}: is no object with a `kind`: give the lines of `tertib observe --verbose --jsonl`")
    for key in NEEDED.get(record["kind"], ()):
        if key not in record:
            raise ScoreError(f"{where}: {record['kind']} has no `{key}`")
    for key in ("time", "since", "until", "lower_edge_at"):
        if record["kind"] in NEEDED and record.get(key) is not None:
            record[key] = _seconds(where, key, record[key])
    box = record.get("box")
    if box is not None and not (
        isinstance(box, list) and len(box) == 4 and all(isinstance(v, int | float) and math.isfinite(v) for v in box)
    ):
        raise ScoreError(f"{where}: `box` must be four numbers [x1, y1, x2, y2]")
    return record


def _seconds(where: str, key: str, value: object) -> float:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise ScoreError(f"{where}: `{key}` is no ISO 8601 time: {value!r}") from None
    if moment.tzinfo is None:
        raise ScoreError(f"{where}: `{key}` has no UTC offset: {value!r}")
    return moment.timestamp()


def score(truth: Told, found: Told, *, tolerance: Tolerance | None = None, only: Sequence[str] = ()) -> Record:
    """How well `found` tells what is in `truth`.

    Args:
        truth: What happened.
        found: What was told.
        tolerance: What counts as the same.
        only: Offence codes to count; all if empty.

    Returns:
        One object; see `tertib score --help`. Shares are None where nothing was there to be shared.
    """
    tolerance = tolerance or Tolerance()
    true = [r for r in truth.lines["offence"] if not only or r["offence"] in only]
    told = [r for r in found.lines["offence"] if not only or r["offence"] in only]
    # What a judge withholds for a grave doubt is not offered to anybody.
    offered = [r for r in told if r.get("offered", True)]
    places = _Places(truth.lines["position"])
    pairs = _pairs(true, offered, lambda t, f: _offence_gap(t, f, places, tolerance))
    matched_true, matched_found = {i for i, _ in pairs}, {j for _, j in pairs}
    codes = sorted({r["offence"] for r in [*true, *offered]})
    by_offence = {
        code: _rates(
            true=[i for i, r in enumerate(true) if r["offence"] == code and not r.get("borderline")],
            offered=[j for j, r in enumerate(offered) if r["offence"] == code],
            matched_true=matched_true,
            matched_found=matched_found,
            slight={j for i, j in pairs if true[i].get("borderline")},
        )
        for code in codes
    }
    total = _rates(
        true=[i for i, r in enumerate(true) if not r.get("borderline")],
        offered=list(range(len(offered))),
        matched_true=matched_true,
        matched_found=matched_found,
        slight={j for i, j in pairs if true[i].get("borderline")},
    )
    hits = [(true[i], offered[j]) for i, j in pairs]
    passages = _passages(truth, found, tolerance)
    return {
        **total,
        "withheld": len(told) - len(offered),
        "innocents_offered": total["false"],
        "by_offence": by_offence,
        "missed": [_brief(r) for i, r in enumerate(true) if i not in matched_true and not r.get("borderline")],
        "false_findings": [_brief(r) for j, r in enumerate(offered) if j not in matched_found],
        "offence_time": _spread([f["time"] - t["time"] for t, f in hits if t.get("since") is None]),
        "crossings": passages,
        "phases": _phases(truth, found, tolerance),
        "plates": _plates(hits),
        "speed": _speeds(hits),
    }


def _rates(
    *, true: list[int], offered: list[int], matched_true: set[int], matched_found: set[int], slight: set[int]
) -> Record:
    right = sum(i in matched_true for i in true)
    false = sum(j not in matched_found for j in offered)
    counted = sum(j not in slight for j in offered)
    precision = (counted - false) / counted if counted else None
    recall = right / len(true) if true else None
    f1 = None
    if precision is not None and recall is not None:
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "true": len(true),
        "found": right,
        "missed_count": len(true) - right,
        "false": false,
        "precision": _round(precision),
        "recall": _round(recall),
        "f1": _round(f1),
    }


class _Places:
    """Where everybody truly was, by track."""

    def __init__(self, positions: Iterable[Record]) -> None:
        self._by_track: dict[Any, list[Record]] = {}
        for record in positions:
            self._by_track.setdefault(record["track"], []).append(record)

    def boxes(self, track: object, at_s: float) -> list[list[float]]:
        """The boxes at the picture nearest in time: the whole, and a motorcycle without its riders."""
        nearest = min(self._by_track.get(track, []), key=lambda r: abs(r["time"] - at_s), default=None)
        if nearest is None or abs(nearest["time"] - at_s) >= 0.25:
            return []
        return [nearest[key] for key in ("box", "machine_box") if nearest.get(key)]


def _offence_gap(true: Record, found: Record, places: _Places, tolerance: Tolerance) -> float | None:
    """How far apart two offences are in seconds, or None when they are not the same."""
    if true["offence"] != found["offence"]:
        return None
    since, until = true.get("since") or true["time"], true.get("until") or true["time"]
    gap_s = max(0.0, since - found["time"], found["time"] - until)
    if gap_s > tolerance.time_s:
        return None
    if found.get("box") is not None:
        # The box is that of the picture, which may come after the instant itself.
        known = [box for later in (0.0, 0.08) for box in places.boxes(true.get("track"), found["time"] + later)]
        known = known or ([true["box"]] if true.get("box") else [])
        if known and max(_overlap(box, found["box"]) for box in known) < tolerance.overlap:
            return None
    return float(gap_s)


def _pairs(
    true: Sequence[Record], found: Sequence[Record], gap: Callable[[Record, Record], float | None]
) -> list[tuple[int, int]]:
    """Which truth goes with which finding, each once, the nearest first; certain truths before borderline ones."""
    possible = [
        (bool(t.get("borderline")), apart, i, j)
        for i, t in enumerate(true)
        for j, f in enumerate(found)
        if (apart := gap(t, f)) is not None
    ]
    taken_true: set[int] = set()
    taken_found: set[int] = set()
    pairs: list[tuple[int, int]] = []
    for _, _, i, j in sorted(possible):
        if i not in taken_true and j not in taken_found:
            taken_true.add(i)
            taken_found.add(j)
            pairs.append((i, j))
    return sorted(pairs)


def _near(keys: tuple[str, ...], tolerance: Tolerance) -> Callable[[Record, Record], float | None]:
    def gap(true: Record, found: Record) -> float | None:
        apart = abs(true["time"] - found["time"])
        same = all(true.get(key) == found.get(key) for key in keys)
        return float(apart) if same and apart <= tolerance.time_s else None

    return gap


def _passages(truth: Told, found: Told, tolerance: Tolerance) -> Record:
    true, told = truth.lines["crossing"], found.lines["crossing"]
    pairs = _pairs(true, told, _near(("line", "toward"), tolerance))
    return {
        "true": len(true),
        "found": len(pairs),
        "missed_count": len(true) - len(pairs),
        "false": len(told) - len(pairs),
        "class_right": sum(true[i].get("class") == told[j].get("class") for i, j in pairs),
        **_spread([told[j]["time"] - true[i]["time"] for i, j in pairs]),
    }


def _phases(truth: Told, found: Told, tolerance: Tolerance) -> Record:
    true = [r for r in truth.lines["phase"] if r["state"] != "unknown"]
    told = [r for r in found.lines["phase"] if r["state"] != "unknown"]
    pairs = _pairs(true, told, _near(("signal", "state"), tolerance))
    return {
        "true": len(true),
        "found": len(pairs),
        "missed_count": len(true) - len(pairs),
        "false": len(told) - len(pairs),
        **_spread([told[j]["time"] - true[i]["time"] for i, j in pairs]),
    }


def _spread(errors_s: Sequence[float]) -> Record:
    """Found minus true, in milliseconds."""
    if not errors_s:
        return {"n": 0, "mean_ms": None, "sigma_ms": None, "largest_ms": None}
    mean = sum(errors_s) / len(errors_s)
    sigma = math.sqrt(sum((error - mean) ** 2 for error in errors_s) / len(errors_s))
    return {
        "n": len(errors_s),
        "mean_ms": round(1000 * mean, 3),
        "sigma_ms": round(1000 * sigma, 3),
        "largest_ms": round(1000 * max(abs(error) for error in errors_s), 3),
    }


def _plates(hits: Sequence[tuple[Record, Record]]) -> Record:
    """Of the offences that were found and whose plate is known: read rightly, wrongly, or not."""
    texts = [((t.get("plate") or {}).get("text"), (f.get("plate") or {}).get("text")) for t, f in hits]
    known = [(_plain(true), _plain(read)) for true, read in texts if true]
    told = [(true, read) for true, read in known if read]
    wrong = [(true, read) for true, read in told if true != read]
    return {
        "n": len(known),
        "exact": sum(true == read for true, read in told),
        "wrong": len(wrong),
        "abstained": len(known) - len(told),
        "characters_wrong_share": _round(
            sum(_edits(true, read) for true, read in told) / sum(len(true) for true, _ in told) if told else None
        ),
        "wrongly_read": [{"true": true, "found": read} for true, read in wrong],
    }


def _plain(text: object) -> str:
    return "".join(part for part in str(text or "").upper() if part.isalnum())


def _edits(one: str, other: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def _speeds(hits: Sequence[tuple[Record, Record]]) -> Record:
    """Of the findings that measured a speed: errors, whether U95 covers them, and tickets above the truth."""
    known = [
        (float(t["measured"]["speed_kmh"]), f["measured"])
        for t, f in hits
        if "speed_kmh" in t.get("measured", {}) and f.get("measured", {}).get("speed_kmh") is not None
    ]
    errors = [float(m["speed_kmh"]) - true for true, m in known]
    bounded = [(true, m) for true, m in known if m.get("speed_u95_kmh") is not None]
    inside = sum(abs(float(m["speed_kmh"]) - true) <= float(m["speed_u95_kmh"]) for true, m in bounded)
    return {
        "n": len(known),
        "mae_kmh": _round(sum(map(abs, errors)) / len(errors) if errors else None),
        "bias_kmh": _round(sum(errors) / len(errors) if errors else None),
        "inside_u95": _round(inside / len(bounded) if bounded else None),
        "overticketed": sum(
            float(m["ticket_speed_kmh"]) > true for true, m in known if m.get("ticket_speed_kmh") is not None
        ),
    }


def _brief(record: Record) -> Record:
    return {
        "offence": record["offence"],
        "frame": record.get("frame"),
        "track": record.get("track"),
        "class": record.get("class"),
        **({"actor": record["actor"]} if "actor" in record else {}),
    }


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union (0..1)."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
