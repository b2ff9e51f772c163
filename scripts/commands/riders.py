"""`tertib riders`: motorcycles and who sits on them, in pictures and over clips."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from models.detector import Detector, load_detector
from models.errors import ModelError
from models.riders.classifier import HelmetClassifier, load_helmet_classifier
from pipeline.ingest import MediaError, open_source
from pipeline.perception.head_search import HeadSearch
from pipeline.perception.riders import RiderTally, RiderVerdict, seen_riders
from pipeline.perception.tracker import Tracker
from scripts.commands._drawn_boxes import PLAIN, SURE, UNSURE, Album, Mark, Pictures

app = typer.Typer(add_completion=False)

SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Times of footage of which nobody says when it was recorded count from here."""
LOW_CONFIDENCE = 0.15
ANALYSE_FPS = 10.0


@app.command(epilog="Example: tertib riders photographs/ --jsonl")
def riders(
    media: Annotated[list[str], typer.Argument(metavar="IMAGE...", help="Pictures, folders of them, or clips.")],
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print JSON lines instead of words.")] = False,
    detector: Annotated[
        str | None, typer.Option(help="Detector of the model catalogue; default: the one in use.")
    ] = None,
    confidence: Annotated[float, typer.Option(min=0.01, max=1, help="Least score of a motorcycle or person.")] = 0.25,
    threads: Annotated[int, typer.Option(min=1, max=64, help="CPU threads.")] = 1,
    pictures: Pictures = None,
) -> None:
    """Find motorcycles, the heads above them, and what these wear: `helmet`, `bare` or `cannot_tell`.

    A line a picture: `image` and `motorcycles`, each with `box` and `riders` (`box` of the head, `helmet`, `score`,
    and `person`, the rider's whole box, where it was seen). A clip gets a line a motorcycle's track instead: `clip`,
    `track`, `riders`, `bare`, `helmet` and `cannot_tell` as numbers, and `reason` where something is not told.
    `--pictures` draws photographs only, not clips.
    Exit code 2: some pictures could not be read; each is named on standard error, the rest are done.
    """
    try:
        network = load_detector(detector, threads=threads)
        classifier, search = load_helmet_classifier(threads=threads), HeadSearch()
        album = Album(pictures)
    except (ModelError, OSError) as error:
        raise typer.TyperException(str(error)) from error
    failed = False
    for path in _paths(media):
        try:
            if path.suffix.lower() in SUFFIXES:
                picture = _opened(path)
                record = _picture(path, picture, network, classifier, search, confidence)
                album.add(path.name, picture, _marks(record))
                _tell(record, _sentence(record), jsonl=jsonl)
            else:
                for record in _clip(path, network, RiderTally(classifier, search)):
                    _tell(record, _verdict_sentence(record), jsonl=jsonl)
        except (OSError, MediaError) as error:
            failed = True
            sys.stderr.write(f"error: {error}\n")
    if failed:
        raise typer.Exit(2)


def _paths(given: list[str]) -> list[Path]:
    """Files as they are named, folders as the pictures in them."""
    found: list[Path] = []
    for name in given:
        path = Path(name)
        inside = sorted(each for each in path.iterdir() if each.suffix.lower() in SUFFIXES) if path.is_dir() else [path]
        if not inside:
            raise typer.TyperException(f"{name}: the folder holds no pictures ({', '.join(sorted(SUFFIXES))})")
        found += inside
    return found


def _marks(record: dict[str, Any]) -> list[Mark]:
    """Motorcycles with how many ride them, and each rider's head with what it wears."""
    marks = []
    for one in record["motorcycles"]:
        marks.append(Mark(one["box"], f"{len(one['riders'])} riders", PLAIN))
        marks += [
            Mark(rider["box"], rider["helmet"], UNSURE if rider["helmet"] == "cannot_tell" else SURE)
            for rider in one["riders"]
        ]
    return marks


