"""A page speaks of one moment; what waited for a lock asks anew; of several processes one sweeps at a time."""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import func, select

from api import app as office
from api.clock import CLOCK_KEY, DatabaseClock, now, read_once
from api.database import Database
from api.settings import Settings


def test_a_page_asks_for_the_time_once_and_a_writer_anew(database: Database) -> None:
    with database.session() as session:
        clock = DatabaseClock()
        session.info[CLOCK_KEY] = clock
        before = now(session)
        read_once(session)
        shown = now(session)
        clock.advance(timedelta(minutes=5))
        assert before < shown == now(session)
        written = now(session, fresh=True)
        assert written >= shown + timedelta(minutes=5)
        assert now(session) == written
    with database.session() as session:
        assert now(session) < now(session)


def test_one_process_sweeps_at_a_time_and_another_takes_over(database: Database, monkeypatch, tmp_path) -> None:
    swept = threading.Event()
    monkeypatch.setattr(office, "_sweep_all", lambda *_: swept.set())
    monkeypatch.setattr(office, "_tidy", lambda *_: None)
    stop = threading.Event()
    settings = Settings(home=tmp_path, sweep_seconds=0.05)
    with database.engine.connect() as other:
        assert other.execute(select(func.pg_try_advisory_lock(office._SWEEPER_LOCK))).scalar_one()
        thread = threading.Thread(target=office._sweep, args=(database, settings, stop), daemon=True)
        thread.start()
        assert not swept.wait(1)
        other.execute(select(func.pg_advisory_unlock(office._SWEEPER_LOCK)))
    assert swept.wait(30)
    stop.set()
    thread.join(timeout=30)
    assert not thread.is_alive()
