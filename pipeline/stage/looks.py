"""All named scenes, by the offence that they are about: those in which it happens and those that only look like it."""

from __future__ import annotations

from typing import Literal

from pipeline.stage import lane_looks, signal_looks, vehicle_looks
from pipeline.stage.casting import Content, Look, Lot, Random

Time = Literal["day", "dusk", "night"]
CAMERA: Content = {
    "height_m": 6.2,
    "pitch_degrees": 14.0,
    "focal_px": 600.0,
    "width_px": 640,
    "height_px": 360,
    "fps": 10.0,
    "frame_jitter": 0.15,
}
"""Small pictures, ten a second: as many as are analysed."""

COUNTED_M = 19.0
"""Where who passes is counted, north in metres."""

LOOKS: dict[str, dict[str, Look]] = {
    "red_light": signal_looks.RED_LIGHT,
    "stop_line": signal_looks.STOP_LINE,
    "wrong_way": lane_looks.WRONG_WAY,
    "bus_lane": lane_looks.BUS_LANE,
    "lane_closed": lane_looks.LANE_CLOSED,
    "no_stopping": lane_looks.NO_STOPPING,
    "line_crossed": lane_looks.LINE_CROSSED,
    "u_turn": lane_looks.U_TURN,
    "speed": lane_looks.SPEED,
    "odd_even": vehicle_looks.ODD_EVEN,
    "no_plate": vehicle_looks.NO_PLATE,
    "plate_expired": vehicle_looks.PLATE_EXPIRED,
    "no_helmet": vehicle_looks.NO_HELMET,
    "pillion": vehicle_looks.PILLION,
}


def looking_like(kind: str, look: str, random: Random, difficulty: float, time: Time | None) -> Content:
    """A named scene as plain values.

    Args:
        kind: The offence that it is about.
        look: Its name.
        random: What is not named is drawn by lot.
        difficulty: Noise, haze and company (0..1).
        time: Of day; drawn by lot, mostly day, if None.

    Raises:
        ValueError: There is no such scene.
    """
    known = LOOKS.get(kind, {})
    if look not in known:
        raise ValueError(f"{kind} has no look `{look}` (it has: {', '.join(known) or 'none'})")
    light = {
        "time": time or "day",
        "sun_azimuth_degrees": round(float(random.uniform(0, 360)), 1),
        "sun_height_degrees": round(float(random.uniform(30, 75)), 1),
        "clouds": round(float(random.uniform(0.1, 0.9)), 2),
    }
    content = known[look](Lot(random, difficulty))
    checks = [kind] if kind in ("no_helmet", "pillion", "no_plate", "plate_expired") else []
    settled: Content = {
        "weather": {"haze": round(0.1 + 0.2 * difficulty, 2)},
        "picture": {"noise": round(1.5 + 5 * difficulty, 1), "bitrate_kbps": round(2500 - 1200 * difficulty)},
        "checks": checks,
        **content,
        "light": {**light, **content.get("light", {})},
        "camera": {**CAMERA, **content.get("camera", {})},
    }
    lanes = settled["road"]["lanes"]
    if settled["camera"]["focal_px"] == CAMERA["focal_px"]:
        ends = lanes[0]["centre_m"] - 1.7, lanes[-1]["centre_m"] + 1.7
        settled["count_lines"] = [{"id": "count", "north_m": COUNTED_M, "west_m": ends[0], "east_m": ends[1]}]
    if kind in ("no_helmet", "pillion"):
        settled["checks"] = ["no_helmet", "pillion"]
    return settled
