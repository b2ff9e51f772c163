from __future__ import annotations

import pytest

from pipeline.stage import Specification
from pipeline.stage.invention import Invention, invent
from pipeline.stage.lens import Lens
from pipeline.stage.scene_file import scene_of
from tests.pipeline.stage.plays import offences, told

KINDS = ("red_light", "stop_line", "wrong_way", "bus_lane", "speed")


def invented(kind: str, *, innocent: bool, difficulty: float, seed: int) -> Specification:
    wanted = {"kind": kind, "innocent": innocent, "difficulty": difficulty, "seed": seed}
    return Specification.model_validate(invent(Invention.model_validate(wanted)))


@pytest.mark.parametrize("kind", KINDS)
def test_an_invented_offence_is_one_and_its_look_alike_is_none(kind: str) -> None:
    for seed, difficulty in enumerate((0.1, 0.9)):
        guilty = invented(kind, innocent=False, difficulty=difficulty, seed=seed)
        assert offences(guilty) == [kind], f"seed {seed}"
        innocent = invented(kind, innocent=True, difficulty=difficulty, seed=seed)
        assert told(innocent, "offence") == [], f"seed {seed}"
        for specification in (guilty, innocent):
            scene_of(specification, Lens(specification.camera))


def test_a_seed_is_a_scene() -> None:
    wanted = Invention(kind="counting", difficulty=0.5, seed=9)
    assert invent(wanted) == invent(wanted)
    assert invent(wanted) != invent(Invention(kind="counting", difficulty=0.5, seed=10))


def test_counting_counts_who_passes_the_line_and_not_who_stops_before_it() -> None:
    assert len(told(invented("counting", innocent=False, difficulty=0.3, seed=1), "crossing")) >= 3
    assert told(invented("counting", innocent=True, difficulty=0.3, seed=1), "crossing") == []
