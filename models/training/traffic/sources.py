"""The pictures that `traffic-n` learns from, each with the labels that people made for it.

Only footage that may be learned from stands here; what the footage is and whose, the card says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES, Detections
from models.training.traffic.agreement import HEADS_UNDECIDED, UNDECIDED, Labels
from models.training.traffic.motion import CAR_SHARE, background, changed, moving_boxes

CLIPS = {"parkpow-cars": 3, "junction-opendatacam": 4, "intel-car-detection": 2}
"""Clips below video/ship, and which of their frames are taken: every n-th."""
FROM_ABOVE = "intel-car-detection"
NO_PARKING = "parkpow-cars"
"""A toll lane: what never moves is scenery (teachers call the booth a bus)."""
SECOND_OPINION = "junction-opendatacam"
"""A detection file lies beside this clip: one more teacher, better at the far end of the junction."""
_JUNCTION_SIZE = (640, 360)
_CENTRE_SIZE = ("center_x", "center_y", "width", "height")
HEAD_NAMES = ("helmeted_head", "bare_head")
COCO_NAMES = {"Mobil": "car", "Motor": "motorcycle", "Plat": "plate"}


@dataclass(frozen=True)
class Picture:
    """One picture to label.

    Attributes:
        name: unique, without suffix.
        bgr: uint8 [height, width, 3].
        human: boxes that people (or motion) made; they win over teachers.
        complete: classes of which `human` marks every object; what teachers see more is undecided.
        teachers: whether teachers are asked at all.
        opinion: what another teacher saw, from a file.
        moved: mask (uint8 [height, width]) of what is not scenery, if nothing stands still in this place.
    """

    name: str
    bgr: NDArray[np.uint8]
    human: Labels
    complete: tuple[str, ...] = field(default=())
    teachers: bool = True
    opinion: Detections | None = None
    moved: NDArray[np.uint8] | None = None


NOTHING: Labels = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64))


def pictures(data: Path, *, valid: bool = False, prefix: str = "") -> Iterator[Picture]:
    """All pictures of the data folder, in a fixed order.

    Args:
        data: folder with `video/ship` and `images` as the README of the training describes.
        valid: the pictures kept for measuring, instead of those to learn from; heads have their own, see `helmets`.
        prefix: only the photographs whose names begin so, `plates-` or `signals-`.
    """
    if not valid:
        for clip, every in CLIPS.items():
            yield from _clip(data / "video" / "ship" / f"{clip}.mp4", every)
    split = "valid" if valid else "train"
    if "plates-".startswith(prefix):
        yield from _plates(data / "images" / "plates-vehicles" / split)
    if "signals-".startswith(prefix):
        yield from _signals(data / "images" / "signals-id" / split)
    if not valid:
        for folder in ("train", "unlabelled"):
            yield from helmets(data / "images" / "helmets" / folder)


def helmets(folder: Path) -> Iterator[Picture]:
    """Photographs of riders; people marked some of the heads, in the folder `unlabelled` none."""
    for path in sorted((folder / "images").glob("*.jpg")):
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        height, width = bgr.shape[:2]
        found: list[tuple[list[float], int]] = []
        text = folder / "labels" / f"{path.stem}.txt"
        for line in text.read_text(encoding="utf-8").splitlines() if text.exists() else []:
            kind, x, y, w, h = (float(value) for value in line.split()[:5])
            box = [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]
            found.append((box, CLASSES.index(HEAD_NAMES[int(kind)])))
        if not text.exists():
            found.append(([0, 0, width, height], HEADS_UNDECIDED))
        yield Picture(f"helmets-{folder.name}-{path.stem}", bgr, _labels(found))


def _frames(path: Path) -> list[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))
    frames: list[NDArray[np.uint8]] = []
    while True:
        good, frame = capture.read()
        if not good:
            return frames
        frames.append(frame)


def _clip(path: Path, every: int) -> Iterator[Picture]:
    frames = _frames(path)
    if not frames:
        return
    above = path.stem == FROM_ABOVE
    empty = background(frames[:: max(1, len(frames) // 60)]) if path.stem in {FROM_ABOVE, NO_PARKING} else None
    opinions = _opinions(path) if path.stem == SECOND_OPINION else {}
    for index in range(0, len(frames), every):
        human, moved = NOTHING, None
        if empty is not None and above:
            boxes = moving_boxes(frames[index], empty)
            large = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) >= CAR_SHARE * frames[index][:, :, 0].size
            human = (boxes, np.where(large, CLASSES.index("car"), UNDECIDED).astype(np.int64))
        elif empty is not None:
            moved = changed(frames[index], empty)
        name = f"{path.stem}-{index:05d}"
        yield Picture(name, frames[index], human, teachers=not above, opinion=opinions.get(index), moved=moved)


def _opinions(clip: Path) -> dict[int, Detections]:
    """What the file beside a clip says, by frame; its boxes are loose, so it never decides alone (half its score)."""
    path = clip.with_suffix(".detections-darknet.json")
    if not path.exists():
        return {}
    found: dict[int, Detections] = {}
    for frame in json.loads(path.read_text(encoding="utf-8")):
        rows = [entry for entry in frame["objects"] if entry["name"] in CLASSES]
        shape = [[entry["relative_coordinates"][key] for key in _CENTRE_SIZE] for entry in rows]
        table = np.array(shape, np.float32).reshape(-1, 4) * np.array(_JUNCTION_SIZE * 2, np.float32)
        boxes = np.concatenate([table[:, :2] - table[:, 2:] / 2, table[:, :2] + table[:, 2:] / 2], axis=1)
        scores = np.array([entry["confidence"] / 2 for entry in rows], np.float32)
        # Their frames count from one.
        found[frame["frame_id"] - 1] = Detections(
            boxes, scores, np.array([CLASSES.index(entry["name"]) for entry in rows], np.int64)
        )
    return found


def _plates(folder: Path) -> Iterator[Picture]:
    path = folder / "_annotations.coco.json"
    if not path.exists():
        return
    notes = json.loads(path.read_text(encoding="utf-8"))
    names = {entry["id"]: COCO_NAMES.get(entry["name"]) for entry in notes["categories"]}
    boxes: dict[int, list[tuple[list[float], int]]] = {}
    for note in notes["annotations"]:
        name = names[note["category_id"]]
        if name is not None:
            x, y, w, h = note["bbox"]
            boxes.setdefault(note["image_id"], []).append(([x, y, x + w, y + h], CLASSES.index(name)))
    for image in sorted(notes["images"], key=lambda entry: str(entry["file_name"])):
        bgr = cv2.imread(str(folder / image["file_name"]))
        if bgr is not None:
            yield Picture(f"plates-{Path(image['file_name']).stem}", bgr, _labels(boxes.get(image["id"], [])))


def _signals(folder: Path) -> Iterator[Picture]:
    for path in sorted((folder / "images").glob("*.jpg")):
        bgr = cv2.imread(str(path))
        if bgr is None:
            continue
        height, width = bgr.shape[:2]
        found: list[tuple[list[float], int]] = []
        text = folder / "labels" / f"{path.stem}.txt"
        for line in text.read_text(encoding="utf-8").splitlines() if text.exists() else []:
            x, y, w, h = (float(value) for value in line.split()[1:5])
            box = [(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height]
            found.append((box, CLASSES.index("signal")))
        yield Picture(f"signals-{path.stem}", bgr, _labels(found), complete=("signal",))


def _labels(found: list[tuple[list[float], int]]) -> Labels:
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    return boxes, np.array([name for _, name in found], np.int64)
