"""Never decided unseen: what was sent to this very session since it took the case, and for how long it was there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.clock import now
from api.review.errors import EvidenceUnseen
from api.review.leases import Lease, holder
from api.review.tables import EvidenceViewRow
from api.store.kinds import Actor

MINIMUM_DWELL: Final = timedelta(seconds=3)
PAGE: Final = "page"
PLATE: Final = "plate"
# Either of these shows the offence itself.
PICTURES: Final = frozenset({"clip", "offence"})


@dataclass(frozen=True)
class Readiness:
    """Whether a session may decide now.

    Attributes:
        message: key of the sentence that says why not (or that it may).
        seconds: what is still missing of the shortest look.
        shown: parts of the evidence and when they were first sent, since the case was taken.
        dwell: how long picture and plate have been on the screen.
    """

    message: str
    seconds: int
    shown: dict[str, datetime]
    dwell: timedelta

    @property
    def ready(self) -> bool:
        """Whether the evidence was really shown."""
        return self.message == "review.wait.ready"


def record(
    session: Session, *, case_id: UUID, viewer: Actor, session_id: str, what: str, lease: Lease | None = None
) -> None:
    """Write down that a part of the evidence is being sent to a session; repeats within one lease only once."""
    if what in shown_since(session, case_id=case_id, viewer=viewer, session_id=session_id, lease=lease):
        return
    session.add(EvidenceViewRow(case_id=case_id, user_id=viewer.id, session_id=session_id, what=what, at=now(session)))
    session.flush()


def shown_since(
    session: Session, *, case_id: UUID, viewer: Actor, session_id: str, lease: Lease | None = None
) -> dict[str, datetime]:
    """Parts of the evidence that this session got since its officer took the case, with the first time of each.

    `lease`: the lease in force, where the caller has just read it; None: it is looked up.
    """
    lease = holder(session, case_id) if lease is None else lease
    if lease is None or lease.user_id != viewer.id:
        return {}
    query = (
        select(EvidenceViewRow.what, func.min(EvidenceViewRow.at))
        .where(
            EvidenceViewRow.case_id == case_id,
            EvidenceViewRow.user_id == viewer.id,
            EvidenceViewRow.session_id == session_id,
            EvidenceViewRow.at >= lease.taken_at,
        )
        .group_by(EvidenceViewRow.what)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def readiness(
    session: Session,
    *,
    case_id: UUID,
    viewer: Actor,
    session_id: str,
    roles: frozenset[str],
    lease: Lease | None = None,
) -> Readiness:
    """Whether this session may decide.

    Args:
        session: an open session.
        case_id: the case.
        viewer: the officer.
        session_id: the server session that asks; what another session of the same person saw does not count.
        roles: what the package holds (`clip`, `offence`, `plate`, ...): what is not there cannot be missing.
        lease: the lease in force, where the caller has just read it; None: it is looked up.
    """
    shown = shown_since(session, case_id=case_id, viewer=viewer, session_id=session_id, lease=lease)
    if PAGE not in shown:
        return Readiness("review.wait.page", 0, shown, timedelta())
    pictures = [shown[what] for what in PICTURES if what in shown]
    if not pictures and roles & PICTURES:
        return Readiness("review.wait.picture", 0, shown, timedelta())
    if PLATE in roles and PLATE not in shown:
        return Readiness("review.wait.plate", 0, shown, timedelta())
    since = max([shown[PAGE], *([min(pictures)] if pictures else []), *([shown[PLATE]] if PLATE in shown else [])])
    dwell = now(session) - since
    if dwell < MINIMUM_DWELL:
        return Readiness("review.wait.dwell", max(1, ceil((MINIMUM_DWELL - dwell).total_seconds())), shown, dwell)
    return Readiness("review.wait.ready", 0, shown, dwell)


def require(looked: Readiness) -> None:
    """Refuse a decision on evidence that was not seen.

    Raises:
        EvidenceUnseen: with the sentence that says what to look at.
    """
    if not looked.ready:
        values: dict[str, object] = {"seconds": looked.seconds} if looked.message == "review.wait.dwell" else {}
        raise EvidenceUnseen(looked.message, **values)
