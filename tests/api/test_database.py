"""The database itself keeps events: as the application's role and as the owner."""

from __future__ import annotations

import importlib
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from api.base import Base
from api.database import APP_ROLE, OWNER_ROLE, DatabaseError, connect, migrate
from api.settings import Settings, SettingsError, kept_secret
from api.store import persons
from api.store.kinds import Audience, CaseKind
from api.store.service import append, open_case
from api.store.transitions import rows


@pytest.fixture
def case(database, jurisdiction, citizen):
    with database.session() as session:
        row = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=jurisdiction,
            actor=citizen,
            body={"text": "jalan rusak"},
            audience=Audience.PUBLIC,
            agency="dpubmck",
        )
        append(session, row.id, "message", actor=citizen, body={"text": "lagi"}, audience=Audience.PUBLIC)
    return row


CHANGES = ("UPDATE events SET body = '{}'", "DELETE FROM events", "TRUNCATE events", "TRUNCATE events, cases CASCADE")


@pytest.mark.parametrize("statement", CHANGES)
def test_the_application_may_not_change_events(cluster, database_name, case, statement):
    with psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (2,)


@pytest.mark.parametrize("statement", [*CHANGES, "UPDATE events SET body = '{}' WHERE false", "DELETE FROM views"])
def test_a_trigger_refuses_it_to_the_owner_too(cluster, database_name, case, statement):
    with (
        psycopg.connect(cluster.url(database_name, OWNER_ROLE)) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="only grows"),
    ):
        connection.execute(statement)


def test_the_application_may_not_take_the_trigger_away(cluster, database_name, case):
    for statement in (
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "DROP TRIGGER events_only_grow ON events",
        "SET session_replication_role = replica",
        "UPDATE transitions SET to_state = 'closed'",
        "DELETE FROM cases",
        "SET ROLE tertib_owner",
    ):
        with (
            psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


@pytest.mark.parametrize("column", ["state = 'closed'", "event_count = 0", "head_sha256 = NULL", "kind = 'ticket'"])
def test_the_application_may_not_write_a_state(cluster, database_name, case, column):
    with (
        psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"UPDATE cases SET {column}")  # noqa: S608 - the test's own words


INSERT = (
    "INSERT INTO events (case_id, number, at, type, actor_id, actor_name, actor_role, audience, body, sha256,"
    " previous_sha256) VALUES (%s, %s, now(), %s, 'x', 'x', 'system', 'public', '{}', %s, %s)"
)


def test_the_database_refuses_an_event_that_may_not_follow(cluster, database_name, case):
    url = cluster.url(database_name, APP_ROLE)
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.CheckViolation, match="does not take"):
        connection.execute(INSERT, (case.id, 3, "approved", "a" * 64, case.head_sha256))


def test_the_database_refuses_an_event_outside_the_chain(cluster, database_name, case):
    url = cluster.url(database_name, APP_ROLE)
    for number, previous in ((4, case.head_sha256), (3, "b" * 64), (3, None)):
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="does not follow"),
        ):
            connection.execute(INSERT, (case.id, number, "message", "a" * 64, previous))


def test_the_database_holds_the_same_transitions_as_the_code(cluster, database_name):
    with psycopg.connect(cluster.url(database_name, APP_ROLE)) as connection:
        held = connection.execute(
            "SELECT kind, from_state, event_type, to_state, roles, second_person FROM transitions"
        ).fetchall()
        rules = connection.execute("SELECT * FROM second_person_rules").fetchall()
    assert sorted(held) == sorted(rows())
    assert sorted(rules) == sorted(persons.rows())


def test_the_migrations_make_the_tables_that_the_code_describes(cluster, database_name):
    for path in sorted((Path(__file__).resolve().parents[2] / "api").glob("*/tables.py")):
        importlib.import_module(f"api.{path.parent.name}.tables")
    engine = create_engine(cluster.url(database_name, OWNER_ROLE).replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
    engine.dispose()
    assert differences == []


def test_migrating_again_changes_nothing(cluster, database_name, case):
    migrate(cluster.url(database_name, OWNER_ROLE))


def test_a_database_that_is_away_is_told_in_a_sentence(tmp_path):
    settings = Settings(home=tmp_path, database_url="postgresql://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(DatabaseError, match="cannot be reached") as told:
        connect(settings)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("url", ["mysql://x/y", "no address at all"])
def test_another_database_is_refused(tmp_path, url):
    with pytest.raises(DatabaseError, match="postgresql"):
        connect(Settings(home=tmp_path, database_url=url))


def test_a_given_database_is_used_through_the_applications_role(cluster, database_name, tmp_path, monkeypatch):
    # The role exists in this cluster with a password that this office does not know: as the superuser it sets its own.
    made = connect(Settings(home=tmp_path, database_url=cluster.url(database_name), app_database_url=None))
    try:
        with made.session() as session:
            assert session.connection().exec_driver_sql("SELECT current_user").scalar_one() == APP_ROLE
    finally:
        made.close()
        with psycopg.connect(cluster.superuser, autocommit=True) as connection:
            connection.execute("ALTER ROLE tertib_app PASSWORD 'for-tests-only'")


def test_a_user_without_rights_is_told_what_to_do(cluster, database_name, tmp_path):
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        connection.execute("CREATE ROLE humble LOGIN PASSWORD 'for-tests-only'")
    with pytest.raises(DatabaseError, match=r"CREATE ROLE tertib_app .* TERTIB_DATABASE_APP_URL"):
        connect(Settings(home=tmp_path, database_url=cluster.url(database_name, "humble")))


def test_secrets_are_made_once_and_kept_from_others(tmp_path):
    path = tmp_path / "secret.key"
    first = kept_secret(path)
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(SettingsError, match="chmod 600"):
        kept_secret(path)


def test_two_who_need_a_secret_at_once_get_the_same(tmp_path):
    found = []
    threads = [threading.Thread(target=lambda: found.append(kept_secret(tmp_path / "one.key"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["one.key"]


@pytest.mark.parametrize("secret", ["changeme", "secret", "x" * 31])
def test_a_default_secret_is_refused(tmp_path, monkeypatch, secret):
    monkeypatch.setenv("TERTIB_SECRET", secret)
    with pytest.raises(SettingsError, match="TERTIB_SECRET"):
        _ = Settings(home=tmp_path).secret


@pytest.mark.parametrize("url", ["tilang.example", "https://tilang.example/", "javascript:alert(1)", "https://a b"])
def test_a_public_address_that_is_none_is_told(tmp_path, monkeypatch, url):
    monkeypatch.setenv("TERTIB_PUBLIC_URL", url)
    with pytest.raises(SettingsError, match="setting public_url"):
        Settings.from_environment(tmp_path)


@pytest.mark.slow
def test_commands_share_one_embedded_server(tmp_path):
    """Two commands start at once on a fresh home; a third one finds what they left, and strangers need a password."""
    command = [sys.executable, "-m", "tests.api.open_office", str(tmp_path / "home")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    together = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert sorted(process.communicate(timeout=60)[0].strip() for process in together) == ["1", "2"]
    assert [process.returncode for process in together] == [0, 0]
    # Somebody who was killed did not take himself off the list of users: the server stops all the same.
    users = tmp_path / "home" / "postgres" / ".handle_pids.json"
    users.write_text("[999999999]")
    third = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert third.stdout.strip() == "3"
    assert not (tmp_path / "home" / "postgres" / "postmaster.pid").exists()


def test_the_embedded_server_asks_for_a_password(cluster):
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(cluster.superuser.replace("postgres:", "postgres:x"))
