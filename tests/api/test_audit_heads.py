"""Published heads: when, by whom, what a working office is told, and the command that publishes and verifies."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import psycopg
import pytest
import typer
from psycopg import sql
from sqlalchemy import select
from typer.testing import CliRunner

from api.audit.publishing import publish_daily
from api.audit.tables import TreeHeadRow
from api.audit.verifying import Audit, steady
from api.clock import now
from api.database import APP_ROLE, OWNER_ROLE
from api.store.kinds import Audience
from api.store.service import append
from api.store.tables import CaseRow
from scripts.commands import audit as audit_command
from tests.api.audit_office import OFFICER, Office, filled

pytest_plugins = ["tests.api.audit_office"]


@pytest.fixture
def office(audited_office: Office) -> Office:
    return audited_office


def test_anybody_may_keep_the_published_heads(client, database):
    assert client.get("/v1/audit/heads").json() == []
    kept = filled(database)["kept"]
    told = client.get("/v1/audit/heads").json()
    assert [(one["number"], one["size"], one["root_sha256"]) for one in told] == [
        (one["number"], one["size"], one["root_sha256"]) for one in reversed(kept)
    ]
    assert [one["number"] for one in client.get("/v1/audit/heads", params={"before": 2}).json()] == [1]
    assert client.get("/v1/audit/heads", params={"limit": 0}).status_code == 422


def test_an_office_that_works_meanwhile_is_not_accused(database):
    made = filled(database)
    with database.session() as auditor:
        steady(auditor)
        audit = Audit(auditor)
        findings = audit.findings()
        assert auditor.get(CaseRow, made["a"]).event_count == 5
        with database.session() as session:
            append(session, made["a"], "message", actor=OFFICER, body={}, audience=Audience.PUBLIC)
        assert list(findings) == []
        assert audit.events == 12


def test_each_day_is_published_once_after_midnight(office, jurisdiction):
    midnight = datetime(2031, 5, 6, tzinfo=jurisdiction.zone)
    office.sql("DELETE FROM tree_heads")
    office.sql("DELETE FROM tree_leaves")
    head = publish_daily(office.session, midnight + timedelta(seconds=1), jurisdiction.zone)
    assert (head.number, head.day.isoformat(), head.size) == (1, "2031-05-05", 3)
    for later in (timedelta(seconds=2), timedelta(hours=23, minutes=59)):
        assert publish_daily(office.session, midnight + later, jurisdiction.zone) is None
    assert (
        publish_daily(office.session, midnight + timedelta(days=1), jurisdiction.zone).day.isoformat() == "2031-05-06"
    )
    assert [one.size for one in office.session.scalars(select(TreeHeadRow).order_by(TreeHeadRow.number))] == [3, 3]


def test_an_empty_office_publishes_nothing(session, jurisdiction):
    assert publish_daily(session, now(session), jurisdiction.zone) is None


@pytest.mark.parametrize("table", ["tree_leaves", "tree_heads", "tree_stamps"])
def test_nobody_changes_what_was_published(cluster, tampered_database, table):
    name, _ = tampered_database
    for role, error in ((APP_ROLE, "InsufficientPrivilege"), (OWNER_ROLE, "RestrictViolation")):
        with psycopg.connect(cluster.url(name, role)) as connection, pytest.raises(getattr(psycopg.errors, error)):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


class TestCommand:
    @pytest.fixture
    def run(self, cluster, database, database_name, tmp_path, monkeypatch):
        """`run("verify")`: the command on a filled store; its exit code, JSON lines and error text."""
        filled(database)
        monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
        monkeypatch.setenv("TERTIB_DATABASE_URL", cluster.url(database_name, OWNER_ROLE))
        monkeypatch.setenv("TERTIB_DATABASE_APP_URL", cluster.url(database_name, APP_ROLE))

        def do(*arguments):
            result = CliRunner().invoke(audit_command.app, [str(argument) for argument in arguments])
            if isinstance(result.exception, typer.TyperException):
                return 2, [], result.exception.format_message()
            return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()], result.stderr

        return do

    def test_publish_keep_verify_tamper_verify(self, run, cluster, database_name, tmp_path):
        kept = tmp_path / "heads.jsonl"
        code, lines, _ = run("publish", "--to", kept)
        assert (code, lines[0]["number"], lines[0]["size"]) == (0, 3, 5)
        clean = {"cases": 3, "events": 12, "heads": 3, "findings": 0}
        assert run("verify", "--kept", kept)[:2] == (0, [clean])
        with psycopg.connect(cluster.url(database_name)) as superuser:
            superuser.execute("SET session_replication_role = replica")
            superuser.execute("""UPDATE events SET body = '{"of":"x"}' WHERE number = 4 AND body = '{"of":"a"}'""")
            reference = superuser.execute(
                'SELECT reference FROM cases JOIN events ON case_id = cases.id WHERE body = \'{"of":"x"}\''
            ).fetchone()[0]
        code, lines, _ = run("verify", "--kept", kept)
        assert code == 1
        assert (lines[0]["what"], lines[0]["case"], lines[0]["event"]) == ("edited", reference, 4)
        assert lines[-1]["findings"] == 1
        code, lines, _ = run("proof", reference)
        assert (code, lines[0]["holds"], lines[0]["size"]) == (0, True, 5)
        code, lines, _ = run("growth", 1, 3)
        assert (code, lines[0]["holds"], lines[0]["older"][:2]) == (0, True, [1, 2])

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (("verify", "--since", "yesterday"), "no day: write it as 2026-11-24"),
            (("verify", "--kept", "/nowhere"), "/nowhere: cannot be read"),
            (("verify", "--kept", __file__), "not lines of JSON"),
            (("proof", "A-0000-0000-0000"), "No case with this reference"),
            (("growth", 2, 1), "not both published, the older one first"),
        ],
    )
    def test_what_is_wrong_is_told_in_a_sentence(self, run, arguments, sentence):
        code, lines, error = run(*arguments)
        assert (code, lines) == (2, [])
        assert sentence in error
