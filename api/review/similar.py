"""What was decided in cases like this one: the same rule at the same camera, by whom, and how often it was right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.jurisdiction.model import Jurisdiction
from api.review.tables import ReadingRow
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow

SHOWN: Final = 5
# A case that is still to be read by a second person is not shown: that reading is blind.
_FINAL: Final = ("approved", "rejected")


@dataclass(frozen=True)
class Similar:
    """One decision on a case like this one."""

    case_id: UUID
    at: datetime
    who: str
    decision: str
    reason: str | None


def similar_to(
    session: Session,
    viewer: Viewer,
    case: CaseRow,
    *,
    camera_id: str,
    offence: str,
    jurisdiction: Jurisdiction,
    language: str,
) -> tuple[Similar, ...]:
    """The latest decisions on cases of the same rule at the same camera, as far as the viewer may read them.

    Args:
        session: an open session.
        viewer: who looks.
        case: the case on the screen; never shown itself.
        camera_id: its camera.
        offence: code of its rule.
        jurisdiction: names the reasons.
        language: of the reasons.
    """
    reasons = {one.id: one.names.text(language) for one in jurisdiction.reject_reasons}
    query = (
        readable_by(viewer)
        .join(ReadingRow, ReadingRow.case_id == CaseRow.id)
        .with_only_columns(ReadingRow, maintain_column_froms=True)
        .where(
            ReadingRow.camera_id == camera_id,
            ReadingRow.offence == offence,
            ReadingRow.withdrawn_at.is_(None),
            ReadingRow.case_id != case.id,
            CaseRow.state.in_(_FINAL),
        )
        .order_by(ReadingRow.at.desc())
        .limit(SHOWN)
    )
    rows = session.scalars(select(ReadingRow).from_statement(query))
    return tuple(
        Similar(row.case_id, row.at, row.user_name, row.decision, reasons.get(row.reason_id or "")) for row in rows
    )
