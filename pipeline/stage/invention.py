"""Invents a scene from a kind, a difficulty and a seed: an offence, or the innocent look-alike of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from pydantic import Field

from pipeline.stage.casting import (
    STOP_LINE_M,
    Content,
    Random,
    bus_road,
    car,
    company,
    head,
    junction,
    steady,
    stopping,
    two_ways,
)
from pipeline.stage.looks import LOOKS, Time, looking_like
from pipeline.stage.part import Part
from pipeline.stage.traffic import traffic

Kind = Literal[
    "red_light",
    "stop_line",
    "wrong_way",
    "bus_lane",
    "speed",
    "counting",
    "traffic",
    "lane_closed",
    "no_stopping",
    "line_crossed",
    "u_turn",
    "odd_even",
    "no_plate",
    "plate_expired",
    "no_helmet",
    "pillion",
]
LIMIT_KMH = 50.0


class Invention(Part):
    """What shall be invented."""

    kind: Kind = Field(
        title="Kind", description="The offence that the scene is about, counting, or dense mixed traffic"
    )
    innocent: bool = Field(False, title="Innocent", description="A look-alike: nothing forbidden happens")
    look: str | None = Field(
        None,
        title="Look",
        description="A named scene of this kind, guilty or innocent; see docs/stage.md",
        max_length=40,
    )
    time: Time | None = Field(None, title="Time", description="With `look`: day, dusk or night")
    difficulty: float = Field(
        0.2, title="Difficulty", description="0: day, near, alone; 1: night, rain, noise, company", ge=0, le=1
    )
    seed: int = Field(0, title="Seed", description="Another seed, another scene", ge=0, le=2**31 - 1)


def invent(wanted: Invention) -> Content:
    """A specification as plain values; the same for the same kind, look, difficulty and seed.

    Raises:
        ValueError: There is no such look, or none is named where one must be.
    """
    kinds = get_args(Kind)
    if wanted.look is not None:
        letters = int.from_bytes(wanted.look.encode()[:8], "big")
        random = np.random.default_rng((wanted.seed, kinds.index(wanted.kind), letters))
        content = looking_like(wanted.kind, wanted.look, random, wanted.difficulty, wanted.time)
        name = f"{wanted.kind}-{wanted.look}-{wanted.seed}".replace("_", "-")
        return {"name": name, "seed": wanted.seed, **content}
    random = np.random.default_rng((wanted.seed, kinds.index(wanted.kind), int(wanted.innocent)))
    makers: dict[str, Callable[[Random, bool, float], Content]] = {
        "red_light": _red_light,
        "stop_line": _stop_line,
        "wrong_way": _wrong_way,
        "bus_lane": _bus_lane,
        "speed": _speed,
        "counting": _counting,
        "traffic": lambda random, _, difficulty: traffic(random, difficulty),
    }
    if wanted.kind not in makers:
        raise ValueError(f"{wanted.kind} needs a `look`: one of {', '.join(LOOKS[wanted.kind])}")
    content = makers[wanted.kind](random, wanted.innocent, wanted.difficulty)
    twin = "innocent" if wanted.innocent else "offence"
    return {
        "name": f"{wanted.kind.replace('_', '-')}-{twin}-{wanted.seed}",
        "seed": wanted.seed,
        **_conditions(random, wanted.difficulty),
        **content,
    }


def _conditions(random: Random, difficulty: float) -> Content:
    draw = random.random()
    dark = difficulty > 0.55 and draw < difficulty
    time = "night" if dark and draw < difficulty - 0.25 else "dusk" if dark else "day"
    wet = difficulty > 0.45 and random.random() < difficulty * 0.6
    return {
        "camera": {
            "height_m": round(float(random.uniform(5.5, 7.5)), 2),
            "pitch_degrees": 14.0,
            "focal_px": 900.0,
            "width_px": 960,
            "height_px": 540,
            "frame_jitter": round(0.3 * difficulty * float(random.random()), 3),
            "shake_px": round(2.0 * max(0.0, difficulty - 0.5), 2),
        },
        "light": {
            "time": time,
            "sun_azimuth_degrees": round(float(random.uniform(0, 360)), 1),
            "sun_height_degrees": round(float(random.uniform(25, 75)), 1),
            "clouds": round(float(random.uniform(0.1, 0.9)), 2),
        },
        "weather": {"rain": round(difficulty * 0.8, 2) if wet else 0.0, "haze": round(0.1 + 0.4 * difficulty, 2)},
        "picture": {"noise": round(1.5 + 7 * difficulty, 1), "bitrate_kbps": round(3500 - 2300 * difficulty)},
    }


def _red_light(random: Random, innocent: bool, difficulty: float) -> Content:
    red_s = float(random.uniform(2.0, 3.0))
    programme = [[0, "green"], [round(red_s - 3.0, 3), "yellow"], [round(red_s, 3), "red"]]
    if red_s - 3.0 <= 0:
        programme = [[0, "yellow"], [round(red_s, 3), "red"]]
    kmh = float(random.uniform(28, 50))
    front_m = 2.2
    lane = str(random.choice(["lane-1", "lane-2"]))
    actors = company(random, difficulty)
    if not innocent:
        passes_s = red_s + float(random.uniform(0.9, 2.0))
        actors.append(car(random, "offender", drive=steady(lane, STOP_LINE_M - front_m - kmh / 3.6 * passes_s, kmh)))
    else:
        look = float(random.random())
        if look < 0.4:
            # On late yellow, and away before the red is old.
            passes_s = red_s - float(random.uniform(0.35, 0.8))
            actors.append(
                car(random, "late-yellow", drive=steady(lane, STOP_LINE_M - front_m - kmh / 3.6 * passes_s, kmh))
            )
        elif look < 0.65 and difficulty >= 0.3:
            # A slow vehicle whose front passed on late yellow: its rear wheels pass when red is a second old.
            slow = float(random.uniform(8.0, 9.5))
            passes_s = red_s - 0.3
            actor = car(random, "slow", drive=steady(lane, STOP_LINE_M - 1.6 - slow / 3.6 * passes_s, slow))
            actors.append(actor | {"body": "pickup"})
        else:
            actors.append(stopping(random, "waits", lane, red_s + 0.6, beyond_m=-float(random.uniform(0.3, 1.2))))
    return {"duration_s": round(red_s + 4.5, 2), "road": junction(), "signals": head(programme), "actors": actors}


def _stop_line(random: Random, innocent: bool, difficulty: float) -> Content:
    red_s = float(random.uniform(1.2, 2.0))
    beyond_m = -float(random.uniform(0.25, 1.0)) if innocent else float(random.uniform(1.4, 2.8))
    lane = str(random.choice(["lane-1", "lane-2"]))
    actors = [*company(random, difficulty), stopping(random, "stands", lane, red_s + 0.6, beyond_m=beyond_m)]
    programme = [[0, "yellow"], [round(red_s, 3), "red"]]
    return {"duration_s": round(red_s + 4.5, 2), "road": junction(), "signals": head(programme), "actors": actors}


def _wrong_way(random: Random, innocent: bool, difficulty: float) -> Content:
    lane = str(random.choice(["one", "two"]))
    kmh = float(random.uniform(18, 38))
    actors = company(random, difficulty)
    if not innocent:
        actors.append(car(random, "offender", drive=steady(lane, 16 + kmh / 3.6 * 4.0, kmh, against=True)))
        if difficulty > 0.3:
            actors[-1] = {k: v for k, v in actors[-1].items() if k != "body"} | {"class": "motorcycle"}
    else:
        look = float(random.random())
        if look < 0.4:
            # Oncoming traffic that keeps close to the middle line, on its own side.
            actors.append(car(random, "near-line", drive=steady("oncoming", 50, kmh, offset_m=-0.55)))
            actors = [actor for actor in actors if not actor["id"].startswith("other")]
        elif look < 0.7:
            centre = 0.0 if lane == "one" else -3.4
            actors.append(
                car(random, "crosses", points=[[0, 10, 27], [1.5, 6, 26.4], [4, centre, 25.2], [6, -8, 24.4]])
            )
            actors = [actor for actor in actors if not actor["id"].startswith("other")]
        else:
            actors.append(car(random, "right-way", drive=steady(lane, 8, kmh)))
    return {"duration_s": 6.5, "road": two_ways(), "actors": actors}


def _bus_lane(random: Random, innocent: bool, difficulty: float) -> Content:
    kmh = float(random.uniform(18, 32))
    actors = company(random, difficulty)
    content: Content = {"duration_s": 6.5, "road": bus_road(), "actors": actors}
    if not innocent:
        actors.append(car(random, "offender", drive=steady("bus", 8, kmh)))
        return content
    look = float(random.random())
    if look < 0.35:
        actors.append(car(random, "bus", drive=steady("bus", 6, kmh)) | {"class": "bus", "body": "city"})
    elif look < 0.6:
        actors.append(car(random, "beside", drive=steady("open", 8, kmh, offset_m=-0.45)))
    elif look < 0.8:
        actors.append(car(random, "at-night", drive=steady("bus", 8, kmh)))
        content["recorded_at"] = "2026-03-02T22:30:00+07:00"
    else:
        actors.append({"id": "bicycle", "class": "bicycle", "drive": steady("bus", 9, 14)})
    return content


def _speed(random: Random, innocent: bool, difficulty: float) -> Content:
    road = two_ways()
    for lane in road["lanes"]:
        lane["speed_limit_kmh"] = LIMIT_KMH
    over = -float(random.uniform(1, 6)) if innocent else float(random.uniform(12, 40))
    start = float(random.uniform(2, 8))
    actors = [*company(random, difficulty), car(random, "measured", drive=steady("one", start, LIMIT_KMH + over))]
    if difficulty > 0.4:
        actors.append(car(random, "beside", drive=steady("two", start + 1, LIMIT_KMH - 8)))
    return {"duration_s": 5.0, "road": road, "actors": actors}


def _counting(random: Random, innocent: bool, difficulty: float) -> Content:
    actors = company(random, max(0.4, difficulty))
    start = 12.0
    for number in range(2 + round(2 * difficulty)):
        lane = str(random.choice(["one", "two"]))
        actors.append(car(random, f"away-{number + 1}", drive=steady(lane, start, float(random.uniform(22, 34)))))
        start -= float(random.uniform(9, 13))
    if innocent:
        # One that stops short of the line and is no passage.
        stops = [[0, 30], [0.5, 30], [2.5, 0]]
        actors = [car(random, "stops", drive={"lane": "one", "start_m": 6.0, "profile_kmh": stops})]
    lines = [{"id": "line", "north_m": 22.0, "west_m": -5.1, "east_m": 5.1}]
    return {"duration_s": 7.0, "road": two_ways(), "count_lines": lines, "actors": actors}
