from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.perception.phase import State
from pipeline.perception.signals import COLOURS, Signals, read_head
from pipeline.scene import SignalHead

BGR = {"red": (40, 30, 240), "yellow": (20, 190, 250), "green": (140, 230, 30)}
TALL = SignalHead(id="head", box=(20, 10, 40, 70))


def head(lit: str | None, *, layout: str = "vertical", white: bool = False, width: int = 20) -> np.ndarray:
    """A dark housing with three lamps on a grey street; `lit` glows."""
    frame = np.full((100, 100, 3), 110, np.uint8)
    frame[10:70, 20 : 20 + width] = 25
    for place, colour in enumerate(COLOURS):
        centre = (20 + width // 2, 20 + 20 * place)
        dim = tuple(channel // 6 + 15 for channel in BGR[colour])
        cv2.circle(frame, centre, width // 2 - 2, BGR[colour] if colour == lit else dim, -1)
        if white and colour == lit:
            cv2.circle(frame, centre, width // 2 - 3, (255, 255, 255), -1)
    return frame if layout == "vertical" else frame.transpose(1, 0, 2).copy()


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("white", [False, True], ids=["coloured", "overexposed"])
def test_the_lit_lamp_is_read(colour: State, white: bool) -> None:
    assert read_head(head(colour, white=white), TALL) == colour
    lying = SignalHead(id="head", box=(10, 20, 70, 40), layout="horizontal")
    assert read_head(head(colour, layout="horizontal", white=white), lying) == colour


@pytest.mark.parametrize("colour", COLOURS)
def test_a_single_lamp_is_read_by_its_colour(colour: State) -> None:
    frame = np.full((40, 40, 3), 30, np.uint8)
    cv2.circle(frame, (20, 20), 12, BGR[colour], -1)
    assert read_head(frame, SignalHead(id="head", box=(5, 5, 35, 35), layout="single")) == colour


def test_dark_lamps_and_a_glow_in_the_wrong_place_are_unknown() -> None:
    assert read_head(head(None), TALL) == "unknown"
    assert read_head(head("green")[::-1].copy(), SignalHead(id="head", box=(20, 30, 40, 90))) == "unknown"
    assert read_head(np.zeros((100, 100, 3), np.uint8), TALL) == "unknown"


def read_all(states: list[str | None]) -> list[tuple[str, float]]:
    signals = Signals((TALL,))
    return [
        (change.state, round(change.at_s, 3))
        for index, state in enumerate(states)
        for change in signals.read(head(state), index / 10, index)
    ]


def test_an_onset_is_where_the_phase_was_first_read() -> None:
    assert read_all(["red"] * 5 + ["green"] * 5) == [("red", 0.0), ("green", 0.5)]


def test_one_odd_picture_and_a_short_flicker_change_nothing() -> None:
    assert read_all(["red"] * 5 + ["green"] + ["red"] * 5 + [None] * 4 + ["red"] * 5) == [("red", 0.0)]


def test_a_lamp_that_stays_dark_becomes_unknown() -> None:
    assert read_all(["red"] * 5 + [None] * 10) == [("red", 0.0), ("unknown", 0.5)]
