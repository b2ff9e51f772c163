"""How often a signal head is read right: on heads that people labelled, in pictures that were not learned from."""

from __future__ import annotations

import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.catalogue import load_catalogue
from models.evaluation.figures import extra_data
from models.signals.lamp_image import Box, Layout
from models.signals.reader import MODEL, GlowReader, HeadReading, RoadsideReader, SignalReader, load_signal_reader

STATES = ("red", "yellow", "green")
WIDTHS_PX = ((0, 16), (16, 32), (32, 64), (64, 10_000))
DARK_GREY = 50
"""Mean grey level of a picture below which it counts as night."""
TREMBLES = ((-0.1, -0.05), (0.1, 0.05), (0.0, 0.12))
"""Also measured with boxes drawn so much off, in their own width and height: people draw them."""


@dataclass(frozen=True)
class Outcome:
    """One labelled head."""

    truth: str
    reading: HeadReading
    width_px: float
    night: bool
    trembled: tuple[str, ...]
    """What is read with boxes that are a little off."""


def evaluate(data: Path | None = None, *, reader: SignalReader | None = None) -> dict[str, Any]:
    """Measure the reader of signal heads.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        reader: another reader than the catalogue's.

    Returns:
        `n`; `accuracy` over all labelled heads, `unknown` counting as wrong; `by_state`; and what else is worth
        knowing, of the same heads (see `summary`); of the catalogue's reader also `rule_alone`, the same without the
        network, and `roadside`, what a camera names (the rule reads the small and the lying heads).

    Raises:
        ModelError: the footage or the network is absent.
    """
    folder = (data or extra_data()) / "images" / "signals-id" / "valid"
    found = summary(outcomes(folder, reader or load_signal_reader()))
    others: dict[str, SignalReader] = {}
    if reader is None:
        others = {"rule_alone": GlowReader(), "roadside": RoadsideReader()}
    for name, other in others.items():
        figures = summary(outcomes(folder, other))
        found[name] = {key: figures[key] for key in _SHORT_FIGURES}
    if reader is None:
        found["model"], found["sha256"] = MODEL, load_catalogue().model(MODEL).sha256
    return found


_SHORT_FIGURES = ("accuracy", "unknown", "wrong_of_named", "red_green_confusions")


def outcomes(folder: Path, reader: SignalReader) -> list[Outcome]:
    """Every labelled head of a folder, read in its box and in boxes a little off."""
    from models.training.signals.heads import labelled  # noqa: PLC0415 - readers of the training data

    found = []
    for _, picture, boxes in labelled(folder):
        night = float(np.mean(picture)) < DARK_GREY
        for truth, box in boxes:
            x1, y1, x2, y2 = box
            layout: Layout = "horizontal" if x2 - x1 > y2 - y1 else "vertical"
            moved = [_moved(box, *by) for by in TREMBLES]
            trembled = tuple(reader.read(picture, each, layout).state for each in moved)
            found.append(Outcome(truth, reader.read(picture, box, layout), min(x2 - x1, y2 - y1), night, trembled))
    return found


def _moved(box: Box, across: float, down: float) -> Box:
    dx, dy = across * (box[2] - box[0]), down * (box[3] - box[1])
    return box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy


def summary(rows: Iterable[Outcome]) -> dict[str, Any]:
    """The figures of a set of heads.

    Returns:
        `n`; `accuracy`, unknown counting as wrong; `unknown`, the share not named; `wrong_of_named`;
        `red_green_confusions`; `without_abstention`, the accuracy if the network's likeliest answer always counted (no
        lit lamp is one, and always wrong here); `forced`, the accuracy if it had to choose one of the three colours;
        `box_off`, the accuracy with boxes a little off; `by_state`, `by_width`, `by_light`.
    """
    rows = list(rows)
    named = [row for row in rows if row.reading.state != "unknown"]
    trembled = [state == row.truth for row in rows for state in row.trembled]
    return {
        "n": len(rows),
        "accuracy": _share([row.reading.state == row.truth for row in rows]),
        "unknown": _share([row.reading.state == "unknown" for row in rows]),
        "wrong_of_named": _share([row.reading.state != row.truth for row in named]),
        "wrong": sum(row.reading.state != row.truth for row in named),
        "red_green_confusions": sum({row.truth, row.reading.state} == {"red", "green"} for row in rows),
        "without_abstention": _share([row.reading.best == row.truth for row in rows]),
        "forced": _share([(row.reading.colour or row.reading.best) == row.truth for row in rows]),
        "box_off": _share(trembled),
        "by_state": {state: _part([row for row in rows if row.truth == state]) for state in STATES},
        "by_width": _by(rows, _width),
        "by_light": _by(rows, lambda row: "night" if row.night else "day"),
    }


def _width(row: Outcome) -> str:
    low, high = next(span for span in WIDTHS_PX if span[0] <= row.width_px < span[1])
    return f"{low}-{high}px" if high < 10_000 else f"over_{low}px"


def _by(rows: list[Outcome], key: Any) -> dict[str, Any]:  # noqa: ANN401 - a function of an outcome
    parts: dict[str, list[Outcome]] = defaultdict(list)
    for row in rows:
        parts[key(row)].append(row)
    return {name: _part(part) for name, part in sorted(parts.items())}


def _part(rows: list[Outcome]) -> dict[str, Any]:
    read_as = Counter(row.reading.state for row in rows)
    right = _share([row.reading.state == row.truth for row in rows])
    return {"n": len(rows), "accuracy": right, "read_as": dict(sorted(read_as.items()))}


def _share(hits: list[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None


def milliseconds(reader: SignalReader, *, runs: int = 50) -> float:
    """Median processor time of one head of 14 by 40 pixels, in ms."""
    frame = np.random.default_rng(0).integers(0, 255, (360, 640, 3), dtype=np.uint8)
    took = []
    for _ in range(runs):
        began = time.process_time()
        reader.read(frame, (100, 100, 114, 140))
        took.append((time.process_time() - began) * 1000)
    return round(statistics.median(took), 3)
