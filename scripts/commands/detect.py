"""`tertib detect`: detector and tracker on a clip, an image or a folder."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from models.detection import Detections
from models.detector import Detector, load_detector
from models.errors import ModelError
from pipeline.ingest import Frame, MediaError, open_source
from pipeline.perception.tracker import Tracker
from scripts.commands._camera_source import instant
from scripts.commands._drawn_boxes import Album, Mark, Pictures
from scripts.commands._event_lines import stamp

app = typer.Typer(help="Run detector and tracker on a clip, an image or a folder.")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Times of footage of which nobody says when it was recorded count from here.

Plainly relative, and the same at every run.
"""


@app.command(epilog="Example: tertib detect samples/clips/parkpow-cars.mp4 --jsonl --every 5")
def detect(
    media: Annotated[
        str, typer.Argument(metavar="MEDIA", help="A clip, an image, a folder of images or an rtsp:// address.")
    ],
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Print a JSON line a picture.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Look at every Nth picture only.")] = 1,
    confidence: Annotated[float, typer.Option(min=0.01, max=1, help="Least score of a box.")] = 0.25,
    recorded_at: Annotated[str | None, typer.Option(help="When the first picture was taken; default: 1970.")] = None,
    detector: Annotated[str, typer.Option(help="Model of the catalogue.")] = "traffic-n",
    backend: Annotated[str, typer.Option(help="openvino, onnxruntime or ultralytics.")] = "openvino",
    threads: Annotated[int, typer.Option(min=1, max=64, help="Threads of the detector.")] = 1,
    pictures: Pictures = None,
) -> None:
    """Find cars, motorcycles, buses, trucks, bicycles, persons, signals and plates.

    Follow the vehicles from picture to picture.
    """
    try:
        network = load_detector(detector, backend=backend, threads=threads)
        source = open_source(media, recorded_at=instant(recorded_at), started_at=EPOCH)
        tracker, album = Tracker(), Album(pictures)
        for frame in source.frames():
            if frame.index % every == 0:
                record = _look(frame, network, tracker, confidence)
                sys.stdout.write((json.dumps(record) if jsonl else _sentence(record)) + "\n")
                if pictures is not None:
                    album.add(f"frame-{frame.index}", frame.bgr(), _marks(record))
    except (MediaError, ModelError, OSError) as error:
        raise typer.TyperException(str(error)) from error


def _look(frame: Frame, network: Detector, tracker: Tracker, confidence: float) -> dict[str, Any]:
    # Weak boxes continue tracks, so the tracker sees them even when they are not printed.
    seen = network.detect(frame.bgr(), confidence=min(confidence, 0.15))
    _, numbers = tracker.update(seen, frame.at_s, frame.index)
    return {"frame": frame.index, "time": stamp(frame.at_s), "objects": _objects(seen, numbers.tolist(), confidence)}


def _marks(record: dict[str, Any]) -> list[Mark]:
    return [
        Mark(
            item["box"],
            f"{item['class']} {item['score']:.2f}" + (f" #{item['track']}" if item["track"] is not None else ""),
        )
        for item in record["objects"]
    ]


def _objects(seen: Detections, numbers: list[int], confidence: float) -> list[dict[str, Any]]:
    return [
        {
            "box": [round(float(value), 1) for value in box],
            "class": name,
            "score": round(float(score), 4),
            "track": number if number >= 0 else None,
        }
        for box, name, score, number in zip(seen.boxes, seen.names, seen.scores, numbers, strict=True)
        if score >= confidence
    ]


def _sentence(record: dict[str, Any]) -> str:
    counts = Counter(item["class"] for item in record["objects"])
    found = ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"
    return f"frame {record['frame']}: {found}"
