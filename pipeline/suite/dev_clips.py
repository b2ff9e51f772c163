"""Real clips that may not be redistributed, with truth that was labelled by hand, judged by the whole way."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from models.detector import Detector, load_detector
from models.evaluation.figures import extra_data
from models.plates.reader import PlateReader, load_plate_reader
from pipeline.scene import load_scene
from pipeline.scoring import read_told, score
from pipeline.suite.outcome import lines
from pipeline.suite.watched import judged

TRUTH = Path(__file__).parents[2] / "tests" / "truth"
"""Scenes and labels; only a checkout has them."""


def measured(*, detector: str, truth: Path = TRUTH) -> dict[str, Any]:
    """Judge every labelled clip.

    Args:
        detector: Its name in the catalogue.
        truth: Folder with `scenes/NAME.yaml` and `dev/NAME.jsonl`.

    Returns:
        Offenders found and innocents offered, in all and a clip; and counts by direction.

    Raises:
        ModelError: TERTIB_EXTRA_DATA is not set, or the weights are absent.
        ValueError: There are no labels.
    """
    footage = extra_data() / "video" / "dev"
    labels = sorted((truth / "dev").glob("*.jsonl"))
    if not labels:
        raise ValueError(f"{truth / 'dev'} holds no labelled clips: run this in a checkout of the repository")
    network, reader = load_detector(detector), load_plate_reader()
    clips = {path.stem: _clip(path, footage / f"{path.stem}.mp4", truth, network, reader) for path in labels}
    return {
        "mode": f"real clips labelled by hand, detector {detector}, the whole way",
        "clips": len(clips),
        **{
            key: sum(clip[key] for clip in clips.values()) for key in ("true", "found", "innocents_offered", "withheld")
        },
        "by_clip": clips,
    }


def _clip(labels: Path, media: Path, truth: Path, detector: Detector, reader: PlateReader) -> dict[str, Any]:
    told = read_told(labels)
    began = datetime.fromisoformat(str(told.lines["clip"][0]["time"])) if told.lines["clip"] else None
    scene = load_scene(truth / "scenes" / f"{labels.stem}.yaml")
    records = judged(scene, media, detector, reader, recorded_at=began)
    result = score(told, lines(labels.stem, records))
    return {
        "true": result["true"],
        "found": result["found"],
        "innocents_offered": result["innocents_offered"],
        "withheld": result["withheld"],
        "missed": [brief["offence"] for brief in result["missed"]],
        "offered": [
            {key: record[key] for key in ("offence", "class", "frame", "box", "doubts")}
            for record in records
            if record["kind"] == "offence" and record["offered"]
        ],
        "passages": {key: result["crossings"][key] for key in ("true", "found", "false")},
    }
