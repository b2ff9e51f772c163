"""Tables of the store. Events and views only grow; the state of a case is written by the database's own trigger."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, FetchedValue, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from api.base import Base
from api.store.kinds import Actor


class CaseRow(Base):
    """One thing that somebody must answer. `subject` is index data; what happened stands in the events."""

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint(
            "kind in ('violation', 'ticket', 'contest', 'complaint', 'correction', 'request', 'letter')", name="kind"
        ),
        Index("ix_cases_kind_state_opened_at", "kind", "state", "opened_at"),
        Index("ix_cases_plate", text("(subject ->> 'plate')")),
        Index(
            "ix_cases_listed",
            "opened_at",
            postgresql_where=text("kind = 'complaint' AND (subject ->> 'listed') = 'true'"),
        ),
        Index("ix_cases_parent_id", "parent_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    reference: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    jurisdiction: Mapped[str]
    agency: Mapped[str]
    opened_at: Mapped[datetime]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("cases.id"))
    subject: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    # Only the agency in charge and the auditors read it, however far somebody else's rights go.
    confidential: Mapped[bool] = mapped_column(server_default=text("false"))
    # Written by the database's trigger alone (the application's role has no grant on them).
    state: Mapped[str] = mapped_column(server_default="new")
    event_count: Mapped[int] = mapped_column(server_default="0")
    head_sha256: Mapped[str | None] = mapped_column(FetchedValue())


class EventRow(Base):
    """One event of a case: `body` holds the exact bytes that `sha256` covers, as canonical JSON text."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint("audience in ('public', 'party', 'internal')", name="audience"),
        CheckConstraint("number >= 1", name="number"),
        Index("ix_events_type_at", "type", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    type: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    actor_role: Mapped[str]
    audience: Mapped[str]
    body: Mapped[str]
    sha256: Mapped[str]
    previous_sha256: Mapped[str | None]

    @property
    def data(self) -> dict[str, Any]:
        """The body as values."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def actor(self) -> Actor:
        """Who did it."""
        return Actor(id=self.actor_id, name=self.actor_name, role=self.actor_role)


class ClockRow(Base):
    """One deadline of a case. `result` is frozen when the clock ends: late stays late.

    `due_at` is empty while it cannot be computed (no holidays published yet); the sweeper computes it later.
    `dropped`: it ended in time by something that neither keeps nor breaks it (the complaint was withdrawn).
    """

    __tablename__ = "clocks"
    __table_args__ = (
        UniqueConstraint("case_id", "name", "round"),
        CheckConstraint("result in ('running', 'on_time', 'late', 'dropped')", name="result"),
        CheckConstraint("(stopped_at is null) = (result = 'running')", name="ended"),
        Index("ix_clocks_due_at_running", "due_at", postgresql_where=text("stopped_at is null")),
        Index("ix_clocks_next_at", "next_at", postgresql_where=text("stopped_at is null and next_at is not null")),
        Index(
            "ix_clocks_working_days",
            "due_at",
            postgresql_where=text("stopped_at is null and counted_in = 'working_days'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    name: Mapped[str]
    round: Mapped[int] = mapped_column(server_default="1")
    policy_id: Mapped[str]
    policy_version: Mapped[int]
    # Copied from the policy: a later change of the file never changes what ends a clock that runs.
    stops_on: Mapped[list[str]] = mapped_column(JSONB)
    staff_only: Mapped[bool]
    anchor_at: Mapped[datetime]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    result: Mapped[str] = mapped_column(server_default="running")
    started_by: Mapped[int]
    stopped_by: Mapped[int | None]
    overdue_event: Mapped[int | None]
    # Copied as well: what ends it without a result, what counts it anew, what the system does when it is missed, what
    # holds it still.
    drops_on: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    restarts_on: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    then_types: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    pauses_on: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    resumes_on: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    # It stands still since then, and becomes due by no moment; empty: it runs.
    paused_at: Mapped[datetime | None]
    # How long it stood still before: working days where it counts in those, else seconds.
    paused_units: Mapped[int] = mapped_column(BigInteger, server_default="0")
    # Hours, days, years or working days: only the last may move. Empty in rows older than this column.
    counted_in: Mapped[str | None]
    # When the sweeper must look at it next (the deadline, then each rung of its ladder); empty: never.
    next_at: Mapped[datetime | None]
    # Copied from the policy, with how many rungs have been climbed.
    ladder: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    rung: Mapped[int] = mapped_column(server_default="0")
    explain_id: Mapped[str]
    explain_en: Mapped[str]

    def overdue_at(self, moment: datetime) -> bool:
        """Whether the deadline has passed at `moment` and nobody has answered yet."""
        running = self.stopped_at is None and self.paused_at is None
        return running and self.due_at is not None and moment > self.due_at


class CalendarRow(Base):
    """The holidays of a jurisdiction as its file held them when the office first saw them so. Only grows."""

    __tablename__ = "calendars"

    jurisdiction: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seen_at: Mapped[datetime]
    # ISO day -> name.
    days: Mapped[dict[str, str]] = mapped_column(JSONB)


class ViewRow(Base):
    """A member of staff looked at a case. Only grows."""

    __tablename__ = "views"
    __table_args__ = (Index("ix_views_case_id_at", "case_id", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"))
    at: Mapped[datetime]
    user_id: Mapped[str]
    user_name: Mapped[str]
    purpose: Mapped[str]


class TransitionRow(Base):
    """The transition tables as the database checks them; copied from `api.store.transitions` at start."""

    __tablename__ = "transitions"

    kind: Mapped[str] = mapped_column(primary_key=True)
    from_state: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    to_state: Mapped[str]
    # Who may, between spaces; empty: anybody.
    roles: Mapped[str] = mapped_column(server_default="")
    second_person: Mapped[bool] = mapped_column(server_default=text("false"))


class SecondPersonRuleRow(Base):
    """What needs two persons, as the database checks it; copied from `api.store.persons` at start."""

    __tablename__ = "second_person_rules"

    kind: Mapped[str] = mapped_column(primary_key=True)
    event_type: Mapped[str] = mapped_column(primary_key=True)
    first_type: Mapped[str] = mapped_column(primary_key=True)
    whose: Mapped[str] = mapped_column(primary_key=True)
    needed: Mapped[bool]
    since_type: Mapped[str]


class SecondPersonRow(Base):
    """Both persons of an event that needs two: written by the events' trigger, told apart by the constraint."""

    __tablename__ = "second_persons"
    __table_args__ = (CheckConstraint("first_person <> second_person", name="two_persons"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    first_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_person: Mapped[str]
    second_person: Mapped[str]


class BlockRow(Base):
    """A vehicle that is blocked for a ticket, or was: written by the events' trigger. At most one open a ticket."""

    __tablename__ = "blocks"
    __table_args__ = (
        CheckConstraint("(lifted_by is null) = (lifted_at is null)", name="lifted"),
        Index("uq_blocks_case_id_open", "case_id", unique=True, postgresql_where=text("lifted_at is null")),
        Index("ix_blocks_plate_open", "plate", postgresql_where=text("lifted_at is null")),
        Index("ix_blocks_blocked_at_open", "blocked_at", postgresql_where=text("lifted_at is null")),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    plate: Mapped[str]
    blocked_at: Mapped[datetime]
    lifted_by: Mapped[int | None]
    lifted_at: Mapped[datetime | None]
