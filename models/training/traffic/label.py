"""Make the training set of `traffic-n`: pictures with the labels that people and teachers give.

`python -m models.training.traffic.label --help` says how; the result is a folder with `images` and `labels` in
YOLO's text form.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from models.detection import CLASSES
from models.training.traffic.agreement import Labels, agree, heads_unmarked, humans_win, undecide, with_plates
from models.training.traffic.corrections import corrected
from models.training.traffic.motion import still
from models.training.traffic.sources import NOTHING, Picture, pictures
from models.training.traffic.teachers import COCO, PlateTeacher, Teacher, UltralyticsTeacher, YoloxTeacher

LONGEST_PX = 960
JPEG_QUALITY = 94


def label(picture: Picture, teachers: Sequence[Teacher], plates: Teacher) -> Labels:
    """Boxes and classes of one picture: people first, then agreeing teachers, then what was put right by eye."""
    height, width = picture.bgr.shape[:2]
    labels = _opinions(picture, teachers, plates)
    return heads_unmarked(corrected(picture.name, labels, width, height))


def _opinions(picture: Picture, teachers: Sequence[Teacher], plates: Teacher) -> Labels:
    labels = NOTHING
    if picture.teachers:
        opinions = [teacher.look(picture.bgr) for teacher in teachers]
        if picture.opinion is not None:
            opinions.append(picture.opinion)
        if picture.moved is not None:
            opinions = [seen[~still(seen.boxes, picture.moved)] for seen in opinions]
        labels = agree(opinions)
        for name in picture.complete:
            labels = undecide(labels, name)
    labels = humans_win(labels, picture.human)
    seen = plates.look(picture.bgr)
    human_plates = picture.human[0][picture.human[1] == CLASSES.index("plate")]
    if len(human_plates):
        marked = NOTHING[0], NOTHING[1]
        found = with_plates(marked, seen)
        # Only where people marked no plate is the plate teacher heard.
        boxes, classes = humans_win(found, (human_plates, np.full(len(human_plates), CLASSES.index("plate"), np.int64)))
        extra = slice(0, len(boxes) - len(human_plates))
        return np.concatenate([labels[0], boxes[extra]]), np.concatenate([labels[1], classes[extra]])
    return with_plates(labels, seen)


def write(picture: Picture, labels: Labels, out: Path) -> None:
    """Write the picture (at most `LONGEST_PX`) and its labels."""
    height, width = picture.bgr.shape[:2]
    scale = min(1.0, LONGEST_PX / max(height, width))
    bgr = picture.bgr
    if scale < 1:
        bgr = cv2.resize(bgr, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(out / "images" / f"{picture.name}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    lines = []
    shares = np.clip(labels[0] / np.array([width, height] * 2, np.float32), 0, 1)
    for (x1, y1, x2, y2), name in zip(shares.tolist(), labels[1].tolist(), strict=True):
        if x2 - x1 > 1e-3 and y2 - y1 > 1e-3:
            lines.append(f"{name} {(x1 + x2) / 2:.5f} {(y1 + y2) / 2:.5f} {x2 - x1:.5f} {y2 - y1:.5f}")
    (out / "labels" / f"{picture.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Label every picture that is not labelled yet."""
    parser = argparse.ArgumentParser(description="Label the training pictures of traffic-n by people and teachers.")
    parser.add_argument("--data", type=Path, required=True, help="folder with video/ship and images")
    parser.add_argument("--out", type=Path, required=True, help="folder to write images and labels to")
    parser.add_argument(
        "--coco", type=Path, action="append", default=[], help="COCO teacher for ultralytics, repeatable"
    )
    parser.add_argument("--yolox", type=Path, help="yolox_nano.onnx")
    parser.add_argument("--plates", type=Path, required=True, help="best.pt of the package fastanpr")
    parser.add_argument("--valid", action="store_true", help="label the pictures kept for measuring")
    parser.add_argument("--shard", default="0/1", help="I/N: every N-th picture from I on, to work in parallel")
    given = parser.parse_args(arguments)
    import torch  # noqa: PLC0415 - heavy; after the arguments are known to be good

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    teachers: list[Teacher] = [UltralyticsTeacher(path, COCO) for path in given.coco]
    if given.yolox:
        teachers.append(YoloxTeacher(given.yolox))
    plates = PlateTeacher(given.plates)
    for folder in ("images", "labels"):
        (given.out / folder).mkdir(parents=True, exist_ok=True)
    which, of = (int(part) for part in given.shard.split("/"))
    for index, picture in enumerate(pictures(given.data, valid=given.valid)):
        if index % of == which and not (given.out / "labels" / f"{picture.name}.txt").exists():
            write(picture, label(picture, teachers, plates), given.out)


if __name__ == "__main__":
    main()
