"""What lies on an agency's desk, the most urgent first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.jurisdiction.model import Jurisdiction
from api.store.kinds import CaseKind
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow, ClockRow

PAGE: Final = 40
# Where something is still asked of the office.
OPEN: Final[dict[CaseKind, tuple[str, ...]]] = {
    CaseKind.COMPLAINT: ("open", "merged"),
    CaseKind.CORRECTION: ("open",),
    CaseKind.REQUEST: ("open", "incomplete", "in_process", "granted"),
    CaseKind.LETTER: ("open", "registered", "disposed", "draft", "signed"),
    # A ticket waits for a person here: a denial, a driver who was named, a block that may be lifted, a letter back.
    CaseKind.TICKET: ("denied", "confirmed", "blocked", "enforced", "issued", "settled"),
}


@dataclass(frozen=True)
class Line:
    """One case on the desk.

    Attributes:
        case: the case.
        title: what it is about, in the reader's language.
        due_at: its nearest deadline that still runs; None when none does.
        overdue: whether that has passed.
    """

    case: CaseRow
    title: str
    due_at: datetime | None
    overdue: bool


def on_the_desk(
    session: Session,
    viewer: Viewer,
    kind: CaseKind,
    language: str,
    *,
    states: Sequence[str] | None = None,
    page: int = 1,
) -> tuple[list[Line], bool]:
    """A page of the cases of a kind that wait, by their nearest deadline.

    Args:
        session: an open session.
        viewer: who looks; only what they may read is there.
        kind: which cases.
        language: of the titles.
        states: which; None: those in which something is asked of the office.
        page: 1 for the first.

    Returns:
        The lines, and whether there are more.
    """
    nearest = (
        select(func.min(ClockRow.due_at))
        .where(ClockRow.case_id == CaseRow.id, ClockRow.stopped_at.is_(None))
        .correlate(CaseRow)
        .scalar_subquery()
    )
    query = (
        readable_by(viewer)
        .where(CaseRow.kind == kind.value, CaseRow.state.in_(OPEN[kind] if states is None else states))
        .add_columns(nearest.label("due_at"))
        .order_by(nearest.asc().nulls_last(), CaseRow.opened_at, CaseRow.id)
        .limit(PAGE + 1)
        .offset(PAGE * (max(1, page) - 1))
    )
    moment, known = now(session), jurisdictions_of(session)
    rows = session.execute(query).all()
    lines = [
        Line(row, title_of(row, known[row.jurisdiction], language), due, due is not None and due < moment)
        for row, due in rows[:PAGE]
    ]
    return lines, len(rows) > PAGE


def counts(session: Session, viewer: Viewer) -> dict[str, int]:
    """How many cases of each kind wait, for the tabs of the desk."""
    return {
        kind.value: session.scalar(
            select(func.count()).select_from(
                readable_by(viewer).where(CaseRow.kind == kind.value, CaseRow.state.in_(states)).subquery()
            )
        )
        or 0
        for kind, states in OPEN.items()
    }


def title_of(case: CaseRow, jurisdiction: Jurisdiction, language: str) -> str:
    """What a case is about, in a few words."""
    subject = case.subject
    if case.kind == CaseKind.COMPLAINT.value:
        category = jurisdiction.complaint_category(str(subject.get("category")))
        return str(subject.get("category")) if category is None else category.names.text(language)
    if case.kind == CaseKind.REQUEST.value:
        service = jurisdiction.service(str(subject.get("service")))
        return str(subject.get("service")) if service is None else service.names.text(language)
    if case.kind == CaseKind.LETTER.value:
        return str(subject.get("about") or "")
    if case.kind == CaseKind.TICKET.value:
        offence = jurisdiction.offence_named(str(subject.get("offence")))
        name = str(subject.get("offence")) if offence is None else offence.names.text(language)
        return f"{subject.get('plate') or '?'} \u00b7 {name}"
    return str(subject.get("about") or "")
