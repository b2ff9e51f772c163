"""The owner confirms: who drove, or that the vehicle is not theirs. Confirming is not admitting. Never commits."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from api.contests.service import owner_of
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow, EventRow
from api.tickets.blocking import lift, was_silence


class Choice(StrEnum):
    """What an owner can say of the vehicle."""

    MINE_I_DROVE = "mine_i_drove"
    MINE_OTHER_DROVE = "mine_other_drove"
    SOLD = "sold"
    NEVER_MINE = "never_mine"


# Who says so denies that the ticket is theirs: the page then points at the contest.
DENIALS = frozenset({Choice.SOLD, Choice.NEVER_MINE})


def can_confirm(session: Session, ticket: CaseRow) -> bool:
    """Whether the owner has not said yet who drove, and may: also to a block that stands for the silence."""
    if ticket.state in {"issued", "notified", "silent"}:
        return True
    return ticket.state in {"blocked", "due"} and was_silence(session, ticket)


def confirm(session: Session, *, ticket: CaseRow, choice: Choice, driver: str | None) -> EventRow:
    """Write down what the owner says; the confirmation clock ends, and a block that stood for silence is lifted.

    Who says that the vehicle was sold or never theirs has `denied`: no clock blocks it, a person looks.

    Args:
        session: an open transaction; never committed here.
        ticket: the ticket, from the one door.
        choice: who drove, or whose it is.
        driver: who drove, when another did; cleaned and bounded.

    Raises:
        IllegalTransition: the ticket was confirmed, contested, cancelled or paid before.
    """
    body = {"choice": choice.value, "driver": driver if choice is Choice.MINE_OTHER_DROVE else None}
    event_type = "denied" if choice in DENIALS else "confirmed"
    if was_silence(session, ticket):
        lift(session, ticket.id, because="confirmed")
    return append(session, ticket.id, event_type, actor=owner_of(ticket), body=body, audience=Audience.PARTY)
