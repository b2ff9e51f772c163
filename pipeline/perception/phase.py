"""The log of a signal: which phase began when. `unknown` is a phase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["red", "yellow", "green", "unknown"]


@dataclass(frozen=True)
class PhaseChange:
    """The onset of a phase.

    Attributes:
        signal: Id of the signal head.
        state: The phase that begins.
        at_s: Capture time of the first picture that shows it, seconds since 1970 UTC.
        frame: Number of that picture.
    """

    signal: str
    state: State
    at_s: float
    frame: int


@dataclass(frozen=True)
class PhaseLog:
    """All onsets of one camera's signals, in order of time; immutable, so that a rule can rely on it."""

    changes: tuple[PhaseChange, ...] = ()

    def at(self, signal: str, at_s: float) -> PhaseChange | None:
        """The onset of the phase that held at `at_s`, or None before the first reading."""
        held = None
        for change in self.changes:
            if change.signal == signal and change.at_s <= at_s:
                held = change
        return held

    def with_change(self, change: PhaseChange) -> PhaseLog:
        """This log and one more onset; only the last 500 are kept."""
        return PhaseLog((*self.changes, change)[-500:])
