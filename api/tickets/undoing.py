"""Whoever decided on a violation takes it back within the policy's window, before anything leaves. Never commits."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.orm import Session

from api.clock import now
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, lock_case
from api.store.states import next_state
from api.store.tables import CaseRow
from api.tickets.service import ticket_of
from api.tickets.tables import TicketRow


def undo_decision(session: Session, violation_id: UUID, *, actor: Actor) -> CaseRow:
    """Undo an approval or a rejection: the violation waits again, and the ticket that came of it is withdrawn.

    Returns:
        The violation.

    Raises:
        CaseNotFound: no such case.
        IllegalTransition: nothing was decided, or the ticket has gone on (the owner has spoken or paid).
        FinalAlready: the window is over, or somebody else decided.
        RoleRefused: the role does not decide.
    """
    violation = lock_case(session, violation_id)
    next_state(CaseKind(violation.kind), violation.state, "undone")
    ticket = ticket_of(session, violation)
    append(session, violation.id, "undone", actor=actor, body={}, audience=Audience.INTERNAL)
    if ticket is not None:
        append(
            session,
            ticket.id,
            "withdrawn",
            actor=actor,
            body={"violation": violation.reference},
            audience=Audience.INTERNAL,
        )
        session.get_one(TicketRow, ticket.id).superseded_at = now(session)
        session.flush()
    return violation
