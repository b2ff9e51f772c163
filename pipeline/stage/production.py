"""A whole performance: clip, scene file and truth in one folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from pipeline.stage.clip import TICKS, stamps_of, ticks_of, write_clip
from pipeline.stage.lens import Lens
from pipeline.stage.picture import Studio
from pipeline.stage.scene_file import scene_of
from pipeline.stage.specification import Specification
from pipeline.stage.truth import Chronicle, Record
from pipeline.stage.world import World

DRAWING, FACES = 1, 2
"""Counted up when the same specification looks different: drawn clips that are kept somewhere are stale then."""
CLIP, SCENE, TRUTH = "clip.mp4", "scene.yaml", "truth.jsonl"


@dataclass(frozen=True)
class Production:
    """What was made.

    Attributes:
        folder: Where it lies.
        frames: Pictures in the clip.
        duration_s: From the first to the last.
        offences: True ones by code, borderline ones left out.
        crossings: Passages of count lines.
    """

    folder: Path
    frames: int
    duration_s: float
    offences: dict[str, int]
    crossings: int


def produce(
    specification: Specification,
    folder: Path,
    *,
    pictures: bool = True,
    on_frame: Callable[[int, int], None] | None = None,
) -> Production:
    """Play a specification.

    Args:
        specification: What happens.
        folder: Where `clip.mp4`, `scene.yaml` and `truth.jsonl` go; made if it is missing.
        pictures: Draw the clip; without it only scene and truth are written.
        on_frame: Told the number of pictures done and of all.

    Returns:
        What was made.

    Raises:
        UnseenError: Something that the scene needs lies outside the picture.
        OSError: The folder cannot be written.
    """
    world, lens, ticks = World(specification), Lens(specification.camera), ticks_of(specification)
    scene = scene_of(specification, lens)
    records = Chronicle(world, lens, ticks).records()
    folder.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(scene, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)
    (folder / SCENE).write_text(text, encoding="utf-8")
    _write_truth(folder / TRUTH, [_head(specification, ticks), *records])
    if pictures:
        stamps = stamps_of(specification, ticks)
        write_clip(folder / CLIP, _pictures(world, ticks, on_frame), stamps, specification)
    offences: dict[str, int] = {}
    for record in records:
        if record["kind"] == "offence" and not record["borderline"]:
            offences[record["offence"]] = offences.get(record["offence"], 0) + 1
    crossings = sum(record["kind"] == "crossing" for record in records)
    return Production(folder, len(ticks), ticks[-1] / TICKS, offences, crossings)


def drawing_version(specification: Specification) -> int | str:
    """By what the look of a specification is known: uncovered heads and children were drawn anew once."""
    uncovered = any(
        actor.kind == "person" or any(not rider.helmet or rider.child for rider in actor.riders)
        for actor in specification.actors
        if actor.kind in ("person", "motorcycle", "bicycle")
    )
    return f"{DRAWING}.{FACES}" if uncovered else DRAWING


def _pictures(
    world: World, ticks: list[int], on_frame: Callable[[int, int], None] | None
) -> Iterator[NDArray[np.uint8]]:
    studio = Studio(world)
    for done, tick in enumerate(ticks, 1):
        yield studio.take(tick / TICKS)
        if on_frame:
            on_frame(done, len(ticks))


def _head(specification: Specification, ticks: list[int]) -> Record:
    canonical = json.dumps(specification.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"))
    head: dict[str, Any] = {
        "kind": "clip",
        "schema": "tertib.truth/1",
        "name": specification.name,
        "seed": specification.seed,
        "specification_sha256": hashlib.sha256(canonical.encode()).hexdigest(),
        "time": specification.recorded_at.isoformat(),
        "frames": len(ticks),
        "duration_s": ticks[-1] / TICKS,
        "width_px": specification.camera.width_px,
        "height_px": specification.camera.height_px,
    }
    return head


def _write_truth(path: Path, records: list[Record]) -> None:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
