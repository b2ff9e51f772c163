"""Scenes as the whole way sees them: drawn, encoded, decoded, detected, followed, read and judged.

Clips and detections are kept under `var/suite`, so that changed rules judge the same pictures again in no time: a clip
is named by its specification and the version of the drawing, detections by their picture and the detector's weights.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.catalogue import resolve, sha256_of
from models.detection import Detections
from models.detector import Detector, load_detector
from models.plates.reader import PlateReader, load_plate_reader
from pipeline.camera import Camera
from pipeline.exhibits import Finding
from pipeline.ingest import open_source
from pipeline.perception.phase import PhaseChange
from pipeline.rules.crossing import Crossing
from pipeline.scene import Scene, load_scene
from pipeline.scoring import read_told
from pipeline.stage import Specification, produce
from pipeline.stage.production import CLIP, SCENE, TRUTH, drawing_version
from pipeline.suite.outcome import Outcome, Record, crossing_line, lines, offence_line, stamp

ROOM = Path("var/suite")
UNSEEN = {
    "count_lines",
    "grace",
    "certificate",
    "calendar",
    "checks",
    "directed",
    "priority_plates",
    "survey_sigma_px",
    "survey_sigma_m",
    "recorded_at",
    "timezone",
}
"""What changes no picture."""


def clip_folder(specification: Specification, room: Path = ROOM) -> Path:
    """Where a scene's clip lies or will lie."""
    content = specification.model_dump(mode="json", by_alias=True, exclude=UNSEEN)
    canonical = json.dumps([drawing_version(specification), content], sort_keys=True, separators=(",", ":"))
    return room / "clips" / f"{specification.name}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"


def draw(specification: Specification, room: Path = ROOM) -> Path:
    """Draw a scene unless its clip is there; truth and scene file are always written anew.

    Raises:
        UnseenError: Something that the scene needs lies outside the picture.
        OSError: The folder cannot be written.
    """
    folder = clip_folder(specification, room)
    done = folder / "drawn"
    produce(specification, folder, pictures=not done.exists())
    done.touch()
    return folder


class Remembering:
    """A detector that looks at each picture once, and remembers it in a file.

    Args:
        detector: The real one.
        path: Where to remember; other files for other weights.
    """

    def __init__(self, detector: Detector, path: Path) -> None:
        self._detector, self._path = detector, path
        self._known: dict[str, NDArray[np.float32]] = {}
        self._new = 0
        if path.exists():
            with np.load(path) as stored:
                self._known = {key: stored[key] for key in stored.files}

    def detect(self, frame_bgr: NDArray[np.uint8], *, confidence: float = 0.25) -> Detections:
        """See `models.detector.Detector`."""
        key = f"{zlib.crc32(frame_bgr.tobytes()):08x}-{round(1000 * confidence)}"
        if key not in self._known:
            seen = self._detector.detect(frame_bgr, confidence=confidence)
            self._known[key] = np.concatenate(
                [seen.boxes, seen.scores[:, None], seen.classes[:, None].astype(np.float32)], axis=1
            )
            self._new += 1
        rows = self._known[key]
        return Detections(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))

    def save(self) -> None:
        """Write what is new."""
        if self._new:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("wb") as file:
                np.savez(file, **self._known)  # type: ignore[arg-type] # numpy's stub takes the keys for its options
            self._new = 0


class Watch:
    """Watches clips, one after the other, with one detector and one reader of plates.

    Args:
        detector: Its name in the catalogue.
        room: Where clips and detections are kept.

    Raises:
        ModelError: The weights are absent or damaged.
    """

    def __init__(self, detector: str, *, room: Path = ROOM) -> None:
        self._room = room
        self._detector = load_detector(detector)
        self._reader = load_plate_reader()
        self._weights = sha256_of(resolve(detector))[:12]

    def is_drawn(self, specification: Specification) -> bool:
        """Whether its clip is there."""
        return (clip_folder(specification, self._room) / "drawn").exists()

    def outcome(self, name: str, specification: Specification) -> Outcome:
        """Draw if need be, and judge."""
        folder = draw(specification, self._room)
        return watch(name, folder, self._detector, self._reader, weights=self._weights)


def watch(name: str, folder: Path, detector: Detector, reader: PlateReader, *, weights: str) -> Outcome:
    """Judge a drawn clip.

    Args:
        name: Of the scene.
        folder: With clip, scene file and truth.
        detector: Looks at pictures that were not seen yet.
        reader: Of plates.
        weights: Name of the detector's weights, e.g. the beginning of their SHA-256.

    Returns:
        What was told and what is true.
    """
    remembering = Remembering(detector, folder / f"seen-{weights}.npz")
    records = judged(load_scene(folder / SCENE), folder / CLIP, remembering, reader)
    remembering.save()
    return Outcome(name, read_told(folder / TRUTH), lines(name, records))


def judged(
    scene: Scene, clip: Path, detector: Detector, reader: PlateReader, *, recorded_at: datetime | None = None
) -> list[Record]:
    """All that is told of a clip, as lines of `tertib observe --verbose`.

    Args:
        scene: What is allowed.
        clip: The footage.
        detector: Looks at it.
        reader: Of plates.
        recorded_at: When the first picture was taken; by the scene if None.

    Raises:
        MediaError: The clip cannot be opened.
    """
    media = scene.media
    source = open_source(
        str(clip),
        recorded_at=recorded_at or (media.recorded_at if media else None),
        clock_uncertainty_ms=media.clock_uncertainty_ms if media else 1000.0,
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    records: list[Record] = []
    for event in Camera(scene, source, detector=detector, reader=reader).events():
        if isinstance(event, Finding):
            records.append(offence_line(event.candidate, event.plate))
        elif isinstance(event, Crossing):
            records.append(crossing_line(event))
        elif isinstance(event, PhaseChange):
            records.append(
                {"kind": "phase", "signal": event.signal, "state": event.state, "frame": event.frame}
                | {"time": stamp(event.at_s)}
            )
    return records
