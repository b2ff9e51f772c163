"""An officer's decision on a violation. Nothing else in the office approves or rejects; the machine never does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.review import known, leases, pace, readings, seeing
from api.review.chance import chance_of
from api.review.errors import AlreadyDecided, CannotBeTicketed, LeaseLost, NotForRole, ReasonNeeded, UndoRefused
from api.review.leases import Lease
from api.review.readings import Decision
from api.review.tables import ReadingRow
from api.store.errors import CaseNotFound
from api.store.kinds import Actor, Audience, CaseKind
from api.store.reading import Viewer, case_for, log_view, readable_by
from api.store.service import append, events_of, lock_case
from api.store.tables import CaseRow, EventRow
from api.tickets.undoing import undo_decision

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
        ticket: the ticket that was opened; None for a rejection, and while a decision is not final.
        repeated: the same officer sent the same decision twice; nothing happened the second time.
        pending: somebody else reads it too before anything comes of it.
    """

    case: CaseRow
    decision: str
    ticket: CaseRow | None = None
    repeated: bool = False
    pending: bool = False


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

    A share of the decisions, drawn by lot, is read a second time by somebody who does not know the first answer; no
    ticket is issued before. Where the two differ, a supervisor decides.

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
        NotForRole: the role reads only, or a supervisor is wanted.
        AlreadyDecided: somebody decided before; names who.
        LeaseLost: the case is not on this officer's desk.
        EvidenceUnseen: clip or offence still, or the plate's crop, was not shown to this session, or too briefly.
        CannotBeTicketed: approved without a plate, an owner or an article.
        ReasonNeeded: rejected without a reason of the list.
    """
    if judge.actor.role not in DECIDING_ROLES:
        raise NotForRole
    readable = readable_by(judge.viewer).where(CaseRow.id == case_id).with_only_columns(CaseRow.id)
    if session.scalar(readable) is None:
        raise CaseNotFound
    # Locked before the look is written down: two who decide at once wait for each other, never in a circle.
    row = lock_case(session, case_id)
    log_view(session, judge.actor, case_id, "decide")
    event_type: Decision = "approved" if decision == "approve" else "rejected"
    mine = readings.own(session, case_id, judge.actor)
    if row.state != WAITING or mine is not None:
        return _second_time(session, judge, row, event_type, mine)
    lease = _require_lease(session, judge, case_id)
    _require_right_reader(session, judge, case_id)
    looked = seeing.readiness(session, case_id=case_id, viewer=judge.actor, session_id=judge.session_id, roles=roles)
    seeing.require(looked)
    if event_type == "approved" and blocked is not None:
        raise CannotBeTicketed(blocked)
    jurisdiction = jurisdictions_of(session)[row.jurisdiction]
    reason = None if event_type == "approved" else jurisdiction.reject_reason(reason_id or "")
    if event_type == "rejected" and reason is None:
        raise ReasonNeeded("review.reason_needed")
    moment = now(session)
    policy = jurisdiction.review_policy(moment)
    said = readings.Said(event_type, None if reason is None else reason.id)
    reading = readings.record(session, row, judge.actor, said, lease=lease, looked=looked, moment=moment)
    pace.watch(session, reading, judge.actor, policy)
    follows, so_far = readings.what_follows(session, reading, policy, chance_of(session))
    match follows:
        case readings.Next.KNOWN:
            readings.want_reader(session, case_id, readings.FIRST)
        case readings.Next.KNOWN_OVER:
            known.close(session, case_id)
        case readings.Next.SECOND:
            readings.want_reader(session, case_id, readings.SECOND)
        case readings.Next.SUPERVISOR:
            readings.want_reader(session, case_id, leases.SUPERVISORS)
        case readings.Next.FINAL:
            ticket = _make_final(session, row, judge.actor, reading, so_far, issue_ticket)
            return Outcome(row, event_type, ticket)
    return Outcome(row, event_type, pending=True)


def _make_final(
    session: Session,
    row: CaseRow,
    officer: Actor,
    reading: ReadingRow,
    so_far: list[ReadingRow],
    issue_ticket: IssueTicket,
) -> CaseRow | None:
    """The event of the decision, and the ticket that comes of an approval. The case leaves the queue by its state."""
    for earlier in so_far[1:2]:
        agrees = earlier.decision == so_far[0].decision
        append(
            session,
            row.id,
            "second_read",
            actor=officer,
            body={
                "reader": earlier.user_name,
                "decision": earlier.decision,
                "agrees": agrees,
                "number": earlier.number,
            },
            audience=Audience.INTERNAL,
        )
    body: dict[str, object] = {"seen": reading.seen, "dwell_s": reading.dwell_s}
    if len(so_far) > 1:
        body["readings"] = readings.told(so_far)
    if reading.reason_id is not None:
        reason = jurisdictions_of(session)[row.jurisdiction].reject_reason(reading.reason_id)
        body["reason"] = {"id": reading.reason_id, "names": {} if reason is None else reason.names.model_dump()}
    append(session, row.id, reading.decision, actor=officer, body=body, audience=Audience.INTERNAL)
    return issue_ticket(session, violation_case=row, officer=officer) if reading.decision == "approved" else None


def undo(session: Session, judge: Judge, case_id: UUID) -> CaseRow:
    """Take one's own decision back within the policy's window: the case is on one's desk again, as if unread.

    Raises:
        CaseNotFound: absent, or not for this officer.
        NotForRole: the role reads only.
        UndoRefused: nothing of one's own to take back, too late, or somebody has read it since.
        IllegalTransition, FinalAlready: the ticket has gone on, or the window is over.
    """
    if judge.actor.role not in DECIDING_ROLES:
        raise NotForRole
    case_for(session, judge.viewer, case_id, purpose="undo")
    row = lock_case(session, case_id)
    mine = readings.own(session, case_id, judge.actor)
    if mine is None:
        raise UndoRefused("review.undo.nothing")
    moment = now(session)
    if row.state == WAITING:
        window_s = jurisdictions_of(session)[row.jurisdiction].undo_window_s(CaseKind.VIOLATION, mine.decision, moment)
        if moment > mine.at + timedelta(seconds=window_s):
            raise UndoRefused("review.undo.late")
        if len(readings.standing(session, case_id)) > 1 or leases.holder(session, case_id) is not None:
            raise UndoRefused("review.undo.read_since")
        # Who was the second reader's to be finds no trace of an answer in it.
        append(session, case_id, "note", actor=judge.actor, body={"review": "undone"}, audience=Audience.INTERNAL)
    else:
        undo_decision(session, case_id, actor=judge.actor)
    for one in reversed(readings.standing(session, case_id)):
        if one.number >= mine.number:
            readings.withdraw(session, one, moment)
    readings.want_reader(session, case_id, min(mine.number, leases.SUPERVISORS))
    leases.take(session, case_id, judge.actor)
    return row


def undo_until(session: Session, judge: Judge, case: CaseRow) -> datetime | None:
    """Until when this officer may take the decision on a case back; None: there is nothing (more) to take back."""
    mine = readings.own(session, case.id, judge.actor)
    if mine is None:
        return None
    moment = now(session)
    if case.state == WAITING:
        window_s = jurisdictions_of(session)[case.jurisdiction].undo_window_s(CaseKind.VIOLATION, mine.decision, moment)
        until = mine.at + timedelta(seconds=window_s)
        free = len(readings.standing(session, case.id)) == 1 and leases.holder(session, case.id) is None
        return until if free and moment <= until else None
    event = decided_by(session, case.id)
    final = None if event is None or event.actor_id != judge.actor.id else event.data.get("final_at")
    ends = None if final is None else datetime.fromisoformat(final)
    return ends if ends is not None and moment <= ends and case.state in {"approved", "rejected"} else None


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


def _second_time(session: Session, judge: Judge, row: CaseRow, event_type: str, mine: ReadingRow | None) -> Outcome:
    event = decided_by(session, row.id)
    if mine is not None and mine.decision == event_type:
        return Outcome(row, event_type, repeated=True, pending=row.state == WAITING)
    if event is not None and event.actor_id == judge.actor.id and event.type == event_type:
        return Outcome(row, event_type, repeated=True)
    if row.state == WAITING and mine is not None:
        raise already(mine.decision, mine.user_name, mine.at)
    who, at = (event.actor_name, event.at) if event is not None else ("?", row.opened_at)
    raise already(event.type if event is not None else row.state, who, at)


def already(outcome: str, name: str, at: datetime) -> AlreadyDecided:
    """The error that says who decided."""
    return AlreadyDecided("review.already_decided", outcome=outcome, name=name, at=at.isoformat(timespec="minutes"))


def _require_lease(session: Session, judge: Judge, case_id: UUID) -> Lease:
    held = leases.holder(session, case_id)
    if held is None:
        raise LeaseLost("review.lease_expired")
    if held.user_id != judge.actor.id:
        raise LeaseLost("review.held_by_other", name=held.user_name)
    return held


def _require_right_reader(session: Session, judge: Judge, case_id: UUID) -> None:
    wanted = readings.wanted_reading(session, case_id)
    if wanted == leases.SUPERVISORS and judge.actor.role != "supervisor":
        raise LeaseLost("review.supervisor_wanted")
