"""The phases of a camera's signal heads: each read in every picture, and believed once it lasted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.signals.reader import GlowReader, RoadsideReader, SignalReader
from pipeline.perception.phase import PhaseChange, PhaseLog, State
from pipeline.scene import SignalHead

CONFIRM_S = 0.15
"""A new phase counts once it was read twice and for this long: one odd picture changes nothing."""
FORGET_S = 0.7
"""Unreadable for longer than this is `unknown` (LED lamps flicker dark in single pictures)."""


def read_head(frame_bgr: NDArray[np.uint8], head: SignalHead, reader: SignalReader | None = None) -> State:
    """The phase that one picture shows, or `unknown`.

    Args:
        frame_bgr: uint8 [height, width, 3].
        head: Where the head is and how its lamps are stacked.
        reader: Reads it; by default the rule of glow and place, without a network.
    """
    return (reader or GlowReader()).read(frame_bgr, head.box, head.layout).state


@dataclass
class _Pending:
    """A phase that was read but is not believed yet."""

    state: State
    since_s: float
    frame: int
    uncertainty_s: float
    last_s: float
    readings: int = 1


@dataclass
class _Memory:
    """What is known of one head."""

    current: State | None = None
    current_last_s: float | None = None
    colour: _Pending | None = None
    dark: _Pending | None = None


class Signals:
    """Keeps the phase log of a camera's signal heads.

    Args:
        heads: The scene's signal heads.
        reader: Reads one head in one picture; by default network and rule, and the rule alone for small heads.
    """

    def __init__(self, heads: tuple[SignalHead, ...], reader: SignalReader | None = None) -> None:
        self._heads = heads
        self._reader: SignalReader = reader or RoadsideReader()
        self._memory: dict[str, _Memory] = {head.id: _Memory() for head in heads}
        self.log = PhaseLog()

    def read(self, frame_bgr: NDArray[np.uint8], at_s: float, frame: int) -> list[PhaseChange]:
        """Take in one picture.

        Returns:
            The phases that are certain since this picture; their onset is where they were first read.
        """
        changes = []
        for head in self._heads:
            state = read_head(frame_bgr, head, self._reader)
            change = _settle(self._memory[head.id], head.id, state, at_s, frame)
            if change:
                changes.append(change)
                self.log = self.log.with_change(change)
        return changes


def _settle(memory: _Memory, signal: str, state: State, at_s: float, frame: int) -> PhaseChange | None:
    """The onset that is certain since this reading, if any."""
    if state == memory.current:
        memory.current_last_s = at_s
        memory.colour = memory.dark = None
        return None
    # Pictures that could not be read leave it open when the old phase ended.
    before_s = at_s if memory.current_last_s is None else memory.current_last_s
    fresh = _Pending(state, at_s, frame, at_s - before_s, at_s)
    if state == "unknown":
        memory.dark = memory.dark or fresh
        patience_s = CONFIRM_S if memory.current is None else FORGET_S
        if at_s > memory.dark.since_s and at_s - memory.dark.since_s >= patience_s:
            return _begin(memory, signal, memory.dark, at_s)
        return None
    memory.dark = None
    pending = memory.colour
    if pending is None or pending.state != state or at_s - pending.last_s > FORGET_S:
        memory.colour = fresh
        return None
    pending.readings += 1
    pending.last_s = at_s
    return _begin(memory, signal, pending, at_s) if at_s - pending.since_s >= CONFIRM_S else None


def _begin(memory: _Memory, signal: str, pending: _Pending, at_s: float) -> PhaseChange:
    memory.current = pending.state
    memory.current_last_s = at_s
    memory.colour = memory.dark = None
    return PhaseChange(signal, pending.state, pending.since_s, pending.frame, round(pending.uncertainty_s, 6))
