"""Cases whose answer is known: they come to officers like all others, and nothing ever comes of them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.review.errors import NotForRole, ReviewRefused
from api.review.readings import Decision, standing
from api.review.tables import KnownAnswerRow
from api.store.kinds import Actor, Audience, CaseKind
from api.store.reading import Viewer, case_for
from api.store.service import append, lock_case
from api.store.tables import CaseRow

PLACING_ROLES: Final = frozenset({"supervisor"})
WAITING: Final = "awaiting_review"
NAMES: Final = {"id": "Perkara uji: jawabannya sudah diketahui", "en": "A test case: its answer was known"}


def place(session: Session, viewer: Viewer, actor: Actor, case: str | UUID, expected: Decision) -> CaseRow:
    """Mark a violation that nobody has read yet as one whose answer is known.

    From now on no ticket can come of it: code and database refuse one. Whoever places it never gets it to decide.

    Args:
        session: an open transaction.
        viewer: who asks, as a reader.
        actor: who asks.
        case: reference or id of the violation.
        expected: the right answer.

    Raises:
        CaseNotFound: absent, or not for this person.
        NotForRole: only supervisors place them.
        ReviewRefused: no violation, decided, being read, or placed already.
    """
    if actor.role not in PLACING_ROLES:
        raise NotForRole
    row = lock_case(session, case_for(session, viewer, case, purpose="known answer").id)
    fresh = row.kind == CaseKind.VIOLATION.value and row.state == WAITING and not standing(session, row.id)
    if not fresh or session.get(KnownAnswerRow, row.id) is not None:
        raise ReviewRefused("review.known.refused")
    session.add(
        KnownAnswerRow(
            case_id=row.id,
            expected=expected,
            placed_by=actor.id,
            placed_by_name=actor.name,
            placed_at=now(session),
        )
    )
    session.flush()
    return row


def close(session: Session, case_id: UUID) -> None:
    """Take a case out of the queue when enough officers have read it: rejected, in the name of whoever placed it."""
    placed = session.get_one(KnownAnswerRow, case_id)
    who = Actor(placed.placed_by, placed.placed_by_name, "supervisor")
    body = {"reason": {"id": "known_answer", "names": NAMES}}
    append(session, case_id, "rejected", actor=who, body=body, audience=Audience.INTERNAL)
