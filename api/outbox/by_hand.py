"""What people did by hand with messages: looked at one as it came, had one sent or handled again. Never commits."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import now
from api.outbox.tables import HandActionRow
from api.store.kinds import Actor

What = Literal["viewed", "sent_again", "handled_again"]


def write_down(session: Session, actor: Actor, entry: UUID, what: What, *, purpose: str = "") -> HandActionRow:
    """Write down what somebody did with an entry of the outbox or the inbox."""
    row = HandActionRow(
        entry_id=entry, at=now(session), user_id=actor.id, user_name=actor.name, what=what, purpose=purpose
    )
    session.add(row)
    session.flush()
    return row


def actions_of(session: Session, entry: UUID) -> list[HandActionRow]:
    """What was done by hand with an entry, the oldest first."""
    return list(
        session.scalars(select(HandActionRow).where(HandActionRow.entry_id == entry).order_by(HandActionRow.at))
    )
