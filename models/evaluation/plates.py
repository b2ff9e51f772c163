"""How well plates are read: on crops of Indonesian plates, and end to end on European photographs."""

from __future__ import annotations

import csv
import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.catalogue import in_use, load_catalogue
from models.detector import Detector, load_detector
from models.errors import ModelError
from models.evaluation.figures import extra_data
from models.plates.cropping import crop_plate
from models.plates.reader import READERS, PlateReader, load_plate_reader
from models.plates.reading import PlateReading

LEAD = READERS[0]
DETECTOR_CONFIDENCE = 0.25


@dataclass(frozen=True)
class Outcome:
    """One plate: what it says, what was read (None: the detector found no plate there), and how long it took."""

    truth: str
    reading: PlateReading | None
    ms: float

    @property
    def best(self) -> str:
        """What would have been named without any abstention."""
        return (self.reading.best if self.reading else None) or ""

    @property
    def accepted(self) -> str | None:
        """What was named."""
        return self.reading.text if self.reading else None


def evaluate(
    data: Path | None = None, *, readers: Sequence[str] = READERS, detector: Detector | None = None
) -> dict[str, Any]:
    """Measure the plate readers.

    Args:
        data: folder of footage that is not redistributed; by default `TERTIB_EXTRA_DATA`.
        readers: the readers to measure, the first one is reported under `sets`.
        detector: another detector than the one in use, for the photographs.

    Returns:
        `sets` of the leading reader ({name: n, exact, coverage, wrong_of_accepted, cer, ms, ...}), and `readers` with
        the sets of every reader by name.

    Raises:
        ModelError: the footage or a model is absent.
    """
    data = data or extra_data()
    found: dict[str, Any] = {}
    used_detector = detector or load_detector()
    for name in readers:
        found[name] = {
            "id-dev": summary(_crops(data / "plates" / "id-dev", load_plate_reader(name, countries=("ID",)))),
            "eu-dev": summary(
                _photographs(data / "plates" / "eu-dev", load_plate_reader(name, countries=("EU",)), used_detector)
            ),
        }
    catalogue = load_catalogue()
    shas = {name: catalogue.model(name).sha256 for name in readers if name in catalogue.models}
    return {"reader": readers[0], "detector": in_use(), "sha256": shas, "sets": found[readers[0]], "readers": found}


def summary(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The figures of one set.

    Returns:
        `n`; `exact`, share whose best text is right, abstained or not; `coverage`, share for which a text was named;
        `wrong_of_accepted`, share of the named texts that are wrong; `wrong_but_for_0_and_o`, how many would be
        wrong if 0 and O were one character (the labels of eu-dev mix them); `cer`, edit distance by true characters;
        `ms`, median milliseconds of one processor a plate; `found`, share on which the detector found the plate.
    """
    rows = list(outcomes)
    if not rows:
        raise ModelError("the set holds no plates")
    accepted = [row for row in rows if row.accepted is not None]
    wrong = [row for row in accepted if row.accepted != row.truth]
    edits = sum(edit_distance(row.best, row.truth) for row in rows)
    times = [row.ms for row in rows if row.reading is not None]
    return {
        "n": len(rows),
        "exact": round(sum(row.best == row.truth for row in rows) / len(rows), 4),
        "coverage": round(len(accepted) / len(rows), 4),
        "accepted": len(accepted),
        "wrong": len(wrong),
        "wrong_but_for_0_and_o": len([row for row in wrong if _zeros(row.accepted or "") != _zeros(row.truth)]),
        "wrong_of_accepted": round(len(wrong) / max(1, len(accepted)), 4),
        "cer": round(edits / sum(len(row.truth) for row in rows), 4),
        "ms": round(statistics.median(times), 1) if times else None,
        "found": round(sum(row.reading is not None for row in rows) / len(rows), 4),
    }


def _zeros(text: str) -> str:
    """The text with O written as 0: labels of other people do not always tell them apart."""
    return text.replace("O", "0")


def edit_distance(one: str, other: str) -> int:
    """Levenshtein distance: insertions, deletions and replacements."""
    row = list(range(len(other) + 1))
    for index, character in enumerate(one, start=1):
        before, row[0] = row[0], index
        for place, wanted in enumerate(other, start=1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (character != wanted))
    return row[-1]


def _crops(folder: Path, reader: PlateReader) -> Iterator[Outcome]:
    """Crops with their text in `ground_truth.csv`."""
    for row in csv.DictReader((folder / "ground_truth.csv").read_text(encoding="utf-8").splitlines()):
        yield _timed(reader, _picture(folder / row["image"]), row["ground_truth"])


def _photographs(folder: Path, reader: PlateReader, detector: Detector) -> Iterator[Outcome]:
    """Photographs, each with one plate's box and text in a file beside it."""
    for label in sorted(folder.glob("*.txt")):
        name, x, y, width, height, truth = label.read_text(encoding="utf-8").strip().split("\t")[:6]
        picture = _picture(folder / name)
        middle = np.array([float(x) + float(width) / 2, float(y) + float(height) / 2])
        plates = detector.detect(picture, confidence=DETECTOR_CONFIDENCE).only("plate")
        on_it = (plates.boxes[:, :2] < middle).all(1) & (plates.boxes[:, 2:] > middle).all(1)
        if not on_it.any():
            yield Outcome(truth, None, 0.0)
            continue
        best = int(np.where(on_it, plates.scores, -1.0).argmax())
        yield _timed(reader, crop_plate(picture, plates.boxes[best].tolist()), truth)


def _timed(reader: PlateReader, crop: NDArray[np.uint8], truth: str) -> Outcome:
    # Processor time, not the clock's: the readers run on one thread, and a busy machine must not show in the figures.
    start = time.process_time()
    reading = reader.read(crop)
    return Outcome(truth, reading, (time.process_time() - start) * 1000)


def _picture(path: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise ModelError(f"{path}: not a picture that can be decoded")
    return np.asarray(picture, np.uint8)
