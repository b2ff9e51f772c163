"""From an approved violation to a ticket: the decisions, without a commit.

Callers pass a session and end the transaction themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.problems import Unprocessable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from api.store.kinds import Actor
    from api.store.tables import CaseRow


class TicketRefused(Unprocessable):
    """A violation cannot become a ticket as it stands; the sentence says why and what the officer can do."""


def issue_ticket(session: Session, *, violation_case: CaseRow, officer: Actor) -> CaseRow:
    """Open the ticket that belongs to an approved violation.

    Args:
        session: an open session; nothing is committed here.
        violation_case: the violation that the officer approved.
        officer: the named officer who answers for the decision; printed on the notice.

    Returns:
        The ticket case; the same one when the violation already has a ticket.

    Raises:
        TicketRefused: no plate, no register match, grave doubts in the evidence, or no law for the offence's
            date.
    """
    raise NotImplementedError
