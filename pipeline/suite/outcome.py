"""What a judge told of a scene, beside what is true."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.exhibits import utc
from pipeline.perception.plates import PlateVote
from pipeline.perception.track import Box
from pipeline.rules.candidate import Candidate
from pipeline.rules.crossing import Crossing
from pipeline.scoring import Told, told_of

Record = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """One scene's truth and what was told of it, as lines of `tertib observe --verbose`."""

    scene: str
    truth: Told
    found: Told
    notes: tuple[str, ...] = field(default=())


def offence_line(candidate: Candidate, vote: PlateVote | None) -> Record:
    """A candidate with the keys that scoring needs."""
    return {
        "kind": "offence",
        "offence": candidate.offence.value,
        "frame": candidate.frame,
        "time": stamp(candidate.at_s),
        "track": candidate.track_id,
        "class": candidate.vehicle_class,
        "box": _whole(candidate.box),
        "plate": {"text": vote.text if vote else None},
        "measured": dict(candidate.measured),
        "doubts": list(candidate.doubts),
        "offered": not any(doubt.startswith("grave:") for doubt in candidate.doubts),
    }


def crossing_line(crossing: Crossing) -> Record:
    """A passage with the keys that scoring needs."""
    return {
        "kind": "crossing",
        "line": crossing.line,
        "toward": crossing.toward,
        "class": crossing.vehicle_class,
        "frame": crossing.frame,
        "time": stamp(crossing.at_s),
        "track": crossing.track_id,
    }


def stamp(at_s: float) -> str:
    """Seconds since 1970 as ISO 8601 UTC with microseconds."""
    return utc(at_s).isoformat(timespec="microseconds").replace("+00:00", "Z")


def lines(name: str, records: list[Record]) -> Told:
    """Records as scoring reads them from a file."""
    return told_of(Path(name), records)


def _whole(box: Box) -> list[float]:
    return [float(value) for value in box]
