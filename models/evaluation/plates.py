"""How well plates are read, and how often what is named is wrong: real crops and photographs, and drawn ones."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.catalogue import in_use, load_catalogue
from models.detector import Detector, load_detector
from models.errors import ModelError
from models.evaluation.figures import extra_data
from models.evaluation.plates_risk import area_under_risk, reliability, risk_coverage, upper_bound
from models.evaluation.plates_sets import Specimen, crops, drawn, motorcycles, photographs
from models.plates.agreement import agreed
from models.plates.reader import READERS, PlateReader, load_plate_reader
from models.plates.reading import PlateReading

LEAD = READERS[0]
DRAWN = 200
AGREE = "agree"
# Slow, and no reader of the roadside: measured on the real sets only.
ONLY_REAL = frozenset({"easyocr"})


@dataclass(frozen=True)
class Outcome:
    """One plate: what it says, what was read (None: the detector found no plate there), and how long it took."""

    truth: str
    reading: PlateReading | None
    ms: float
    specimen: Specimen | None = None

    @property
    def best(self) -> str:
        """What would have been named without any abstention."""
        return (self.reading.best if self.reading else None) or ""

    @property
    def accepted(self) -> str | None:
        """What was named."""
        faint = self.specimen is not None and self.specimen.faint
        return self.reading.text if self.reading and not faint else None

    @property
    def right(self) -> bool:
        """Whether the best text is the true one."""
        return self.best == self.truth

    @property
    def confidence(self) -> float:
        """Of the best text, 0..1."""
        return self.reading.confidence if self.reading else 0.0


@dataclass(frozen=True)
class PlateSet:
    """A set of plates and the country whose format they have."""

    name: str
    country: str
    specimens: tuple[Specimen, ...]


def plate_sets(data: Path | None, *, count: int = DRAWN, detector: Detector | None = None) -> list[PlateSet]:
    """The sets that can be measured here.

    Args:
        data: folder of footage that is not redistributed; None: only what is drawn without it.
        count: how many plates to draw.
        detector: of the photographs and motorcycles; by default the one in use.
    """
    found = [PlateSet("drawn", "ID", tuple(drawn(count)))]
    if data is not None:
        detector = detector or load_detector()
        found = [
            PlateSet("id-dev", "ID", tuple(crops(data / "plates" / "id-dev"))),
            PlateSet("eu-dev", "EU", tuple(photographs(data / "plates" / "eu-dev", detector))),
            PlateSet("motorcycles", "ID", tuple(motorcycles(data, detector))),
            *found,
        ]
    return found


def read_all(sets: Iterable[PlateSet], readers: Sequence[str]) -> dict[str, dict[str, list[Outcome]]]:
    """Outcomes by reader and set."""
    found: dict[str, dict[str, list[Outcome]]] = {name: {} for name in readers}
    parts = {"plates-id", "rapidocr"}
    for one in sets:
        for name in readers:
            if name in ONLY_REAL and not one.name.endswith("-dev"):
                continue
            if name == AGREE and parts <= set(readers):
                continue  # its two parts are read anyway: it is what they say together
            reader = load_plate_reader(name, countries=(one.country,))
            found[name][one.name] = [_timed(reader, specimen) for specimen in one.specimens]
        if AGREE in readers and parts <= set(readers):
            pairs = zip(found["plates-id"][one.name], found["rapidocr"][one.name], strict=True)
            found[AGREE][one.name] = [_together(own, other) for own, other in pairs]
    return found


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
    return figures(read_all(plate_sets(data or extra_data(), detector=detector), readers))


def figures(outcomes: dict[str, dict[str, list[Outcome]]]) -> dict[str, Any]:
    """The figures of outcomes by reader and set: short ones of each reader, all of the first one."""
    readers = list(outcomes)
    catalogue = load_catalogue()
    shas = {name: catalogue.model(name).sha256 for name in ("rapidocr", "easyocr", "plates-id")}
    short = {name: {kind: summary(rows) for kind, rows in sets.items()} for name, sets in outcomes.items()}
    lead = {kind: {**short[readers[0]][kind], **belief(rows)} for kind, rows in outcomes[readers[0]].items()}
    return {"reader": readers[0], "detector": in_use(), "sha256": shas, "sets": lead, "readers": short}


def summary(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The figures of one set.

    Returns:
        `n`; `exact`, share whose best text is right, abstained or not; `coverage`, share for which a text was named;
        `wrong_of_accepted`, share of the named texts that are wrong; `wrong_at_most`, the same at 95 % of certainty;
        `wrong_but_for_0_and_o`, how many would be wrong if 0 and O were one character (the labels of eu-dev mix
        them); `cer`, edit distance by true characters; `ms`, median milliseconds of one processor a plate; `found`,
        share on which the detector found the plate.
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
        "exact": round(sum(row.right for row in rows) / len(rows), 4),
        "coverage": round(len(accepted) / len(rows), 4),
        "accepted": len(accepted),
        "wrong": len(wrong),
        "wrong_but_for_0_and_o": len([row for row in wrong if _zeros(row.accepted or "") != _zeros(row.truth)]),
        "wrong_of_accepted": round(len(wrong) / max(1, len(accepted)), 4),
        "wrong_at_most": upper_bound(len(wrong), len(accepted)),
        "cer": round(edits / sum(len(row.truth) for row in rows), 4),
        "ms": round(statistics.median(times), 1) if times else None,
        "found": round(sum(row.reading is not None for row in rows) / len(rows), 4),
    }


def belief(rows: Sequence[Outcome]) -> dict[str, Any]:
    """How far the reader's confidence can be believed, and whom it serves worse: by colour, light and lines."""
    confidences, right = [row.confidence for row in rows], [row.right for row in rows]
    told: dict[str, Any] = {
        "risk_coverage": risk_coverage(confidences, right),
        "area_under_risk": area_under_risk(confidences, right),
        "reliability": reliability(confidences, right),
    }
    for kind in ("colour", "light", "lines"):
        parts: dict[str, list[Outcome]] = defaultdict(list)
        for row in rows:
            parts[getattr(row.specimen, kind) if row.specimen else "unknown"].append(row)
        told[f"by_{kind}"] = {name: _brief(part) for name, part in sorted(parts.items())}
    return told


def _brief(rows: Sequence[Outcome]) -> dict[str, Any]:
    whole = summary(rows)
    return {key: whole[key] for key in ("n", "exact", "coverage", "wrong", "cer")}


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


def _together(own: Outcome, other: Outcome) -> Outcome:
    """What `models.plates.agreement.AgreeingReader` makes of its two readers."""
    if own.reading is None or other.reading is None:
        return Outcome(own.truth, None, 0.0, own.specimen)
    return Outcome(own.truth, agreed(own.reading, other.reading), own.ms + other.ms, own.specimen)


def _timed(reader: PlateReader, specimen: Specimen) -> Outcome:
    if specimen.crop is None:
        return Outcome(specimen.truth, None, 0.0, specimen)
    # Processor time, not the clock's: the readers run on one thread, and a busy machine must not show in the figures.
    start = time.process_time()
    reading = reader.read(specimen.crop)
    return Outcome(specimen.truth, reading, (time.process_time() - start) * 1000, specimen)
