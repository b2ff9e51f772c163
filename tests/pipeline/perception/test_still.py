"""Who stands in a picture that has not changed is known without a look; whoever moves, however slowly, is looked at."""

from __future__ import annotations

import numpy as np

from models.detection import CLASSES, Detections
from pipeline.perception.still import LONGEST_S, LOOKS, StillPicture

ROAD = np.full((100, 178), 90, np.float32)
CAR = (200.0, 200.0, 420.0, 380.0)


def seen(*boxes: tuple[float, float, float, float], kind: str = "car") -> Detections:
    classes = np.full(len(boxes), CLASSES.index(kind), np.int64)
    return Detections(np.array(boxes, np.float32).reshape(-1, 4), np.full(len(boxes), 0.8, np.float32), classes)


def grained(level: float = 0.0, seed: int = 1) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, 1.0, ROAD.shape)
    return (ROAD + noise + level).astype(np.float32)


def looked_at() -> StillPicture:
    still = StillPicture()
    for look in range(LOOKS):
        still.looked(grained(seed=look), look / 6, seen(CAR))
    return still


def test_who_stands_is_known_in_spite_of_noise_and_of_a_change_of_light() -> None:
    still = looked_at()
    for seed, level in ((20, 0.0), (21, 8.0), (22, -15.0)):
        told = still.holds(grained(level, seed), 2.0)
        assert told is not None
        assert told.boxes.tolist() == [list(CAR)]


def test_one_look_is_not_believed() -> None:
    still = StillPicture()
    still.looked(ROAD, 0.0, seen(CAR))
    assert still.holds(ROAD, 0.1) is None


def test_what_a_single_look_saw_is_not_repeated() -> None:
    still = looked_at()
    still.looked(ROAD, 1.0, seen(CAR, (900.0, 100.0, 960.0, 150.0)))
    told = still.holds(ROAD, 1.5)
    assert told is not None
    assert told.boxes.tolist() == [list(CAR)]


def test_who_creeps_is_looked_at() -> None:
    # A quarter of a grey level a picture: between two neighbours nothing seems to happen.
    still, creeping = looked_at(), ROAD.copy()
    answers = []
    for step in range(80):
        creeping[60:70, 40:60] += 0.25
        answers.append(still.holds(creeping, 1.0 + step / 6))
    assert answers[0] is not None
    assert answers[-1] is None


def test_after_a_while_it_is_looked_at_in_any_case() -> None:
    assert looked_at().holds(ROAD, LONGEST_S + 2) is None
