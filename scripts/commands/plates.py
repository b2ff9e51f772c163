"""`tertib plates`: read plates in pictures, or in crops of plates."""

from __future__ import annotations

import glob
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from models.detector import Detector, load_detector
from models.errors import ModelError
from models.plates.cropping import crop_plate
from models.plates.finding import FAINT_SCORE, FAINTLY, PlateFinder, is_faint, joined
from models.plates.reader import READERS, PlateReader, load_plate_reader
from models.plates.reading import PlateReading
from scripts.commands._drawn_boxes import SURE, UNSURE, Album, Mark, Pictures

app = typer.Typer(add_completion=False)

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
USAGE = 2
# Whoever names no country gets Tertib's own first; a plate of another must be far likelier to be taken for one.
COUNTRIES = ("ID", "VN", "EU")


class PictureError(ValueError):
    """A picture cannot be read; the message says which and why."""


@dataclass(frozen=True)
class Plate:
    """A plate in a picture: its box in pixels of the picture (left, top, right, bottom), and what it reads."""

    box: tuple[float, float, float, float]
    reading: PlateReading

    def as_json(self) -> dict[str, Any]:
        """The plate as INTERFACES.md writes it."""
        reading = self.reading
        return {
            "box": [round(side, 1) for side in self.box],
            "text": reading.text,
            "confidence": reading.confidence,
            "abstained": reading.abstained,
            "reason": reading.reason,
            "candidates": [{"text": text, "confidence": share} for text, share in reading.candidates],
            "expiry": reading.expiry,
            "expiry_confidence": reading.expiry_confidence,
            "colour": reading.colour,
            "colour_confidence": reading.colour_confidence,
            "country": reading.country,
            "known_region": reading.known_region,
        }


