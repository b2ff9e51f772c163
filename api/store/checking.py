"""What an event must meet besides its place in the table: who acts, the second person, and the rules of a block.

The database's trigger checks all of it again (migration 0302): here it is said in a sentence, there it holds.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.store.errors import BlockRefused, FinalAlready, NotFinalYet, RoleRefused, SecondPersonNeeded
from api.store.kinds import Actor, CaseKind
from api.store.lives import BLOCKED
from api.store.persons import ROLES_OF, SecondPerson, second_persons_for
from api.store.tables import CaseRow, EventRow

# What an owner would get to see, or feel, of a decision that may still be undone.
LEAVES_THE_OFFICE = frozenset({"notice_sent", "letter_sent", "message_sent"})
# A contest in any other state is open.
CONTEST_OVER = frozenset({"answered", "closed"})


def check(session: Session, row: CaseRow, event_type: str, *, actor: Actor, at: datetime) -> None:
    """Refuse an event that may stand in the case's state, but not from this person or not now.

    Args:
        session: an open transaction that holds the case's lock.
        row: the case as it is.
        event_type: the event that is about to be appended; its transition was checked.
        actor: who acts.
        at: when.

    Raises:
        RoleRefused: it is for other roles.
        SecondPersonNeeded: the same person would act twice, or nobody has proposed it.
        BlockRefused: a block during a contest, or a contest during a block.
        NotFinalYet: something would leave the office although the decision can be undone.
        FinalAlready: a decision would be undone too late, or by somebody else.
    """
    kind = CaseKind(row.kind)
    roles = ROLES_OF.get((kind, event_type))
    if roles is not None and actor.role not in roles:
        raise RoleRefused(row.kind, event_type, actor.role, roles)
    if actor.is_staff:
        for rule in second_persons_for(kind, event_type):
            _check_second_person(session, row, rule, actor)
    if kind is CaseKind.TICKET:
        _check_ticket(session, row, event_type, at)
    elif kind is CaseKind.CONTEST and event_type in {"opened", "reopened"} and row.parent_id is not None:
        _check_not_blocked(session, row.parent_id)
    elif kind is CaseKind.VIOLATION and event_type == "undone":
        _check_undoing(session, row, actor, at)


def _whose(session: Session, row: CaseRow, rule: SecondPerson) -> UUID | None:
    if rule.whose == "case":
        return row.id
    if rule.whose == "parent" or row.parent_id is None:
        return row.parent_id
    return session.scalar(select(CaseRow.parent_id).where(CaseRow.id == row.parent_id))


def _check_second_person(session: Session, row: CaseRow, rule: SecondPerson, actor: Actor) -> None:
    case_id = _whose(session, row, rule)
    if case_id is None:
        return
    query = select(EventRow.number, EventRow.actor_id, EventRow.actor_name).where(EventRow.case_id == case_id)
    after = 0
    if rule.since:
        last = query.where(EventRow.type == rule.since).order_by(EventRow.number.desc()).limit(1)
        after = (session.execute(last).first() or (0,))[0]
    firsts = session.execute(query.where(EventRow.type == rule.first, EventRow.number > after)).all()
    others = [one for one in firsts if one.actor_id != actor.id]
    if rule.needed and not firsts:
        raise SecondPersonNeeded(
            f"{rule.event!r} needs two persons: let somebody propose it first ({rule.first!r}).", first=rule.first
        )
    if rule.needed and not others:
        raise SecondPersonNeeded(f"You proposed this yourself ({rule.first!r}): somebody else must do it.")
    if not rule.needed and len(others) < len(firsts):
        raise SecondPersonNeeded(
            f"{rule.event!r} must come from another person than {rule.first!r}, which was you: ask a colleague.",
            first=rule.first,
        )


def open_contest_of(session: Session, ticket_id: UUID) -> str | None:
    """The reference of a ticket's open contest; None when there is none."""
    return session.scalar(
        select(CaseRow.reference).where(
            CaseRow.parent_id == ticket_id,
            CaseRow.kind == CaseKind.CONTEST.value,
            CaseRow.state.not_in(CONTEST_OVER),
        )
    )


def final_at(session: Session, violation_id: UUID) -> datetime | None:
    """When the last decision on a violation is final; None when it is at once, or nothing was decided."""
    decided = session.scalars(
        select(EventRow)
        .where(EventRow.case_id == violation_id, EventRow.type.in_(("approved", "rejected")))
        .order_by(EventRow.number.desc())
        .limit(1)
    ).one_or_none()
    held = None if decided is None else decided.data.get("final_at")
    return None if held is None else datetime.fromisoformat(held)


def _check_ticket(session: Session, row: CaseRow, event_type: str, at: datetime) -> None:
    if event_type == "blocked":
        contest = open_contest_of(session, row.id)
        if contest is not None:
            raise BlockRefused(f"Contest {contest} is open: no vehicle is blocked while its contest is open.")
    elif event_type in LEAVES_THE_OFFICE and row.parent_id is not None:
        final = final_at(session, row.parent_id)
        if final is not None and at < final:
            raise NotFinalYet(
                f"The decision can still be undone until {final.isoformat(timespec='seconds')}: send it after that.",
                final_at=final.isoformat(),
            )
    elif event_type == "withdrawn":
        state = session.scalar(select(CaseRow.state).where(CaseRow.id == row.parent_id))
        if state != "awaiting_review":
            raise FinalAlready("A ticket is withdrawn only when its decision is undone: cancel it instead.")


def _check_not_blocked(session: Session, ticket_id: UUID) -> None:
    if session.scalar(select(CaseRow.state).where(CaseRow.id == ticket_id).with_for_update()) in BLOCKED:
        raise BlockRefused("The vehicle is blocked for this ticket: lift the block first, then the contest opens.")


def _check_undoing(session: Session, row: CaseRow, actor: Actor, at: datetime) -> None:
    decided = session.scalars(
        select(EventRow)
        .where(EventRow.case_id == row.id, EventRow.type.in_(("approved", "rejected")))
        .order_by(EventRow.number.desc())
        .limit(1)
    ).one()
    if decided.actor_id != actor.id:
        raise FinalAlready(f"{decided.actor_name} decided this: only whoever decided can undo it.")
    final = decided.data.get("final_at")
    if final is None or at > datetime.fromisoformat(final):
        raise FinalAlready("The time to undo this decision is over: it is final.")
