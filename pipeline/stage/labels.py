"""Drawn pictures with the boxes of all that is seen in them, for those who teach and measure detectors.

Boxes are those of what can be seen: who is hidden behind another is left out, who is half hidden is cut. Motorcycles
are boxed without their riders, who are persons, as in COCO; heads of riders and plates have boxes of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES
from pipeline.stage.clip import TICKS, ticks_of
from pipeline.stage.lens import Lens, sway_px
from pipeline.stage.picture import Studio
from pipeline.stage.solid import Limb
from pipeline.stage.specification import Specification
from pipeline.stage.surroundings import head_box
from pipeline.stage.world import Box, Presence, World, box_of, box_round, head_boxes, machine_box

Image = NDArray[np.uint8]
Label = tuple[str, Box]

LEAST_SHARE = 0.3
"""Of a body that must be seen."""
WHOLE_SHARE = 0.72
"""Seen to this share of its box's filling, nothing hides it and its box is not cut."""
LEAST_PX = {"plate": 7.0, "helmeted_head": 5.0, "bare_head": 5.0, "signal": 6.0}
LEAST_VEHICLE_PX = 10.0
LEAST_PLATE_SHARE = 0.3
JPEG_QUALITY = 92


def write_labels(specification: Specification, folder: Path, *, every_s: float = 0.5) -> int:
    """Write pictures and their boxes, in the layout of YOLO: `images/NAME.jpg` and `labels/NAME.txt`.

    Args:
        specification: What is played.
        folder: Where to write; made if missing. Classes are numbered as in `models.detection.CLASSES`.
        every_s: Seconds between two pictures.

    Returns:
        How many pictures were written.

    Raises:
        OSError: The folder cannot be written.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    count = 0
    for number, (pixels, labels) in enumerate(labelled(specification, every_s=every_s)):
        name = f"{specification.name}-{number:03d}"
        height, width = pixels.shape[:2]
        lines = [_line(label, width, height) for label in labels]
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        (folder / "labels" / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        count += 1
    return count


def _line(label: Label, width: int, height: int) -> str:
    name, (x1, y1, x2, y2) = label
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return " ".join([str(CLASSES.index(name)), *(f"{share:.6f}" for share in shares)])


def labelled(specification: Specification, *, every_s: float) -> Iterator[tuple[Image, list[Label]]]:
    """Pictures uint8 [height, width, 3] BGR, each with classes and boxes of what is seen in it."""
    world, lens = World(specification), Lens(specification.camera)
    studio = Studio(world)
    last_s = float("-inf")
    for tick in ticks_of(specification):
        at_s = tick / TICKS
        if at_s - last_s < every_s - 1e-6:
            continue
        last_s = at_s
        pixels, owner = studio.look(at_s)
        found = [label for presence in world.at(at_s) for label in _of(presence, lens, owner)]
        for head in specification.signals:
            box = head_box(head, lens)
            # A round margin: detectors box the housing, not the lamps alone.
            if box and (box[0] + box[2]) / 2 > 0 and box[2] < lens.width and box[1] > 0 and box[3] < lens.height:
                margin = 0.22 * (box[2] - box[0])
                found.append(("signal", (box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin)))
        across, down = sway_px(specification.camera, at_s)
        moved = [(name, _kept(box, across, down, lens)) for name, box in found]
        yield (
            pixels,
            [
                (name, box)
                for name, box in moved
                if min(box[2] - box[0], box[3] - box[1]) >= LEAST_PX.get(name, LEAST_VEHICLE_PX) * 0.5
                and max(box[2] - box[0], box[3] - box[1]) >= LEAST_PX.get(name, LEAST_VEHICLE_PX)
            ],
        )


def _kept(box: Box, across: float, down: float, lens: Lens) -> Box:
    x1, y1, x2, y2 = box
    return (
        max(0.0, x1 + across),
        max(0.0, y1 + down),
        min(float(lens.width), x2 + across),
        min(float(lens.height), y2 + down),
    )


def _of(presence: Presence, lens: Lens, owner: Image) -> Iterator[Label]:
    """An actor's labels: itself, its riders, their heads, its plate."""
    mine = np.asarray(owner == presence.number)
    whole = box_of(presence, lens)
    if whole is None or not mine.any():
        return
    solid = presence.solid
    machine = machine_box(presence, lens)
    own = machine or whole
    seen = _seen(own, mine, _filling(presence, lens, own, mine.shape))
    if seen is None:
        return
    yield presence.actor.kind, seen
    if machine is not None:
        for limbs in solid.people:
            box = _limbs_box(presence, limbs, lens)
            if box and (cut := _seen(box, mine, None)):
                yield "person", cut
        taken: list[Box] = []
        # The nearest head first: who sits behind it is hidden.
        away = [float(np.linalg.norm(presence.placed(middle[None])[0] - lens.place)) for middle, _, _ in solid.heads]
        heads = head_boxes(presence, lens)
        nearest = sorted(zip(away, heads, strict=True), key=lambda part: part[0]) if len(away) == len(heads) else []
        for _, (box, helmet) in nearest:
            shown = _share(box, mine) > 0.5 and all(_covered(box, other) < 0.6 for other in taken)
            taken.append(box)
            if shown:
                yield ("helmeted_head" if helmet else "bare_head"), box
    for box in plate_boxes(presence, lens):
        # A plate is wider than the tail that it hangs on, and only the body is marked as seen.
        if _share(box, mine) > LEAST_PLATE_SHARE:
            yield "plate", box


