"""An officer's decision on a violation. Nothing else in the office approves or rejects; the machine never does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from api.jurisdiction.loading import jurisdictions_of
from api.review import leases, seeing
from api.review.errors import AlreadyDecided, CannotBeTicketed, LeaseLost, NotForRole, ReasonNeeded
from api.store.kinds import Actor, Audience
from api.store.reading import Viewer, case_for
from api.store.service import append, events_of, lock_case
from api.store.tables import CaseRow, EventRow

DECIDING_ROLES = frozenset({"officer", "supervisor"})
WAITING = "awaiting_review"


class IssueTicket(Protocol):
    """What makes a ticket of an approved violation (`api.tickets.service.issue_ticket`)."""

    def __call__(self, session: Session, *, violation_case: CaseRow, officer: Actor) -> CaseRow:
        """Open the ticket."""
        ...


@dataclass(frozen=True)
class Judge:
    """Who decides, from which server session.

    Attributes:
        actor: the officer, by name.
        viewer: the officer as a reader of cases.
        session_id: hash of the sign-in: what another session saw does not count.
    """

    actor: Actor
    viewer: Viewer
    session_id: str


@dataclass(frozen=True)
class Outcome:
    """What was decided.

    Attributes:
        case: the violation.
        decision: `approved` or `rejected`.
        ticket: the ticket that was opened; None for a rejection.
        repeated: the same officer sent the same decision twice; nothing happened the second time.
    """

    case: CaseRow
    decision: str
    ticket: CaseRow | None = None
    repeated: bool = False


def decided_by(session: Session, case_id: UUID) -> EventRow | None:
    """The event that decided a violation; None while it waits."""
    found = [event for event in events_of(session, case_id) if event.type in {"approved", "rejected"}]
    return found[-1] if found else None


def decide(
    session: Session,
    judge: Judge,
    case_id: UUID,
    *,
    decision: Literal["approve", "reject"],
    reason_id: str | None,
    blocked: str | None,
    roles: frozenset[str],
    issue_ticket: IssueTicket,
) -> Outcome:
    """Approve or reject a violation.

    Args:
        session: an open transaction; the caller commits.
        judge: who decides.
        case_id: the violation.
        decision: what is decided.
        reason_id: of the jurisdiction's closed list; for a rejection.
        blocked: key of the sentence why no ticket can come of it; None when one can.
        roles: roles of the package's members.
        issue_ticket: makes the ticket.

    Raises:
        CaseNotFound: absent, or not for this officer.
        NotForRole: the role reads only.
        AlreadyDecided: somebody decided before; names who.
        LeaseLost: the case is not on this officer's desk.
        EvidenceUnseen: clip or offence still, or the plate's crop, was not shown to this session, or too briefly.
        CannotBeTicketed: approved without a plate, an owner or an article.
        ReasonNeeded: rejected without a reason of the list.
    """
    if judge.actor.role not in DECIDING_ROLES:
        raise NotForRole
    case_for(session, judge.viewer, case_id, purpose="decide")
    row = lock_case(session, case_id)
    event_type = "approved" if decision == "approve" else "rejected"
    if row.state != WAITING:
        return _second_time(session, judge, row, event_type)
    _require_lease(session, judge, case_id)
    looked = seeing.readiness(session, case_id=case_id, viewer=judge.actor, session_id=judge.session_id, roles=roles)
    seeing.require(looked)
    body: dict[str, object] = {
        "seen": {what: at.isoformat() for what, at in sorted(looked.shown.items())},
        "dwell_s": round(looked.dwell.total_seconds(), 1),
    }
    ticket: CaseRow | None = None
    if decision == "approve":
        if blocked is not None:
            raise CannotBeTicketed(blocked)
        append(session, case_id, event_type, actor=judge.actor, body=body, audience=Audience.INTERNAL)
        ticket = issue_ticket(session, violation_case=row, officer=judge.actor)
    else:
        reason = jurisdictions_of(session)[row.jurisdiction].reject_reason(reason_id or "")
        if reason is None:
            raise ReasonNeeded("review.reason_needed")
        body["reason"] = {"id": reason.id, "names": reason.names.model_dump()}
        append(session, case_id, event_type, actor=judge.actor, body=body, audience=Audience.INTERNAL)
    leases.release(session, case_id, judge.actor)
    return Outcome(row, event_type, ticket)


def skip(session: Session, judge: Judge, case_id: UUID) -> CaseRow:
    """Put a violation back into the queue, for somebody else or for later. Contests and complaints are only put down.

    Raises:
        CaseNotFound: absent, or not for this officer.
        NotForRole: the role reads only.
    """
    row = case_for(session, judge.viewer, case_id, purpose="skip")
    held = leases.holder(session, case_id)
    if held is None or held.user_id != judge.actor.id:
        return row
    if row.state == WAITING and judge.actor.role in DECIDING_ROLES:
        append(session, case_id, "skipped", actor=judge.actor, body={}, audience=Audience.INTERNAL)
    leases.release(session, case_id, judge.actor)
    return row


def _second_time(session: Session, judge: Judge, row: CaseRow, event_type: str) -> Outcome:
    event = decided_by(session, row.id)
    if event is not None and event.actor_id == judge.actor.id and event.type == event_type:
        return Outcome(row, event_type, repeated=True)
    who, at = (event.actor_name, event.at) if event is not None else ("?", row.opened_at)
    raise already(event.type if event is not None else row.state, who, at)


def already(outcome: str, name: str, at: datetime) -> AlreadyDecided:
    """The error that says who decided."""
    return AlreadyDecided("review.already_decided", outcome=outcome, name=name, at=at.isoformat(timespec="minutes"))


def _require_lease(session: Session, judge: Judge, case_id: UUID) -> None:
    held = leases.holder(session, case_id)
    if held is None:
        raise LeaseLost("review.lease_expired")
    if held.user_id != judge.actor.id:
        raise LeaseLost("review.held_by_other", name=held.user_name)
