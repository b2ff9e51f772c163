"""A case as its followers see it, read in one question: the page that more people ask for than any other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, and_, bindparam, false, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from api.database import Database
from api.plain_sql import Plain, ask_alone
from api.store.errors import CaseNotFound
from api.store.kinds import Audience
from api.store.reading import Viewer, door
from api.store.references import parse_reference
from api.store.tables import CaseRow, ClockRow, EventRow

_CASE: Final = ("id", "reference", "kind", "jurisdiction", "agency", "opened_at", "state", "event_count")


@dataclass(frozen=True)
class Told:
    """An event that this follower may read."""

    at: datetime
    type: str
    actor_name: str
    actor_role: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Promised:
    """A clock of the case."""

    name: str
    round: int
    due_at: datetime | None
    stopped_at: datetime | None
    explain_id: str
    explain_en: str


@dataclass(frozen=True)
class Followed:
    """A case, what was told of it so far, and what is promised.

    Attributes:
        now: the database's time when it was read.
        events: in order; what this follower may not read is not there.
        clocks: the oldest first.
    """

    id: UUID
    reference: str
    kind: str
    jurisdiction: str
    agency: str
    opened_at: datetime
    state: str
    event_count: int
    now: datetime
    events: tuple[Told, ...]
    clocks: tuple[Promised, ...]


def follow(database: Database, viewer: Viewer, typed: str) -> Followed:
    """The case with a reference, for the public or for its party: a look that nobody has to answer for.

    Args:
        database: asked once, in no transaction.
        viewer: anybody, or the party of a case; members of staff go through `reading.case_for`, which logs the look.
        typed: the reference as people type it.

    Raises:
        CaseNotFound: absent, or not for this viewer; the two are not told apart.
        ValueError: a member of staff.
    """
    if viewer.actor is not None:
        message = "a look by staff is logged: ask reading.case_for"
        raise ValueError(message)
    reference = parse_reference(typed)
    rows = [] if reference is None else ask_alone(database.engine, _question(viewer), {"reference": reference})
    if not rows:
        raise CaseNotFound
    *facts, moment, events, clocks = rows[0]
    columns: dict[str, Any] = dict(zip(_CASE, facts, strict=True))
    return Followed(
        **columns,
        now=moment + database.clock.offset,
        events=tuple(
            Told(_moment(at), sort, name, role, json.loads(body)) for at, sort, name, role, body in events or ()
        ),
        clocks=tuple(
            Promised(name, turn, due and _moment(due), stopped and _moment(stopped), *how)
            for name, turn, due, stopped, *how in clocks or ()
        ),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@lru_cache(maxsize=1024)
def _question(viewer: Viewer) -> Plain:
    """Case, events and clocks through the one door, put together once for each viewer."""
    reference = bindparam("reference", type_=Text())
    party: ColumnElement[bool] = false()
    if viewer.party_case_id is not None:
        theirs = or_(CaseRow.id == viewer.party_case_id, CaseRow.parent_id == viewer.party_case_id)
        party = and_(EventRow.audience == Audience.PARTY.value, theirs)
    event = func.json_build_array(EventRow.at, EventRow.type, EventRow.actor_name, EventRow.actor_role, EventRow.body)
    clock = func.json_build_array(
        ClockRow.name, ClockRow.round, ClockRow.due_at, ClockRow.stopped_at, ClockRow.explain_id, ClockRow.explain_en
    )
    events = select(func.json_agg(aggregate_order_by(event, EventRow.number))).where(
        EventRow.case_id == CaseRow.id, or_(EventRow.audience == Audience.PUBLIC.value, party)
    )
    clocks = select(func.json_agg(aggregate_order_by(clock, ClockRow.started_at, ClockRow.name))).where(
        ClockRow.case_id == CaseRow.id
    )
    return Plain.of(
        select(
            *(getattr(CaseRow, name) for name in _CASE),
            func.clock_timestamp(),
            events.scalar_subquery(),
            clocks.scalar_subquery(),
        ).where(door(viewer, reference), CaseRow.reference == reference)
    )
