"""Street pictures drawn by the stage with exact boxes, for training `traffic-n`.

They live here because networks are taught without the pipeline's help: `models` reads only the folder that this writes.
Footage that may be learned from holds few buses, riders and dark plates; drawings hold as many as one asks for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.detection import CLASSES
from models.training.traffic.agreement import HEADS_UNDECIDED, UNDECIDED
from pipeline.stage.picture import Studio
from pipeline.stage.specification import Specification, StageSignal
from pipeline.stage.world import Presence, World, box_of, head_boxes, machine_box

Box = tuple[float, float, float, float]
Random = np.random.Generator
MOMENTS_S = (0.4, 1.6, 2.8)
HIDDEN = 0.6
"""A road user of which a nearer one covers more than this share is undecided, more than `GONE` not there."""
GONE = 0.92
SMALLEST_PX = 6.0
SMALLEST_HEAD_PX = 5.0
COLOURS = ("white", "silver", "grey", "black", "red", "blue", "maroon", "beige")
BODIES = ("mpv", "hatch", "sedan", "van", "mpv", "pickup")
REGIONS = ("H", "K", "G", "AA", "AD", "R", "B", "D", "L", "AB")
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
KINDS = ("car", "motorcycle", "bus", "truck", "bicycle", "person")
SHARES = (0.3, 0.34, 0.13, 0.13, 0.04, 0.06)


def draw(
    out: Path,
    *,
    streets: int,
    seed: int,
    black_plates: bool = False,
    tell: Callable[[int, int], None] | None = None,
) -> int:
    """Write `images` and `labels` (YOLO's text form) of so many streets.

    Args:
        out: folder that gets both.
        streets: how many; three moments of each are drawn.
        seed: of everything random.
        black_plates: all plates are white on black.
        tell: is called after each street with how many are done, and of how many.

    Returns:
        How many pictures were written.
    """
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    written = 0
    for number in range(streets):
        random = np.random.default_rng((seed, number))
        specification = Specification.model_validate(_street(random, f"street-{number}", number, black_plates))
        world = World(specification)
        studio = Studio(world)
        for moment in MOMENTS_S:
            picture = studio.take(moment)
            labels = _labels(specification, world.at(moment), studio)
            name = f"drawn-{seed}-{number:04d}-{round(moment * 10)}"
            quality = int(random.integers(60, 95))
            cv2.imwrite(str(out / "images" / f"{name}.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
            width, height = specification.camera.width_px, specification.camera.height_px
            lines = [_line(index, box, width, height) for index, box in labels]
            (out / "labels" / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
            written += 1
        if tell:
            tell(number + 1, streets)
    return written


def _line(index: int, box: Box, width: int, height: int) -> str:
    x1, y1, x2, y2 = box
    centre, size = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height), ((x2 - x1) / width, (y2 - y1) / height)
    return f"{index} {centre[0]:.5f} {centre[1]:.5f} {size[0]:.5f} {size[1]:.5f}"


def _labels(specification: Specification, present: list[Presence], studio: Studio) -> list[tuple[int, Box]]:
    lens = studio.lens
    near = sorted(present, key=lambda one: float(np.hypot(*(np.array(_place(one)) - lens.place[:2]))))
    found: list[tuple[int, Box]] = []
    covering: list[Box] = []
    for one in near:
        whole = box_of(one, lens)
        if whole is None:
            continue
        box = machine_box(one, lens) or whole
        hidden = covered(box, covering)
        small = min(box[2] - box[0], box[3] - box[1]) < SMALLEST_PX
        covering.append(whole)
        if hidden > GONE:
            continue
        # Not there at all, or there but nobody could tell.
        unclear = hidden > HIDDEN or small
        found.append((UNDECIDED if unclear else CLASSES.index(one.actor.kind), box))
        if one.solid.heads:
            found += _riders(one, whole, covering[:-1], studio, unclear=unclear)
        elif one.actor.kind == "person":
            found.append((HEADS_UNDECIDED, whole))
        if not unclear:
            found += _plates(one, covering[:-1], studio)
    signals = [_signal(head, studio) for head in specification.signals]
    found += [(CLASSES.index("signal"), box) for box in signals if box is not None]
    return found


def _riders(one: Presence, whole: Box, covering: list[Box], studio: Studio, *, unclear: bool) -> list[tuple[int, Box]]:
    """The riders' bodies as persons, and their heads."""
    limbs = one.solid.groups[-1].limbs
    each = len(limbs) // len(one.solid.heads)
    found: list[tuple[int, Box]] = []
    for number in range(len(one.solid.heads)):
        own = limbs[number * each : (number + 1) * each]
        points = np.concatenate([np.stack([limb.start, limb.end]) for limb in own])
        corners = studio.lens.polygon(one.placed(points))
        if corners is None:
            continue
        box = _cut(corners, studio)
        # The rods have a thickness, the hidden pillion may show only a shoulder.
        if box and number == 0:
            found.append((UNDECIDED if unclear else CLASSES.index("person"), box))
        elif box:
            found.append((UNDECIDED, box))
    for box, worn in head_boxes(one, studio.lens):
        hidden = unclear or covered(box, covering) > 0.3 or box[3] - box[1] < SMALLEST_HEAD_PX
        name = HEADS_UNDECIDED if hidden else CLASSES.index("helmeted_head" if worn else "bare_head")
        found.append((name, box))
    # One head behind another from here: nobody can tell.
    heads = [box for name, box in found if name in (CLASSES.index("helmeted_head"), CLASSES.index("bare_head"))]
    if any(covered(a, [b]) > 0.5 for a in heads for b in heads if a != b):
        found.append((HEADS_UNDECIDED, whole))
    return found


def _plates(one: Presence, covering: list[Box], studio: Studio) -> list[tuple[int, Box]]:
    found: list[tuple[int, Box]] = []
    for group in one.solid.groups:
        for mark in group.marks:
            if mark.texture is None:
                continue
            corners, outward = one.placed(mark.points), one.turned(mark.normal[None])[0]
            facing = float(np.dot(outward, studio.lens.place - corners.mean(axis=0)))
            flat = studio.lens.polygon(corners)
            box = _cut(flat, studio) if flat is not None and facing > 0 else None
            if box:
                clear = covered(box, covering) < 0.1 and box[2] - box[0] >= 7 and facing > 0.25
                found.append((CLASSES.index("plate") if clear else UNDECIDED, box))
    return found


def _signal(head: StageSignal, studio: Studio) -> Box | None:
    lens, middle = studio.lens, np.array([head.east_m, head.north_m, head.height_m])
    across, up = lens.axes[0] * head.lamp_m * 0.78, np.array([0.0, 0.0, head.lamp_m * 1.85])
    flat = lens.polygon(np.stack([middle - across - up, middle + across - up, middle + across + up]))
    return None if flat is None else _cut(flat, studio)


def _place(one: Presence) -> tuple[float, float]:
    return one.pose.east_m, one.pose.north_m


def _cut(flat: NDArray[np.float64], studio: Studio) -> Box | None:
    """The box of pixels [n, 2] within the picture."""
    (x1, y1), (x2, y2) = flat.min(axis=0), flat.max(axis=0)
    width, height = studio.lens.width, studio.lens.height
    box = (max(0.0, float(x1)), max(0.0, float(y1)), min(float(width), float(x2)), min(float(height), float(y2)))
    return box if box[2] - box[0] > 1.5 and box[3] - box[1] > 1.5 else None


def covered(box: Box, others: list[Box]) -> float:
    """Largest share of a box that one of the others lies over."""
    area = max(1e-6, (box[2] - box[0]) * (box[3] - box[1]))
    shares = [
        max(0.0, min(box[2], o[2]) - max(box[0], o[0])) * max(0.0, min(box[3], o[3]) - max(box[1], o[1])) / area
        for o in others
    ]
    return max(shares, default=0.0)


def _street(random: Random, name: str, number: int, black_plates: bool) -> dict[str, Any]:
    """A street as plain values of a specification."""
    lanes = [
        {"id": "one", "centre_m": -3.4, "direction": "away"},
        {"id": "two", "centre_m": 0.0, "direction": "away"},
        {"id": "three", "centre_m": 3.4, "direction": "toward"},
    ]
    road: dict[str, Any] = {"lanes": lanes}
    content: dict[str, Any] = {"name": name, "seed": number, "duration_s": 4.0, "road": road}
    if random.random() < 0.5:
        stop = float(random.uniform(14, 24))
        for lane in lanes[:2]:
            lane["signal"] = "head"
        road |= {"stop_line_m": stop, "crosswalk": {"from_m": stop + 1.5, "to_m": stop + 4.5}}
        shines = [[0, str(random.choice(["red", "yellow", "green", "off"]))]]
        content["signals"] = [
            {"id": "head", "east_m": float(random.choice([-5.6, 5.8])), "north_m": stop + 6, "programme": shines}
        ]
    time = str(random.choice(["day", "dusk", "night"], p=[0.6, 0.2, 0.2]))
    content["light"] = {
        "time": time,
        "sun_azimuth_degrees": float(random.uniform(0, 360)),
        "sun_height_degrees": float(random.uniform(10, 80)),
        "clouds": float(random.random()),
    }
    wet = random.random() < 0.25
    rain = float(random.uniform(0.2, 0.9)) if wet else 0.0
    content["weather"] = {"rain": rain, "haze": float(random.uniform(0, 0.5))}
    noise = float(random.uniform(1, 4) * (2.5 if time == "night" else 1))
    content["picture"] = {"noise": noise, "blur_px": float(random.uniform(0.2, 1.0))}
    near = random.random() < 0.35
    east = float(random.uniform(-6, 6))
    content["camera"] = {
        "height_m": float(random.uniform(2.5, 5.0) if near else random.uniform(5.0, 8.5)),
        "pitch_degrees": float(random.uniform(6, 14) if near else random.uniform(10, 22)),
        # Towards the road, wherever the mast stands.
        "yaw_degrees": float(-1.6 * east + random.uniform(-6, 6)),
        "east_m": east,
        "focal_px": float(random.uniform(700, 1500)),
        "width_px": 960,
        "height_px": 540,
        "fps": 2,
    }
    content["actors"] = _actors(random)
    if black_plates:
        content["actors"] = [one | ({"plate_style": "black"} if "plate" in one else {}) for one in content["actors"]]
    return content


def _actors(random: Random) -> list[dict[str, Any]]:
    actors: list[dict[str, Any]] = []
    for lane in ("one", "two", "three"):
        at_m = float(random.uniform(5, 12))
        while at_m < 75:
            kind = str(random.choice(KINDS, p=SHARES))
            actor = _actor(random, f"{lane}-{len(actors)}", kind)
            if kind == "person":
                east = float(random.uniform(-7, 7))
                walk = float(random.uniform(-3, 3))
                actor["points"] = [[0, east, at_m], [4, east + walk, at_m + float(random.uniform(-1, 1))]]
                at_m += 2.0
            else:
                kmh = float(random.choice([0.0, random.uniform(4, 14)]))
                offset = float(random.uniform(-1.3, 1.3)) if kind in ("motorcycle", "bicycle") else 0.0
                drive = {"lane": lane, "start_m": at_m, "offset_m": offset, "profile_kmh": [[0, kmh]]}
                actor["drive"] = drive | ({"against": True} if random.random() < 0.12 else {})
                at_m += {"bus": 13.0, "truck": 8.5, "car": 6.0}.get(kind, 2.6)
            actors.append(actor)
            at_m += float(random.exponential(3.5))
    return actors[:50]


def _actor(random: Random, name: str, kind: str) -> dict[str, Any]:
    digits, tail = int(random.integers(1, 9999)), "".join(random.choice(list(LETTERS), int(random.integers(1, 4))))
    colour = str(random.choice(COLOURS)) if random.random() < 0.7 else [int(v) for v in random.integers(20, 235, 3)]
    actor: dict[str, Any] = {"id": name, "class": kind, "colour": colour}
    if kind not in ("person", "bicycle"):
        actor["plate"] = f"{random.choice(REGIONS)} {digits} {tail}"
        actor["plate_style"] = str(random.choice(["white", "black", "yellow", "red"], p=[0.4, 0.4, 0.12, 0.08]))
    if kind == "car":
        actor["body"] = str(random.choice(BODIES))
    if kind == "truck":
        actor["body"] = str(random.choice(["box", "tipper"]))
    if kind == "bus":
        actor["body"] = str(random.choice(["city", "coach"]))
    if kind in ("motorcycle", "bicycle"):
        count = int(random.choice([1, 2, 3], p=[0.6, 0.32, 0.08])) if kind == "motorcycle" else 1
        actor["riders"] = [
            {"helmet": bool(random.random() < 0.55), "colour": str(random.choice(COLOURS))} for _ in range(count)
        ]
    return actor
