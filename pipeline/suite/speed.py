"""How well speed is measured: single vehicles from 30 to 120 km/h, whose true speed is known to the last digit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from pipeline.stage import Specification
from pipeline.stage.casting import car, motorcycle, steady, two_ways
from pipeline.stage.lane_looks import CERTIFICATE
from pipeline.stage.looks import CAMERA
from pipeline.suite.outcome import Outcome

Record = dict[str, Any]
SPEEDS_KMH = tuple(range(30, 121, 5))
EVERYBODY_KMH = 5.0
"""A limit that all break, so that each is measured and told."""
ZONE_M = (13.0, 37.0)


def speed_scenes(*, seeds: int, speeds_kmh: Sequence[int] = SPEEDS_KMH) -> Iterator[tuple[str, float, Specification]]:
    """Name, true speed in km/h and specification of each scene.

    Args:
        seeds: Scenes a speed; every second one comes towards the camera, every fourth is a motorcycle.
        speeds_kmh: About which; a little is added by lot.
    """
    for base in speeds_kmh:
        for seed in range(seeds):
            random = np.random.default_rng((base, seed))
            kmh = round(base + float(random.uniform(-2, 2)), 3)
            toward = seed % 2 == 1
            name = f"speed-{base:03d}-{seed}"
            yield name, kmh, _scene(name, kmh, random, seed=1000 * base + seed, toward=toward, two_wheels=seed % 4 == 3)


def _scene(
    name: str, kmh: float, random: np.random.Generator, *, seed: int, toward: bool, two_wheels: bool
) -> Specification:
    road = two_ways()
    for lane in road["lanes"]:
        lane["speed_limit_kmh"] = EVERYBODY_KMH
    road["measuring"] = {"from_m": ZONE_M[0], "to_m": ZONE_M[1]}
    metres_a_second = kmh / 3.6
    start = ZONE_M[1] + 6 + metres_a_second * 0.3 if toward else ZONE_M[0] - 6 - metres_a_second * 0.3
    drive = steady("oncoming" if toward else "one", start, kmh, offset_m=round(float(random.normal(0, 0.2)), 2))
    drive["profile_kmh"] = [[0, kmh]]
    actor = (motorcycle if two_wheels else car)(random, "measured", drive=drive)
    content = {
        "name": name,
        "seed": seed,
        "duration_s": round((ZONE_M[1] - ZONE_M[0] + 14) / metres_a_second + 0.5, 2),
        "road": road,
        "actors": [actor],
        "certificate": CERTIFICATE,
        "survey_sigma_px": 0.7,
        "survey_sigma_m": 0.02,
        "checks": [],
        "camera": {**CAMERA, "fps": 25.0, "focal_px": 720.0},
        "light": {"sun_azimuth_degrees": round(float(random.uniform(0, 360)), 1)},
    }
    return Specification.model_validate(content)


def speed_figures(measured: Sequence[tuple[float, Outcome]], *, mode: str) -> Record:
    """What `tertib evaluate speed --json` prints.

    Args:
        measured: True speed in km/h, and what was told.
        mode: How it was measured.
    """
    rows = [(true, told) for true, outcome in measured if (told := _told(outcome)) is not None]
    errors = [float(told["speed_kmh"]) - true for true, told in rows]
    inside = sum(abs(error) <= float(told["speed_u95_kmh"]) for error, (_, told) in zip(errors, rows, strict=True))
    over = [
        {"true_kmh": true, "ticket_kmh": told["ticket_speed_kmh"]}
        for true, told in rows
        if float(told["ticket_speed_kmh"]) > true
    ]
    count = len(rows)
    return {
        "mode": mode,
        "vehicles": len(measured),
        "n": count,
        "mae_kmh": round(sum(map(abs, errors)) / count, 3) if count else None,
        "bias_kmh": round(sum(errors) / count, 3) if count else None,
        "largest_error_kmh": round(max(map(abs, errors)), 3) if count else None,
        "inside_u95": round(inside / count, 4) if count else None,
        "mean_u95_kmh": round(sum(float(told["speed_u95_kmh"]) for _, told in rows) / count, 3) if count else None,
        "overticketed": len(over),
        "over": over,
    }


def _told(outcome: Outcome) -> Record | None:
    """The measured values of the first speed that was told, offered or not."""
    for record in outcome.found.lines["offence"]:
        if record["offence"] == "speed":
            return dict(record["measured"])
    return None
