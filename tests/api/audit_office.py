"""An office with three cases and two published heads, for tests that tamper with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from api.audit.publishing import publish, statement
from api.audit.verifying import Audit
from api.clock import CLOCK_KEY, DatabaseClock, now
from api.database import APP_ROLE, OWNER_ROLE, Database
from api.jurisdiction.loading import JURISDICTIONS_KEY
from api.store.hashing import event_sha256
from api.store.kinds import Actor, Audience, CaseKind
from api.store.service import append, events_of, open_case
from api.store.tables import CaseRow
from tests.api.conftest import TEMPLATE

OFFICER = Actor(id="o", name="Rina", role="officer")
CITIZEN = Actor(id="citizen", name="Warga", role="citizen")


@dataclass
class Office:
    """Cases `a` and `b` with five events each, `young` with none that is published; two heads published and kept."""

    session: Session
    clock: DatabaseClock
    a: CaseRow = None
    b: CaseRow = None
    young: CaseRow = None
    kept: list[dict[str, Any]] = field(default_factory=list)

    def sql(self, statement_text: str, **values: object) -> None:
        self.session.execute(text(statement_text), values)
        self.session.expire_all()

    def found(self, **options: Any) -> list[tuple[str, str | None, int | None]]:
        self.session.expire_all()
        return [(one.what.value, one.case, one.event) for one in Audit(self.session, **options).findings()]

    def rechain(self, case: CaseRow, first: int = 1) -> None:
        """Write a case's hashes anew from an event on, so that its chain fits in itself."""
        self.session.expire_all()
        previous, number = None, 0
        for event in list(events_of(self.session, case.id)):
            number += 1
            digest = event.sha256
            if number >= first:
                digest = event_sha256(
                    case_id=case.id,
                    number=number,
                    at=event.at,
                    event_type=event.type,
                    actor=event.actor,
                    audience=Audience(event.audience),
                    body=event.body,
                    previous_sha256=previous,
                )
                self.sql(
                    "UPDATE events SET number = :n, sha256 = :s, previous_sha256 = :p WHERE id = :i",
                    n=number,
                    s=digest,
                    p=previous,
                    i=event.id,
                )
            previous = digest
        self.sql("UPDATE cases SET head_sha256 = :h, event_count = :n WHERE id = :i", h=previous, n=number, i=case.id)


def filled(database: Database) -> dict[str, Any]:
    """Fill a store and publish it twice; ids and kept heads."""
    made: dict[str, Any] = {"kept": []}

    def opened(name: str, *following: str) -> None:
        with database.session() as session:
            row = open_case(
                session,
                CaseKind.COMPLAINT,
                jurisdiction=database.jurisdictions["jateng"],
                actor=CITIZEN,
                body={"text": f"lampu {name} mati"},
                audience=Audience.PUBLIC,
                agency="dishub",
            )
            for event_type in following:
                append(session, row.id, event_type, actor=OFFICER, body={"of": name}, audience=Audience.PUBLIC)
            made[name] = row.id

    def published() -> None:
        with database.session() as session:
            made["kept"].append(json.loads(json.dumps(statement(publish(session, now(session))))))

    opened("a", "acknowledged", "message")
    opened("b", "message", "message")
    published()
    for name, event_type in (("a", "answered"), ("b", "answered"), ("a", "note"), ("b", "note")):
        with database.session() as session:
            append(session, made[name], event_type, actor=OFFICER, body={"of": name}, audience=Audience.PUBLIC)
    published()
    opened("young", "message")
    return made


@pytest.fixture(scope="module")
def tampered_database(cluster, jurisdictions) -> Iterator[tuple[str, dict[str, Any]]]:
    """One database for all tamperings: each is made in a transaction that is rolled back."""
    name = "t_audit"
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(TEMPLATE)
            )
        )
        database = Database(cluster.url(name, APP_ROLE), jurisdictions=jurisdictions)
        made = filled(database)
        database.close()
        yield name, made
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def audited_office(cluster, tampered_database, jurisdictions) -> Iterator[Office]:
    name, made = tampered_database
    engine = create_engine(cluster.url(name).replace("postgresql://", "postgresql+psycopg://"))
    clock = DatabaseClock()
    info = {CLOCK_KEY: clock, JURISDICTIONS_KEY: jurisdictions}
    with engine.connect() as connection, Session(connection, info=info) as session:
        session.execute(text("SET session_replication_role = replica"))
        cases = {one: session.get(CaseRow, made[one]) for one in ("a", "b", "young")}
        yield Office(session, clock, **cases, kept=made["kept"])
        session.rollback()
    engine.dispose()
