"""Invents dense mixed traffic before any camera: for teaching detectors, not for judging rules."""

from __future__ import annotations

from typing import Any

import numpy as np

Content = dict[str, Any]
Random = np.random.Generator

SIZES = ((640, 360), (960, 540), (1280, 720))
KINDS = ("motorcycle", "car", "bus", "truck", "bicycle")
SHARES = (0.5, 0.31, 0.07, 0.08, 0.04)
BODIES = {"car": ("mpv", "hatch", "sedan", "van", "pickup"), "bus": ("city", "coach"), "truck": ("box", "tipper")}
COLOURS = ("white", "silver", "grey", "black", "red", "blue", "maroon", "beige", "green", "yellow", "orange", "brown")
CLOTHES = ("navy", "orange", "white", "black", "green", "maroon", "beige", "blue", "grey", "red")
REGIONS = ("H", "K", "G", "AA", "AD", "R", "B", "AB", "D", "L")
LETTERS = "ABCDEFGHIJKLMNOPRSTUVWXYZ"
LENGTHS_M = {"motorcycle": 1.9, "car": 4.3, "bus": 11.5, "truck": 6.6, "bicycle": 1.7}


def traffic(random: Random, difficulty: float) -> Content:
    """A specification as plain values: a camera somewhere, and everybody on the road at once."""
    width, height = SIZES[int(random.integers(len(SIZES)))]
    high = float(random.uniform(3.5, 8.5))
    focal = width * float(np.exp(random.uniform(np.log(0.7), np.log(2.2))))
    # The middle of the picture looks at the road between ten and thirty-five metres away.
    looks_at = float(random.uniform(10, 35)) * focal / width
    lanes = _lanes(random)
    junction = bool(random.random() < 0.5)
    line_m = float(random.uniform(12, 26))
    road: Content = {"lanes": lanes}
    content: Content = {}
    if junction:
        for lane in lanes:
            if lane["direction"] == "away":
                lane["signal"] = "head"
        road |= {"stop_line_m": round(line_m, 2), "cross_road": {"from_m": line_m + 7, "to_m": line_m + 18}}
        road["crosswalk"] = {"from_m": line_m + 1.5, "to_m": line_m + 4.5}
        west = lanes[0]["centre_m"] - lanes[0]["width_m"] / 2
        shows = str(random.choice(["red", "yellow", "green"]))
        head = {"id": "head", "east_m": round(west - 1.2, 2), "north_m": round(line_m + 5.6, 2), "height_m": 3.9}
        content["signals"] = [head | {"programme": [[0, shows]]}]
        if not any(lane.get("signal") for lane in lanes):
            del content["signals"], road["stop_line_m"]
    return {
        **content,
        "duration_s": 1.0,
        "camera": {
            "east_m": round(float(random.uniform(-3, 3)), 2),
            "height_m": round(high, 2),
            "yaw_degrees": round(float(random.normal(0, 9)), 1),
            "pitch_degrees": round(float(np.degrees(np.arctan2(high, looks_at))), 1),
            "focal_px": round(focal, 1),
            "width_px": width,
            "height_px": height,
            "fps": 10,
        },
        "picture": {
            "noise": round(1 + 7 * difficulty * float(random.random()), 1),
            "blur_px": round(0.3 + 0.9 * difficulty * float(random.random()), 2),
            "bitrate_kbps": 4000,
        },
        "road": road,
        "actors": [*_drivers(random, lanes), *_walkers(random, lanes)],
    }


def _lanes(random: Random) -> list[Content]:
    count = int(random.integers(2, 6))
    toward = int(random.integers(0, count))
    wide = round(float(random.uniform(2.9, 3.7)), 2)
    lanes: list[Content] = []
    for number in range(count):
        # Left-hand traffic: who comes towards the camera is on its right.
        direction = "toward" if number >= count - toward else "away"
        centre = round((number - (count - 1) / 2) * wide, 3)
        lanes.append({"id": f"lane-{number + 1}", "centre_m": centre, "width_m": wide, "direction": direction})
    return lanes


def _drivers(random: Random, lanes: list[Content]) -> list[Content]:
    found: list[Content] = []
    for lane in lanes:
        north = float(random.uniform(5, 12))
        kmh = float(random.uniform(0, 40))
        while north < 75 and len(found) < 45:
            kind = str(random.choice(KINDS, p=SHARES))
            north += LENGTHS_M[kind] / 2
            beside = [0.0] if kind != "motorcycle" else [-0.9, 0.2, 1.1][: int(random.integers(1, 4))]
            for offset in beside:
                actor = driver(random, f"d{len(found)}", kind)
                shift = offset + float(random.normal(0, 0.18))
                place = north + float(random.normal(0, 0.4)) * (len(beside) > 1)
                drive = {"lane": lane["id"], "start_m": round(place, 2), "offset_m": round(shift, 2)}
                found.append(actor | {"drive": drive | {"profile_kmh": [[0, round(kmh, 1)]]}})
            north += LENGTHS_M[kind] / 2 + float(random.uniform(1.5, 14))
    return found


def driver(random: Random, name: str, kind: str) -> Content:
    """Somebody who drives something of this class, without a way."""
    letters = "".join(random.choice(list(LETTERS), size=int(random.integers(1, 4))))
    style = str(random.choice(["white", "black", "yellow", "red"], p=[0.5, 0.38, 0.08, 0.04]))
    actor: Content = {
        "id": name,
        "class": kind,
        "colour": str(random.choice(COLOURS)),
        "plate": f"{random.choice(REGIONS)} {random.integers(1, 9999)} {letters}",
        "plate_style": "yellow" if kind == "bus" else style,
    }
    if kind in BODIES:
        actor["body"] = str(random.choice(BODIES[kind]))
    if kind in ("motorcycle", "bicycle"):
        riders = int(random.choice([1, 2, 3], p=[0.62, 0.31, 0.07])) if kind == "motorcycle" else 1
        helmeted = 0.6 if kind == "motorcycle" else 0.1
        actor["riders"] = [
            {
                "helmet": bool(random.random() < helmeted),
                "colour": str(random.choice(CLOTHES)),
                "headwear": str(random.choice(["hair", "hijab", "cap"], p=[0.55, 0.3, 0.15])),
                "cloth": str(random.choice(CLOTHES)),
                "child": bool(number > 0 and random.random() < 0.2),
            }
            for number in range(riders)
        ]
        actor["child_seat"] = bool(kind == "motorcycle" and riders == 1 and random.random() < 0.06)
    if kind == "car" and random.random() < 0.05:
        actor |= {"role": "ambulance", "body": "van"}
    return actor


def _walkers(random: Random, lanes: list[Content]) -> list[Content]:
    west = lanes[0]["centre_m"] - lanes[0]["width_m"] / 2
    east = lanes[-1]["centre_m"] + lanes[-1]["width_m"] / 2
    found: list[Content] = []
    for number in range(int(random.integers(0, 7))):
        side = west - 1.5 if random.random() < 0.5 else east + 1.5
        at = float(random.uniform(9, 40))
        walks = float(random.normal(0, 1.2))
        points = [[0, round(side, 2), round(at, 2)], [1, round(side, 2), round(at + walks, 2)]]
        found.append({"id": f"w{number}", "class": "person", "colour": str(random.choice(CLOTHES)), "points": points})
    return found
