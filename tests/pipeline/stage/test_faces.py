from __future__ import annotations

import numpy as np
import pytest

from pipeline.stage.cast import Rider
from pipeline.stage.faces import HAIR, LIPS, bare_head
from pipeline.stage.invention import Invention, invent
from pipeline.stage.production import DRAWING, drawing_version
from pipeline.stage.specification import Specification

MIDDLE = np.array([0.0, 0.0, 1.6])


@pytest.mark.parametrize("headwear", ["hair", "cap", "hijab"])
def test_an_uncovered_head_has_a_face_before_and_none_behind(headwear: str) -> None:
    parts = bare_head(MIDDLE, Rider(helmet=False, headwear=headwear))
    lips = [part for part in parts if part.colour == LIPS]
    eyes = [part for part in parts if part.colour == HAIR and part.radius_m < 0.015]
    assert len(lips) == 1
    assert len(eyes) == 4, "two pupils and two brows"
    assert all(part.start[0] > 0.08 for part in (*lips, *eyes))


@pytest.mark.parametrize(("look", "anew"), [("bare", True), ("helmet", False)])
def test_only_clips_with_uncovered_heads_are_drawn_anew(look: str, anew: bool) -> None:
    content = invent(Invention(kind="no_helmet", look=look, time="day", seed=3, difficulty=0.2))
    version = drawing_version(Specification.model_validate({**content, "name": "x"}))
    assert (version != DRAWING) is anew
