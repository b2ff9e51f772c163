"""The log of a signal: which phase began when. `unknown` is a phase."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

State = Literal["red", "yellow", "green", "unknown"]

SHORTEST_YELLOW_S = 2.0
"""A yellow that is seen whole and is shorter is a fault of the signal or of its reading.

Indonesian signals show 3 s (Dirjen Hubdat guideline on simpang bersinyal); none anywhere may show less than 3, and a
second is left for late reading of the onset.
"""


@dataclass(frozen=True)
class PhaseChange:
    """The onset of a phase.

    Attributes:
        signal: Id of the signal head.
        state: The phase that begins.
        at_s: Capture time of the first picture that shows it, seconds since 1970 UTC.
        frame: Number of that picture.
        uncertainty_s: By how much earlier it may have begun: the time since the phase before was last read. 0 for the
            first phase of a watch, whose onset nobody saw.
    """

    signal: str
    state: State
    at_s: float
    frame: int
    uncertainty_s: float = 0.0


class FaultKind(StrEnum):
    """What a signal, or the reading of it, did that no sound signal does."""

    IMPOSSIBLE_ORDER = "impossible_order"
    SHORT_YELLOW = "short_yellow"


@dataclass(frozen=True)
class PhaseFault:
    """A phase that cannot have come as it was read.

    Attributes:
        signal: Id of the signal head.
        kind: What is wrong.
        at_s: Capture time of the onset that shows it, seconds since 1970 UTC.
        frame: Number of that picture.
        note: The fault in a sentence.
    """

    signal: str
    kind: FaultKind
    at_s: float
    frame: int
    note: str


@dataclass(frozen=True)
class PhaseLog:
    """All onsets of one camera's signals, in order of time; immutable, so that a rule can rely on it.

    Attributes:
        changes: The onsets.
        faults: What came in an impossible order or too short, in order of time.
    """

    changes: tuple[PhaseChange, ...] = ()
    faults: tuple[PhaseFault, ...] = ()

    def at(self, signal: str, at_s: float) -> PhaseChange | None:
        """The onset of the phase that held at `at_s`, or None before the first reading."""
        held = None
        for change in self.changes:
            if change.signal == signal and change.at_s <= at_s:
                held = change
        return held

    def faults_near(self, signal: str, at_s: float, *, within_s: float = 120.0) -> tuple[PhaseFault, ...]:
        """Faults of a head less than `within_s` before or after an instant."""
        return tuple(fault for fault in self.faults if fault.signal == signal and abs(fault.at_s - at_s) <= within_s)

    def with_change(self, change: PhaseChange) -> PhaseLog:
        """This log and one more onset, with the fault that it shows, if any; only the last 500 of each are kept."""
        earlier = [known for known in self.changes if known.signal == change.signal]
        fault = _fault(earlier, change)
        faults = (*self.faults, fault)[-500:] if fault else self.faults
        return PhaseLog((*self.changes, change)[-500:], faults)


_IMPOSSIBLE = {("green", "red"), ("yellow", "green"), ("red", "yellow")}
"""Green must end in yellow, yellow in red; red and yellow together (before green) are read as red."""


def _fault(earlier: list[PhaseChange], change: PhaseChange) -> PhaseFault | None:
    """What is wrong with an onset after the earlier ones of the same head; a gap of `unknown` excuses all."""
    if not earlier or "unknown" in {earlier[-1].state, change.state}:
        return None
    before = earlier[-1]
    if (before.state, change.state) in _IMPOSSIBLE:
        note = f"{change.state} came after {before.state}, which no signal shows"
        return PhaseFault(change.signal, FaultKind.IMPOSSIBLE_ORDER, change.at_s, change.frame, note)
    longest_s = change.at_s - before.at_s + before.uncertainty_s
    seen_whole = len(earlier) > 1 and earlier[-2].state != "unknown"
    if before.state == "yellow" and seen_whole and longest_s < SHORTEST_YELLOW_S:
        note = f"yellow lasted at most {longest_s:.1f} s"
        return PhaseFault(change.signal, FaultKind.SHORT_YELLOW, change.at_s, change.frame, note)
    return None
