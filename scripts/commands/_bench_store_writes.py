"""What is written, measured: leases by many reviewers, intake, the sweep; and whether the chains still hold."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import func, select

from api.audit.verifying import Audit, steady
from api.database import Database
from api.review.queue import take_next
from api.store.errors import ChainBroken
from api.store.hashing import iso_utc
from api.store.kinds import Actor, Audience, CaseKind
from api.store.reading import Viewer
from api.store.service import open_case, verify_chain
from api.store.sweeping import sweep_due
from api.store.tables import CaseRow, ClockRow
from scripts.commands._bench_load import throughput

if TYPE_CHECKING:
    from scripts.commands._bench_store import Bench

_REVIEWERS: Final = 32
_WRITERS: Final = 8
_SECONDS: Final = 8.0
_FULL_AUDIT: Final = 250_000
_SAMPLE: Final = 5_000
_CAMERA: Final = Actor("cam-0000", "Jl. Contoh 0", "camera")


def measure(bench: Bench) -> None:
    """Rows of everything that is written."""
    _leases(bench)
    _intake(bench)
    _sweep(bench)


def _leases(bench: Bench) -> None:
    url, jurisdictions = bench.app, bench.database.jurisdictions

    def ours(number: int, done: Callable[[], bool]) -> None:
        database = Database(url, jurisdictions=jurisdictions)
        officer = Actor(f"reviewer-{number}", f"Petugas {number}", "officer")
        viewer = Viewer.staff(officer)
        while True:
            with database.session() as session:
                if take_next(session, viewer, officer) is None:
                    return
            if not done():
                return

    def theirs(number: int, done: Callable[[], bool]) -> None:
        with psycopg.connect(url) as connection:
            while True:
                taken = connection.execute(
                    "UPDATE review_work SET user_id = %s, user_name = 'x', taken_at = now(),"
                    " until = now() + interval '900 s' WHERE case_id = (SELECT case_id FROM review_work"
                    " WHERE user_id IS NULL AND rests_until IS NULL"
                    " ORDER BY due_day, case_id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING case_id",
                    (f"reviewer-{number}",),
                ).fetchone()
                connection.commit()
                if taken is None or not done():
                    return

    reached = {}
    for name, work in (("theirs", theirs), ("ours", ours)):
        _clear_desks(bench)
        reached[name] = throughput(work, workers=_REVIEWERS, seconds=_SECONDS)
    _clear_desks(bench)
    mine = reached["ours"]
    bench.add(
        f"leases with {_REVIEWERS} reviewers",
        mine.per_s,
        reached["theirs"].per_s,
        "leases/s",
        mine.n,
        floor=1000,
        remark=f"first quarter {mine.first_per_s}/s, last quarter {mine.last_per_s}/s; random by day, one statement",
    )
    bench.add(
        "leases, last quarter over first",
        round(mine.last_per_s / mine.first_per_s, 2) if mine.first_per_s else 0.0,
        round(reached["theirs"].last_per_s / reached["theirs"].first_per_s, 2)
        if reached["theirs"].first_per_s
        else None,
        "of the rate/s",
        mine.n,
        floor=0.9,
        remark="1: no decay",
    )


def _clear_desks(bench: Bench) -> None:
    with psycopg.connect(bench.superuser, autocommit=True) as connection:
        connection.execute(
            "UPDATE review_work SET user_id = NULL, user_name = NULL, taken_at = NULL, until = NULL"
            " WHERE user_id IS NOT NULL"
        )
        connection.execute("VACUUM ANALYZE review_work")


def _intake(bench: Bench) -> None:
    url, jurisdictions = bench.app, bench.database.jurisdictions
    agency = jurisdictions.first.enforcement_agency

    def ours(number: int, done: Callable[[], bool]) -> None:
        database = Database(url, jurisdictions=jurisdictions)
        while True:
            with database.session() as session:
                open_case(
                    session,
                    CaseKind.VIOLATION,
                    jurisdiction=jurisdictions.first,
                    actor=_CAMERA,
                    body={"offence": "bus_lane", "writer": number},
                    audience=Audience.INTERNAL,
                    agency=agency,
                    subject=_subject(number),
                )
            if not done():
                return

    def theirs(number: int, done: Callable[[], bool]) -> None:
        with psycopg.connect(url) as connection:
            while True:
                _plain_intake(connection, number)
                connection.commit()
                if not done():
                    return

    with psycopg.connect(bench.superuser, autocommit=True) as connection:
        for table in ("cases", "events", "clocks"):
            connection.execute(f"DROP TABLE IF EXISTS plain_{table}")
            connection.execute(
                f"CREATE TABLE plain_{table} (LIKE {table} INCLUDING INDEXES INCLUDING DEFAULTS INCLUDING IDENTITY)"
            )
            connection.execute(f"GRANT ALL ON plain_{table} TO tertib_app")
    plain = throughput(theirs, workers=_WRITERS, seconds=_SECONDS)
    mine = throughput(ours, workers=_WRITERS, seconds=_SECONDS)
    with psycopg.connect(bench.superuser, autocommit=True) as connection:
        for table in ("cases", "events", "clocks"):
            connection.execute(f"DROP TABLE plain_{table}")
    bench.add(
        f"intake without media, {_WRITERS} writers",
        mine.per_s,
        plain.per_s,
        "cases/s",
        mine.n,
        floor=1000,
        remark="case, event with its hash, clock and work item; plain: three inserts, no trigger, no deadline, no lock",
    )


def _subject(number: int) -> dict[str, object]:
    return {
        "plate": f"H{number + 1}AB",
        "offence": "bus_lane",
        "occurred_at": iso_utc(datetime.now(UTC) - timedelta(minutes=5)),
        "camera_id": _CAMERA.id,
        "place": _CAMERA.name,
        "vehicle_class": "car",
        "doubts": 0,
    }


def _plain_intake(connection: psycopg.Connection, number: int) -> None:
    case_id, at = uuid.uuid4(), datetime.now(UTC)
    head = hashlib.sha256(case_id.bytes).hexdigest()
    connection.execute(
        "INSERT INTO plain_cases (id, reference, kind, jurisdiction, agency, opened_at, subject, state, event_count,"
        " head_sha256) VALUES (%s, %s, 'violation', 'jateng', 'ditlantas-jateng', %s, %s, 'awaiting_review', 1, %s)",
        (case_id, str(case_id), at, Jsonb(_subject(number)), head),
    )
    connection.execute(
        "INSERT INTO plain_events (case_id, number, at, type, actor_id, actor_name, actor_role, audience, body, sha256)"
        " VALUES (%s, 1, %s, 'opened', 'cam', 'Jl.', 'camera', 'internal', '{}', %s)",
        (case_id, at, head),
    )
    connection.execute(
        "INSERT INTO plain_clocks (id, case_id, name, policy_id, policy_version, stops_on, staff_only, anchor_at,"
        " started_at, due_at, started_by, explain_id, explain_en)"
        " VALUES (%s, %s, 'review', 'review', 1, '[]', true, %s, %s, %s, 1, '', '')",
        (uuid.uuid4(), case_id, at, at, at + timedelta(days=3)),
    )


def _sweep(bench: Bench) -> None:
    """The clock is put so that exactly so many deadlines have passed; what was swept is rolled back."""
    took: dict[int, float] = {}
    open_clocks = 0
    for due in (0, 100, 1000):
        with bench.database.open_session() as session:
            running = (ClockRow.stopped_at.is_(None), ClockRow.next_at.is_not(None))
            open_clocks = session.scalar(select(func.count()).where(*running)) or 0
            nth = select(ClockRow.next_at).where(*running).order_by(ClockRow.next_at).offset(due).limit(1)
            moment = session.scalar(nth)
            if moment is None:
                session.rollback()
                continue
            began = time.perf_counter()
            sweep_due(session, moment, limit=due + 100)
            took[due] = time.perf_counter() - began
            session.rollback()
    if 1000 in took and 100 in took:
        bench.add(
            "sweep, a passed deadline",
            round(1000 * (took[1000] - took[0]) / 1000, 3),
            round(1000 * (took[100] - took[0]) / 100, 3),
            "ms",
            1000,
            remark=f"opponent: the same with 100 due instead of 1000; nothing due: {1000 * took[0]:.1f} ms with"
            f" {open_clocks} open: the cost follows what is due",
        )


def verify(bench: Bench) -> dict[str, Any]:
    """Whether the store is as true after the load as before: all of it, or at size a sample of its chains."""
    with bench.database.session() as session:
        steady(session)
        cases = session.scalar(select(func.count()).select_from(CaseRow)) or 0
        if cases <= _FULL_AUDIT:
            audit = Audit(session)
            findings = sum(1 for _ in audit.findings())
            return {"how": "every case, as `tertib audit verify`", "cases": audit.cases, "findings": findings}
        broken = 0
        latest = select(CaseRow.id).order_by(CaseRow.opened_at.desc()).limit(_SAMPLE // 2)
        some = select(CaseRow.id).where(CaseRow.id >= uuid.uuid4()).order_by(CaseRow.id).limit(_SAMPLE // 2)
        ids = [*session.scalars(latest), *session.scalars(some)]
        for case_id in ids:
            try:
                verify_chain(session, case_id)
            except ChainBroken:
                broken += 1
        return {"how": "chains of a sample: the newest and a random run of ids", "cases": len(ids), "findings": broken}