def _picture(
    path: Path,
    picture: NDArray[np.uint8],
    network: Detector,
    classifier: HelmetClassifier,
    search: HeadSearch,
    confidence: float,
) -> dict[str, Any]:
    seen = network.detect(picture, confidence=min(confidence, LOW_CONFIDENCE))
    heads = np.array([name.endswith("_head") for name in seen.names], bool)
    seen = seen[(seen.scores >= confidence) | heads] if len(seen) else seen
    found = seen.only("motorcycle")
    boxes = [(a, b, c, d) for a, b, c, d in found.boxes.tolist()]
    shares = seen_riders(picture, seen, boxes, classifier, search)
    return {
        "image": str(path),
        "motorcycles": [
            {
                "box": _rounded(box),
                "score": round(float(score), 4),
                "riders": [
                    {
                        "box": _rounded(head.box),
                        "helmet": head.state,
                        "score": round(head.look.share if head.state != "cannot_tell" else head.score, 4),
                        "person": None if head.person is None else _rounded(head.person),
                    }
                    for head in heads_here
                ],
            }
            for box, score, heads_here in zip(boxes, found.scores, shares, strict=True)
        ],
    }


def _opened(path: Path) -> NDArray[np.uint8]:
    if not path.exists():
        raise OSError(f"{path}: there is no such file")
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path}: not a picture that can be decoded")
    return np.asarray(picture, np.uint8)


def _clip(path: Path, network: Detector, tally: RiderTally) -> list[dict[str, Any]]:
    """One record a motorcycle's track."""
    tracker = Tracker()
    seen_at: dict[int, tuple[int, int]] = {}
    last_s = float("-inf")
    for frame in open_source(str(path), recorded_at=None, started_at=EPOCH).frames():
        if frame.at_s - last_s < 0.9 / ANALYSE_FPS:
            continue
        last_s = frame.at_s
        picture = frame.bgr()
        seen = network.detect(picture, confidence=LOW_CONFIDENCE)
        tracks, _ = tracker.update(seen, frame.at_s, frame.index)
        motorcycles = [track for track in tracks if track.vehicle_class == "motorcycle"]
        tally.look(frame.at_s, frame.index, picture, motorcycles, seen)
        for track in motorcycles:
            seen_at[track.id] = (seen_at.get(track.id, (frame.index, 0))[0], frame.index)
    return [
        _verdict(str(path), verdict, frames)
        for number, frames in sorted(seen_at.items())
        if (verdict := tally.verdict(number)) is not None
    ]


def _verdict(clip: str, verdict: RiderVerdict, frames: tuple[int, int]) -> dict[str, Any]:
    return {
        "clip": clip,
        "track": verdict.track_id,
        "frames": list(frames),
        "riders": verdict.riders,
        "bare": verdict.bare,
        "helmet": verdict.helmeted,
        "cannot_tell": verdict.unclear,
        "looks": verdict.looks,
        "span_s": round(verdict.span_s, 2),
        "reason": verdict.reason,
        "best_frame": verdict.best_frame,
        "heads": [_rounded(box) for box in verdict.head_boxes],
    }


def _rounded(box: tuple[float, float, float, float]) -> list[float]:
    return [round(value, 1) for value in box]


def _tell(record: dict[str, Any], sentence: str, *, jsonl: bool) -> None:
    sys.stdout.write((json.dumps(record) if jsonl else sentence) + "\n")
    sys.stdout.flush()


def _sentence(record: dict[str, Any]) -> str:
    each = [", ".join(rider["helmet"] for rider in one["riders"]) or "nobody on it" for one in record["motorcycles"]]
    return f"{record['image']}: " + ("; ".join(each) if each else "no motorcycle")


def _verdict_sentence(record: dict[str, Any]) -> str:
    count = "riders not counted" if record["riders"] is None else f"{record['riders']} riders"
    words = f"{record['bare']} bare, {record['helmet']} with helmet, {record['cannot_tell']} cannot be told"
    return f"{record['clip']} track {record['track']}: {count}; {words}" + (
        f" ({record['reason']})" if record["reason"] else ""
    )
