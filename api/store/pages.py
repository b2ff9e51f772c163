"""Lists of cases, a page at a time: each page goes on behind the last line of the one before (keyset), by an index."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.base import Base
from api.clock import now
from api.problems import BadRequest
from api.store.kinds import Actor, CaseKind
from api.store.reading import Viewer, readable_by
from api.store.tables import CaseRow
from pipeline.evidence.plate_number import PlateNumber

PAGE_SIZE: Final = 50
_MAX_LOGGED: Final = 200


class SearchRow(Base):
    """Somebody of the office looked for personal data, or got a list of it. Only grows."""

    __tablename__ = "searches"
    __table_args__ = (Index("ix_searches_user_id_at", "user_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[str]
    user_name: Mapped[str]
    what: Mapped[str]
    query: Mapped[str]
    purpose: Mapped[str]
    found: Mapped[int]


@dataclass(frozen=True)
class CasePage:
    """Some cases and, when there are more, the cursor of the next page."""

    cases: tuple[CaseRow, ...]
    older: str | None


def cursor_of(case: CaseRow) -> str:
    """Where the next page begins after this case."""
    text = f"{case.opened_at.isoformat()}|{case.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parse(cursor: str) -> tuple[datetime, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor[:200] + "=" * (-len(cursor) % 4)).decode()
        at, _, case_id = text.partition("|")
        moment = datetime.fromisoformat(at)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), UUID(case_id)
    except (ValueError, binascii.Error) as error:
        raise BadRequest("This page of the list does not exist: go back to its beginning.") from error


def log_search(session: Session, actor: Actor, what: str, query: str, *, purpose: str, found: int) -> None:
    """Write down who looked for what, and why."""
    session.add(
        SearchRow(
            at=now(session),
            user_id=actor.id,
            user_name=actor.name,
            what=what,
            query=query[:_MAX_LOGGED],
            purpose=purpose[:_MAX_LOGGED],
            found=found,
        )
    )
    session.flush()


def cases_of(
    session: Session, viewer: Viewer, kind: CaseKind, state: str, *, after: str | None = None, size: int = PAGE_SIZE
) -> CasePage:
    """Cases of a kind in a state that a viewer may read, the newest first.

    Raises:
        BadRequest: the cursor is none of ours.
    """
    query = readable_by(viewer).where(CaseRow.kind == kind.value, CaseRow.state == state)
    if after is not None:
        query = query.where(tuple_(CaseRow.opened_at, CaseRow.id) < _parse(after))
    query = query.order_by(CaseRow.opened_at.desc(), CaseRow.id.desc()).limit(size + 1)
    rows = list(session.scalars(query))
    return CasePage(tuple(rows[:size]), cursor_of(rows[size - 1]) if len(rows) > size else None)


def plain_plate(typed: str) -> str | None:
    """A plate in the one spelling that cases are indexed by; None when it cannot be one."""
    try:
        return PlateNumber.parse(typed).text
    except ValueError:
        return None


def cases_with_plate(
    session: Session, viewer: Viewer, plate: str, *, purpose: str, after: str | None = None, size: int = PAGE_SIZE
) -> CasePage:
    """Cases of a vehicle that a member of staff may read, the newest first. Each search is written down.

    Args:
        session: an open transaction.
        viewer: a member of staff; anybody else finds nothing.
        plate: as typed; blanks, dots and dashes do not matter.
        purpose: why it is looked for.
        after: the cursor of the page before.
        size: cases a page.

    Raises:
        BadRequest: the cursor is none of ours.
    """
    wanted = plain_plate(plate)
    rows: list[CaseRow] = []
    if wanted is not None and viewer.actor is not None:
        query = readable_by(viewer).where(CaseRow.subject["plate"].astext == wanted)
        if after is not None:
            query = query.where(tuple_(CaseRow.opened_at, CaseRow.id) < _parse(after))
        rows = list(session.scalars(query.order_by(CaseRow.opened_at.desc(), CaseRow.id.desc()).limit(size + 1)))
    if viewer.actor is not None:
        log_search(session, viewer.actor, "plate", wanted or plate, purpose=purpose, found=len(rows[:size]))
    return CasePage(tuple(rows[:size]), cursor_of(rows[size - 1]) if len(rows) > size else None)
