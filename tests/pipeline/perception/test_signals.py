from __future__ import annotations

import cv2
import numpy as np
import pytest

from models.signals.glow import COLOURS
from models.signals.lamp_image import Layout
from models.signals.reader import LEAST_PX, GlowReader, HeadReading, RoadsideReader, agreed
from pipeline.perception.phase import FaultKind, PhaseChange, PhaseLog, State
from pipeline.perception.signals import Signals, read_head
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
    signals = Signals((TALL,), GlowReader())
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


class Told:
    """A reader that is told what to read."""

    def __init__(self, states: list[State]) -> None:
        self._states = iter(states)

    def read(self, *_: object) -> HeadReading:
        state = next(self._states)
        return HeadReading(state, state, 1.0, state)


def told(states: list[State], fps: float = 10.0) -> PhaseLog:
    signals = Signals((TALL,), Told(states))
    frame = np.zeros((100, 100, 3), np.uint8)
    for index in range(len(states)):
        signals.read(frame, index / fps, index)
    return signals.log


def test_an_onset_is_known_to_the_picture_before_it() -> None:
    log = told(["red"] * 5 + ["green"] * 5)
    assert [(c.state, c.frame) for c in log.changes] == [("red", 0), ("green", 5)]
    assert log.changes[1].uncertainty_s == pytest.approx(0.1)


def test_pictures_that_cannot_be_read_widen_the_uncertainty() -> None:
    log = told(["red"] * 5 + ["unknown"] * 4 + ["green"] * 5)
    assert [(c.state, c.frame) for c in log.changes] == [("red", 0), ("green", 9)]
    assert log.changes[1].uncertainty_s == pytest.approx(0.5)


def test_a_dark_picture_in_the_first_moments_of_a_phase_does_not_delay_it() -> None:
    log = told(["green"] * 5 + ["yellow", "unknown", "yellow", "yellow"])
    assert [(c.state, c.frame) for c in log.changes] == [("green", 0), ("yellow", 5)]


def test_a_sound_signal_has_no_faults() -> None:
    log = told(["red"] * 20 + ["green"] * 20 + ["yellow"] * 30 + ["red"] * 20)
    assert [c.state for c in log.changes] == ["red", "green", "yellow", "red"]
    assert log.faults == ()


def test_green_that_turns_red_without_yellow_is_a_fault() -> None:
    log = told(["green"] * 20 + ["red"] * 20)
    assert [(f.kind, f.frame) for f in log.faults] == [(FaultKind.IMPOSSIBLE_ORDER, 20)]
    assert log.faults_near("head", 3.0) == log.faults
    assert log.faults_near("head", 900.0) == ()
    assert log.faults_near("other", 3.0) == ()


def test_a_yellow_that_is_too_short_is_a_fault_unless_its_beginning_was_not_seen() -> None:
    log = told(["green"] * 20 + ["yellow"] * 10 + ["red"] * 10)
    assert [f.kind for f in log.faults] == [FaultKind.SHORT_YELLOW]
    assert log.faults[0].note == "yellow lasted at most 1.1 s"
    assert told(["yellow"] * 10 + ["red"] * 10).faults == ()
    assert told(["green"] * 20 + ["unknown"] * 10 + ["yellow"] * 10 + ["red"] * 10).faults == ()


def test_a_gap_that_nobody_could_read_excuses_the_order() -> None:
    assert told(["green"] * 20 + ["unknown"] * 20 + ["red"] * 20).faults == ()


def test_faults_belong_to_one_head() -> None:
    log = PhaseLog()
    for change in (PhaseChange("a", "green", 0, 0), PhaseChange("b", "red", 1, 1), PhaseChange("b", "green", 9, 9)):
        log = log.with_change(change)
    assert log.faults == ()


@pytest.mark.parametrize(
    ("best", "share", "rule", "state"),
    [
        ("red", 0.99, "red", "red"),
        ("red", 0.99, "unknown", "red"),
        ("red", 0.99, "green", "unknown"),
        ("green", 0.999, "red", "unknown"),
        ("red", 0.99, "yellow", "red"),
        ("red", 0.8, "yellow", "unknown"),
        ("red", 0.3, "red", "unknown"),
        ("green", 0.4, "unknown", "unknown"),
        ("dark", 0.99, "red", "unknown"),
        ("dark", 0.99, "unknown", "unknown"),
    ],
)
def test_red_and_green_are_never_named_against_the_rule(best: str, share: float, rule: str, state: str) -> None:
    assert agreed(best, share, rule) == state


@pytest.mark.parametrize(
    ("width", "layout", "network"),
    [
        (LEAST_PX, "vertical", True),
        (LEAST_PX - 1, "vertical", False),
        (3 * LEAST_PX, "horizontal", False),
        (20, "single", False),
    ],
)
def test_small_lying_and_single_heads_are_read_by_the_rule_alone(width: int, layout: Layout, network: bool) -> None:
    reader = RoadsideReader(lambda: Told(["green"]))
    frame = np.zeros((100, 100, 3), np.uint8)
    state = reader.read(frame, (10, 10, 10 + width, 10 + 2 * LEAST_PX), layout).state
    assert state == ("green" if network else "unknown")


@pytest.mark.parametrize("width", [8, 16, 30])
@pytest.mark.parametrize("colour", COLOURS)
def test_a_camera_reads_small_and_large_heads_alike(colour: str, width: int) -> None:
    frame = cv2.resize(head(colour), None, fx=width / 20, fy=width / 20, interpolation=cv2.INTER_AREA)
    x1, y1, x2, y2 = (value * width / 20 for value in TALL.box)
    signals = Signals((SignalHead(id="head", box=(x1, y1, x2, y2)),))
    changes = [change for number in range(8) for change in signals.read(frame, number / 10, number)]
    assert [change.state for change in changes] == [colour]
