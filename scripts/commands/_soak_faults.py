"""The faults of a soak: which camera, or the office, does what, from when to when; from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pipeline.box.simulated_camera import SimulatedCamera
from scripts.commands._soak_footage import Footage
from scripts.commands._soak_office import Receiver

CAMERA_FAULTS: Final[dict[str, tuple[float, float]]] = {
    "refuse": (5, 25),
    "silent": (12, 25),
    "mute": (12, 25),
    "frozen": (35, 45),
    "garbage": (14, 25),
    "drop": (0, 0),
    "small": (20, 40),
    "narrow": (15, 25),
    "hevc": (20, 40),
}
"""Each with how long it lasts at least and at most, in seconds: longer than the box's patience."""
UNSEEN: Final = frozenset({"small", "hevc", "drop"})
"""The camera goes on with them: there is a gap only while it is taken up again."""
OFFICE_FAULTS: Final[dict[str, tuple[float, float]]] = {"busy": (20, 60), "lost_answer": (20, 60)}
BETWEEN_S: Final = (8.0, 30.0)
OFFICE_BETWEEN_S: Final = (60.0, 180.0)


@dataclass
class Fault:
    """One fault.

    Attributes:
        who: A camera's id, or `office`.
        kind: Of `CAMERA_FAULTS` or `OFFICE_FAULTS`.
        began_at_s: Seconds since 1970.
        ended_at_s: The same; None while it lasts.
    """

    who: str
    kind: str
    began_at_s: float
    ended_at_s: float | None = None


@dataclass
class Faults:
    """Begins and ends faults; to be called about once a second.

    Args:
        cameras: By id.
        office: The receiving office.
        footage: What cameras can be told to show.
        seed: The same seed gives the same faults at the same seconds of the soak.
        tell: Told each fault when it ends.
    """

    cameras: dict[str, SimulatedCamera]
    office: Receiver
    footage: Footage
    seed: int
    tell: Callable[[Fault], None]
    told: list[Fault] = field(default_factory=list)
    _running: list[tuple[Fault, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - chooses faults, protects nothing
        self._next_s = self._random.uniform(*BETWEEN_S)
        self._office_next_s = self._random.uniform(*OFFICE_BETWEEN_S)

    def round(self, passed_s: float, now_s: float) -> None:
        """End what is due and begin the next.

        Args:
            passed_s: Since the soak began, in seconds.
            now_s: Seconds since 1970.
        """
        for fault, until_s in list(self._running):
            if passed_s >= until_s:
                self._end(fault, now_s)
                self._running.remove((fault, until_s))
        if passed_s >= self._next_s:
            self._next_s = passed_s + self._random.uniform(*BETWEEN_S)
            free = [name for name in self.cameras if name not in {fault.who for fault, _ in self._running}]
            kind = self._random.choice(list(CAMERA_FAULTS))
            lasts_s = self._random.uniform(*CAMERA_FAULTS[kind])
            if free:
                self._begin(Fault(self._random.choice(free), kind, now_s), passed_s + lasts_s)
        if passed_s >= self._office_next_s:
            kind = self._random.choice(list(OFFICE_FAULTS))
            lasts_s = self._random.uniform(*OFFICE_FAULTS[kind])
            self._office_next_s = passed_s + lasts_s + self._random.uniform(*OFFICE_BETWEEN_S)
            self._begin(Fault("office", kind, now_s), passed_s + lasts_s)

    def heal(self, now_s: float) -> None:
        """End all faults."""
        for fault, _ in self._running:
            self._end(fault, now_s)
        self._running.clear()

    def _begin(self, fault: Fault, until_s: float) -> None:
        self.told.append(fault)
        self._running.append((fault, until_s))
        if fault.who == "office":
            self.office.fault = "busy" if fault.kind == "busy" else "lost_answer"
            return
        camera = self.cameras[fault.who]
        if fault.kind in {"small", "narrow", "hevc"}:
            camera.play(getattr(self.footage, fault.kind))
            camera.drop()
        elif fault.kind == "drop":
            camera.drop()
        else:
            camera.fault = fault.kind  # type: ignore[assignment]
            if fault.kind in {"refuse", "silent"}:
                camera.drop()

    def _end(self, fault: Fault, now_s: float) -> None:
        fault.ended_at_s = now_s
        if fault.who == "office":
            self.office.fault = "none"
        elif fault.kind in {"small", "narrow", "hevc"}:
            self.cameras[fault.who].play(self.footage.usual)
            self.cameras[fault.who].drop()
        else:
            self.cameras[fault.who].fault = "none"
        self.tell(fault)