def plate_boxes(presence: Presence, lens: Lens) -> Iterator[Box]:
    """Boxes of the plates that look towards the camera."""
    for group in presence.solid.groups:
        for face in (*group.faces, *group.marks):
            if face.texture is None:
                continue
            world = presence.placed(face.points)
            normal = presence.turned(face.normal[None])[0]
            toward = lens.place - world.mean(axis=0)
            if float(normal @ toward) > 0.25 * float(np.linalg.norm(toward)):
                box = box_round(world, np.zeros(len(world)), lens)
                if box:
                    yield box


def _limbs_box(presence: Presence, limbs: tuple[Limb, ...], lens: Lens) -> Box | None:
    points = np.array([point for limb in limbs for point in (limb.start, limb.end)])
    radii = np.array([limb.radius_m for limb in limbs for _ in range(2)])
    return box_round(presence.placed(points), radii, lens)


def _filling(presence: Presence, lens: Lens, box: Box, shape: tuple[int, ...]) -> float:
    """Pixels that the convex outline of a body fills inside its box, as a share of the box."""
    points, _ = presence.solid.machine or presence.solid.outline
    seen = lens.seen(presence.placed(points))
    flat = lens.flat(seen[seen[:, 2] > 0.4]).astype(np.float32)
    canvas = np.zeros(shape, np.uint8)
    outline = cv2.convexHull(np.clip(flat, -9000, 9000).reshape(-1, 1, 2)).astype(np.int32)
    cv2.fillConvexPoly(canvas, outline, 1)
    return _share(box, canvas > 0)


def _share(box: Box, mask: NDArray[np.bool_]) -> float:
    x1, y1, x2, y2 = (round(value) for value in box)
    part = mask[max(0, y1) : max(y2, y1 + 1), max(0, x1) : max(x2, x1 + 1)]
    return float(part.mean()) if part.size else 0.0


def _seen(box: Box, mine: NDArray[np.bool_], filling: float | None) -> Box | None:
    """The part of a box that is seen; None when it is too little."""
    share = _share(box, mine)
    whole = filling or 0.5
    if share < LEAST_SHARE * whole:
        return None
    if share > WHOLE_SHARE * whole:
        return box
    x1, y1, x2, y2 = (round(value) for value in box)
    rows, columns = np.nonzero(mine[max(0, y1) : y2, max(0, x1) : x2])
    left, top = max(0, x1), max(0, y1)
    return (
        float(left + columns.min()),
        float(top + rows.min()),
        float(left + columns.max() + 1),
        float(top + rows.max() + 1),
    )


def _covered(box: Box, other: Box) -> float:
    width = min(box[2], other[2]) - max(box[0], other[0])
    height = min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, width) * max(0.0, height) / ((box[2] - box[0]) * (box[3] - box[1]))
