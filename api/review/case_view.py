"""What the officers' page shows of a violation: plain values, so that the template only lays them out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

EXHIBIT_KEYS: Final = {
    "clip": "v",
    "overview": "b",
    "before": "1",
    "offence": "o",
    "offence_drawn": "d",
    "beyond": "2",
    "measured": "m",
}
"""Roles of a package's members that are shown as tabs, in the order of looking, with the key that opens each."""


@dataclass(frozen=True)
class Exhibit:
    """A clip or still. `start_s` is where in the clip the offence is; None when the roadside did not say."""

    role: str
    url: str
    media_type: str
    start_s: float | None = None

    @property
    def is_video(self) -> bool:
        """Whether the player shows it."""
        return self.media_type.startswith("video/")

    @property
    def key(self) -> str:
        """The key that opens it."""
        return EXHIBIT_KEYS[self.role]


@dataclass(frozen=True)
class Candidate:
    """A text that the plate may show, with the reader's confidence (0..1)."""

    text: str
    confidence: float


@dataclass(frozen=True)
class PlateView:
    """What was read. `display` is None when the reader abstained; `reason` says why."""

    display: str | None
    confidence: float
    reason: str | None
    country: str
    looks: int
    candidates: tuple[Candidate, ...]
    crop_url: str | None


@dataclass(frozen=True)
class RegisterView:
    """The register's record beside what was seen. Rows are (label, value, tone); remarks do not stand against it."""

    found: bool
    rows: tuple[tuple[str, str, str], ...] = ()
    mismatches: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class LawView:
    """The article that was law when it happened. `known` is False when the jurisdiction's file holds none."""

    offence: str
    citation: str
    title: str
    maximum_fine_rupiah: int
    note: str | None = None
    known: bool = True


@dataclass(frozen=True)
class ConditionView:
    """A condition of the rule, in words."""

    name: str
    met: bool
    detail: str


@dataclass(frozen=True)
class ClockView:
    """A promise and its deadline."""

    label: str
    due_at: datetime
    stopped_at: datetime | None


@dataclass(frozen=True)
class Step:
    """One event of the case, in words."""

    at: datetime
    title: str
    who: str | None = None
    text: str | None = None


@dataclass(frozen=True)
class CaseView:
    """Everything on the page of a violation.

    Attributes:
        box: the vehicle in the offence still, pixels of the original frame; the zoom goes there.
        blocked: why no ticket can come of it; None when one can.
        decided: who decided what and when; None while it waits.
        roles: what the package holds.
        moving_url: where everybody was while the clip ran, to be drawn over it; None when the camera did not say.
    """

    case_id: UUID
    reference: str
    place: str
    camera_id: str
    occurred_at: datetime
    clock_trusted: bool
    box: tuple[float, float, float, float]
    law: LawView
    exhibits: tuple[Exhibit, ...]
    plate: PlateView
    register: RegisterView
    conditions: tuple[ConditionView, ...]
    doubts: tuple[str, ...]
    measured: tuple[tuple[str, str], ...]
    clocks: tuple[ClockView, ...]
    steps: tuple[Step, ...]
    roles: frozenset[str]
    blocked: str | None = None
    decided: str | None = None
    moving_url: str | None = None
