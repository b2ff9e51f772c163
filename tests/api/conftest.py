"""One embedded PostgreSQL for the test session; a fresh database, cloned from a migrated one, for each test."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from psycopg import sql
from sqlalchemy import make_url
from sqlalchemy.orm import Session

from api.app import create_app
from api.clock import DatabaseClock
from api.database import (
    APP_ROLE,
    OWNER_ROLE,
    Database,
    ensure_database,
    ensure_role,
    migrate,
    start_embedded,
    stop_embedded,
)
from api.jurisdiction.loading import Jurisdictions
from api.jurisdiction.model import Jurisdiction
from api.people import service
from api.people.service import User, add_user, hash_password
from api.settings import Settings
from api.store.kinds import Actor

PASSWORD = "kata sandi yang panjang"
TEMPLATE = "tertib_template"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Cluster:
    """The server of the test session; addresses are those of a database's superuser, owner and application."""

    superuser: str

    def url(self, database: str, role: str | None = None) -> str:
        parsed = make_url(self.superuser).set(database=database)
        if role is not None:
            parsed = parsed.set(username=role, password="for-tests-only")
        return parsed.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="tertib-pg-", ignore_cleanup_errors=True) as folder:
        made = Cluster(start_embedded(Path(folder)))
        with psycopg.connect(made.superuser, autocommit=True) as connection:
            # Nothing here must survive a crash.
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {setting} = off")
            connection.execute("SELECT pg_reload_conf()")
            ensure_role(connection, OWNER_ROLE, "for-tests-only")
            ensure_role(connection, APP_ROLE, "for-tests-only")
            ensure_database(connection, TEMPLATE, OWNER_ROLE)
        migrate(made.url(TEMPLATE, OWNER_ROLE))
        yield made
        stop_embedded(Path(folder))


@pytest.fixture(scope="session")
def jurisdictions() -> Jurisdictions:
    return Jurisdictions.load()


@pytest.fixture(scope="session")
def jurisdiction(jurisdictions: Jurisdictions) -> Jurisdiction:
    return jurisdictions["jateng"]


@pytest.fixture
def database_name(cluster: Cluster) -> Iterator[str]:
    name = f"t{os.getpid()}_{next(_NUMBERS)}"
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy").format(
                sql.Identifier(name), sql.Identifier(OWNER_ROLE), sql.Identifier(TEMPLATE)
            )
        )
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def clock() -> DatabaseClock:
    """The office's clock; `clock.advance(timedelta(hours=25))` moves it."""
    return DatabaseClock()


@pytest.fixture
def database(
    cluster: Cluster, database_name: str, jurisdictions: Jurisdictions, clock: DatabaseClock
) -> Iterator[Database]:
    made = Database(cluster.url(database_name, APP_ROLE), jurisdictions=jurisdictions, clock=clock)
    yield made
    made.close()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """An open transaction; rolled back unless the test commits."""
    with database.open_session() as opened:
        yield opened


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def client(settings: Settings, database: Database) -> Iterator[TestClient]:
    """A browser nobody has signed in with; errors of the program are raised, not answered."""
    app = create_app(settings, database=database, sweeper=False)
    with TestClient(app, follow_redirects=False) as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def _quick_passwords() -> Iterator[None]:
    """Argon2 costs what it must in an office; hundreds of tests that sign in need not pay it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, "_HASHER", PasswordHasher(time_cost=1, memory_cost=256, parallelism=1))
        yield


@pytest.fixture(scope="session")
def password_hash(_quick_passwords: None) -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def make_user(database: Database, password_hash: str) -> Callable[..., User]:
    """`make_user("officer", agency=None, login=None)`: a user whose password is `PASSWORD`."""

    def make(role: str = "officer", *, agency: str | None = None, login: str | None = None) -> User:
        with database.session() as session:
            return add_user(
                session,
                login=login or f"{role}-{next(_NUMBERS)}",
                name=f"Test {role}",
                role=role,
                agency=agency,
                password=PASSWORD,
                password_hash=password_hash,
            )

    return make


@pytest.fixture
def officer(make_user: Callable[..., User]) -> User:
    return make_user("officer", login="petugas")


@pytest.fixture
def citizen() -> Actor:
    return Actor(id="citizen", name="Warga", role="citizen")


@pytest.fixture
def sign_in(client: TestClient) -> Callable[[User], TestClient]:
    """`sign_in(user)`: the client, signed in as that user."""

    def do(user: User) -> TestClient:
        answer = client.post(
            "/sign-in", data={"login": user.login, "password": PASSWORD, "csrf_token": form_token(client, "/sign-in")}
        )
        assert answer.status_code == 303, answer.text
        return client

    return do


def form_token(client: TestClient, path: str) -> str:
    """The token of the first form of a page."""
    page = client.get(path, headers={"accept": "text/html"})
    assert page.status_code == 200, page.text
    _, _, rest = page.text.partition('name="csrf_token" value="')
    return rest.partition('"')[0]
