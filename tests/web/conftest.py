"""A whole office behind a real address, made once: every page of it can be opened by whoever may see it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import uvicorn
from psycopg import sql

from api.app import create_app
from api.clock import DatabaseClock
from api.database import APP_ROLE, OWNER_ROLE, Database
from api.jurisdiction.loading import Jurisdictions
from api.settings import Settings
from tests.api.conftest import (  # noqa: F401 - fixtures of the office's tests, used here by name
    TEMPLATE,
    Cluster,
    _quick_passwords,
    citizen,
    client,
    clock,
    cluster,
    database,
    database_name,
    jurisdiction,
    jurisdictions,
    make_user,
    officer,
    password_hash,
    session,
    settings,
    sign_in,
)
from tests.web.town import Town, build_town

TOWN = "tertib_town"


@contextmanager
def serve(chosen: Settings, held: Database) -> Iterator[str]:
    """The office at an address of this machine, in this process."""
    app = create_app(chosen, database=held, sweeper=False)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="module")
def town(
    cluster: Cluster,  # noqa: F811 - the fixture of this name
    jurisdictions: Jurisdictions,  # noqa: F811 - the fixture of this name
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """An office with a case of every sort in it, served."""
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(TOWN)))
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(TOWN), sql.Identifier(OWNER_ROLE), sql.Identifier(TEMPLATE)
            )
        )
        home: Path = tmp_path_factory.mktemp("town")
        ticking = DatabaseClock()
        held = Database(cluster.url(TOWN, APP_ROLE), jurisdictions=jurisdictions, clock=ticking)
        settings_of_town = Settings(home=home)
        try:
            with serve(settings_of_town, held) as address:
                # Pictures show an office that has worked for half a year; tests need none of that.
                past = ticking if os.environ.get("TERTIB_PICTURES") else None
                yield build_town(held, settings_of_town, address, past)
        finally:
            held.close()
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(TOWN)))
