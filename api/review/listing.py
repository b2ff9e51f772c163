"""Lines of the queue as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.review.queue import Entry
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from pipeline.evidence.plate_number import PlateNumber, PlateNumberError


@dataclass(frozen=True)
class Line:
    """One line: what it is about, where, since when, and when it must be answered."""

    case_id: UUID
    kind: str
    reference: str
    title: str
    plate: str | None
    place: str | None
    since: datetime
    doubts: int
    due_at: datetime | None
    overdue: bool
    held_by: str | None


def lines(session: Session, entries: Sequence[Entry], language: str) -> list[Line]:
    """The lines of a page of the queue."""
    moment = now(session)
    jurisdictions = jurisdictions_of(session)
    return [_line(entry, jurisdictions[entry.case.jurisdiction], language, moment) for entry in entries]


def _line(entry: Entry, jurisdiction: Jurisdiction, language: str, moment: datetime) -> Line:
    case, subject = entry.case, entry.case.subject
    doubts = subject.get("doubts", 0)
    return Line(
        case_id=case.id,
        kind=case.kind,
        reference=case.reference,
        title=title(case, jurisdiction, language),
        plate=_display(subject.get("plate")),
        place=subject.get("place"),
        since=case.opened_at,
        doubts=doubts if isinstance(doubts, int) else len(doubts or ()),
        due_at=entry.due_at,
        overdue=entry.due_at is not None and entry.due_at < moment,
        held_by=entry.held_by,
    )


def title(case: CaseRow, jurisdiction: Jurisdiction, language: str) -> str:
    """What a case is about: the offence, the ground of a contest, the category of a complaint."""
    subject = case.subject
    if case.kind == CaseKind.CONTEST.value:
        ground = jurisdiction.contest_ground(str(subject.get("ground")))
        return case.reference if ground is None else ground.names.text(language)
    if case.kind == CaseKind.COMPLAINT.value:
        category = jurisdiction.complaint_category(str(subject.get("category")))
        return case.reference if category is None else category.names.text(language)
    offence = jurisdiction.offence_named(str(subject.get("offence")))
    return str(subject.get("offence")) if offence is None else offence.names.text(language)


def _display(plate: object) -> str | None:
    return _as_written(plate) if isinstance(plate, str) and plate else None


@lru_cache(maxsize=4096)
def _as_written(plate: str) -> str:
    try:
        return PlateNumber.parse(plate).display
    except PlateNumberError:
        return plate
