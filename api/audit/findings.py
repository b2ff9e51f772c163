"""What an audit finds: one sentence a finding, naming the case and the event."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Tampering(StrEnum):
    """What was done to the store."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"
    CUT_OFF = "cut_off"
    SWAPPED = "swapped"
    REWRITTEN = "rewritten"
    CASE_REMOVED = "case_removed"
    CASE_ALTERED = "case_altered"
    CLOCK_ALTERED = "clock_altered"
    PERSONS_ALTERED = "persons_altered"
    BLOCK_ALTERED = "block_altered"
    LOG_ALTERED = "log_altered"


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit.

    Attributes:
        what: what was done.
        why: a sentence that says how it shows.
        case: the case's reference (its id where the case itself is gone); None when it concerns the log of heads.
        event: the event's number in its case, the first of several.
        case_id: the case's id.
    """

    what: Tampering
    why: str
    case: str | None = None
    event: int | None = None
    case_id: UUID | None = None
