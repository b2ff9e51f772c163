from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np

from pipeline.ingest import MotionGate, open_source
from tests.pipeline.ingest.clips import picture

MORNING = datetime(2026, 3, 2, tzinfo=UTC)


def passed(tmp_path: Path, pictures: list[np.ndarray], *, following: bool = False) -> list[bool]:
    for index, pixels in enumerate(pictures):
        cv2.imwrite(str(tmp_path / f"{index:04d}.png"), pixels)
    gate = MotionGate()
    return [gate.passes(f, following=following) for f in open_source(str(tmp_path), started_at=MORNING).frames()]


def test_it_closes_where_nothing_moves_and_opens_when_something_does(tmp_path: Path) -> None:
    still = [picture(0)] * 30
    told = passed(tmp_path, [*still, *(picture(n) for n in range(1, 10)), *([picture(9)] * 30)])
    assert not any(told[15:30])
    assert all(told[30:45])
    assert not any(told[60:])


def test_a_change_of_light_or_noise_is_no_motion(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    pictures = [
        np.clip(picture(0).astype(float) + 2 * n + chance.normal(0, 3, (96, 160, 1)), 0, 255).astype(np.uint8)
        for n in range(40)
    ]
    assert not any(passed(tmp_path, pictures)[15:])


def test_what_is_followed_is_not_forgotten_while_it_stands(tmp_path: Path) -> None:
    told = passed(tmp_path, [picture(0)] * 50, following=True)
    assert 5 <= sum(told[20:]) <= 10