@app.command(epilog="Example: tertib plates --crop crops/ --country ID --jsonl")
def read_plates(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Pictures, folders of them, or patterns.")],
    crop: Annotated[bool, typer.Option("--crop", help="Each picture is a plate; no detector is run.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="A JSON line a picture instead of words.")] = False,
    reader: Annotated[str, typer.Option(help=f"Which reader: {' or '.join(READERS)}.")] = READERS[0],
    country: Annotated[
        list[str] | None,
        typer.Option(help="Plate format to expect: ID, VN or EU; repeat it, likeliest first. Default: all of them."),
    ] = None,
    detector: Annotated[str, typer.Option(help="Detector of the model catalogue that finds the plates.")] = "traffic-n",
    confidence: Annotated[float, typer.Option(min=0.01, max=1.0, help="Least score of a found plate.")] = 0.25,
    threads: Annotated[int, typer.Option(min=1, max=64, help="CPU threads.")] = 1,
    pictures: Pictures = None,
) -> None:
    """Find plates, on motorcycles with a second look, and read them.

    A read in doubt is an abstention: `text` is null and `reason` says why.

    Exit code 0: all pictures were read; 2: some could not be: each is named on standard error, the rest are read.
    """
    paths, missing = _pictures(images)
    try:
        plate_reader = load_plate_reader(reader, countries=tuple(country or COUNTRIES), threads=threads)
        plate_detector = None if crop else load_detector(detector, threads=threads)
    except ModelError as error:
        sys.stderr.write(f"error: {error}\n")
        raise typer.Exit(USAGE) from error
    finder = PlateFinder(least_score=FAINT_SCORE)
    album = _album(pictures)
    failed = bool(missing)
    for fault in missing:
        sys.stderr.write(f"error: {fault}\n")
    for path in track(paths, "reading plates", console=Console(stderr=True), disable=not sys.stderr.isatty()):
        try:
            picture = _open(path)
            plates = list(_plates(picture, plate_reader, plate_detector, finder, confidence))
        except PictureError as error:
            sys.stderr.write(f"error: {error}\n")
            failed = True
            continue
        sys.stdout.write(_as_json(path, plates) if jsonl else _as_text(path, plates))
        sys.stdout.flush()
        album.add(path.name, picture, [_mark(plate) for plate in plates])
    if failed:
        raise typer.Exit(USAGE)


def _album(folder: Path | None) -> Album:
    try:
        return Album(folder)
    except OSError as error:
        raise typer.TyperException(f"{folder}: no folder for pictures can be made there: {error.strerror}") from error


def _mark(plate: Plate) -> Mark:
    reading = plate.reading
    if reading.text is not None:
        return Mark(plate.box, f"{reading.text} {reading.confidence:.2f}", SURE)
    guess = reading.candidates[0][0] if reading.candidates else "-"
    return Mark(plate.box, f"not read: {guess}?", UNSURE)


def _pictures(given: Sequence[str]) -> tuple[list[Path], list[str]]:
    """The pictures that files, folders and patterns name, and a sentence for each name that leads nowhere."""
    paths: list[Path] = []
    faults: list[str] = []
    for name in given:
        path = Path(name)
        if path.is_dir():
            found = sorted(one for one in path.iterdir() if one.suffix.lower() in SUFFIXES)
            fault = f"{name}: the folder holds no pictures ({', '.join(sorted(SUFFIXES))})"
        elif path.exists():
            found, fault = [path], ""
        else:
            found = sorted(Path(one) for one in glob.glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too
            fault = f"{name}: there is no such file"
        paths += found
        if not found:
            faults.append(fault)
    return paths, faults


def _open(path: Path) -> NDArray[np.uint8]:
    """Decode a picture to BGR.

    Raises:
        PictureError: it cannot be opened, or holds no whole picture.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise PictureError(f"{path}: cannot be opened: {error.strerror}") from error
    if _cut_off(data.tobytes()):
        raise PictureError(f"{path}: the picture is cut off before its end: copy it again")
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise PictureError(f"{path}: not a picture that can be decoded (JPEG, PNG, WebP, TIFF or BMP is expected)")
    return np.asarray(picture, np.uint8)


def _cut_off(data: bytes) -> bool:
    """Whether a JPEG or PNG ends before its end marker: decoders fill the rest with gray, and say nothing."""
    if data.startswith(b"\xff\xd8"):
        return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    return data.startswith(b"\x89PNG") and b"IEND" not in data[-1024:]


def _plates(
    picture: NDArray[np.uint8], reader: PlateReader, detector: Detector | None, finder: PlateFinder, confidence: float
) -> Iterator[Plate]:
    """Read the picture as one plate, or each plate that the detector finds in it, left to right."""
    if detector is None:
        yield Plate((0.0, 0.0, float(picture.shape[1]), float(picture.shape[0])), reader.read(picture))
        return
    seen = detector.detect(picture, confidence=confidence)
    found = joined([seen, finder.missing(picture, seen)]).only("plate")
    for box, score in sorted(zip(found.boxes.tolist(), found.scores.tolist(), strict=True)):
        left, top, right, bottom = box
        reading = reader.read(crop_plate(picture, box))
        if reading.text is not None and _at_edge(picture, box):
            # What is left of a plate can fit the grammar: AD 8713 V cut short reads AD 871.
            reading = replace(reading, text=None, reason="the picture's edge may cut the plate off")
        if reading.text is not None and is_faint(box, score, seen):
            reading = replace(reading, text=None, reason=FAINTLY)
        yield Plate((left, top, right, bottom), reading)


def _at_edge(picture: NDArray[np.uint8], box: Sequence[float]) -> bool:
    height, width = picture.shape[:2]
    return box[0] <= 1 or box[1] <= 1 or box[2] >= width - 1 or box[3] >= height - 1


def _as_json(path: Path, plates: Sequence[Plate]) -> str:
    return json.dumps({"image": str(path), "plates": [plate.as_json() for plate in plates]}, ensure_ascii=False) + "\n"


def _as_text(path: Path, plates: Sequence[Plate]) -> str:
    if not plates:
        return f"{path}: no plate found\n"
    lines = []
    for plate in plates:
        reading = plate.reading
        if reading.text is not None:
            flags = "" if reading.known_region else ", region code in no list"
            expiry = f", expires {reading.expiry}" if reading.expiry else ""
            lines.append(f"{path}: {reading.text} ({reading.confidence:.2f}{expiry}{flags})")
        else:
            guess = f"; perhaps {reading.candidates[0][0]}" if reading.candidates else ""
            lines.append(f"{path}: not read: {reading.reason}{guess}")
    return "\n".join(lines) + "\n"
