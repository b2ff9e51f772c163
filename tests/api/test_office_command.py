"""`tertib office`: what it prints, and how it says what was wrong."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from api.database import APP_ROLE, OWNER_ROLE
from api.intake.cameras import camera_of
from api.people.service import sign_in
from api.people.tables import UserRow
from api.register.service import TableRegister
from api.secrecy.columns import give_ring
from api.secrecy.ring import Ring
from api.store.tables import CaseRow
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from scripts.commands import office

REGISTER = Path(__file__).resolve().parents[2] / "samples" / "register.csv"


@pytest.fixture
def run(cluster, database_name, tmp_path, monkeypatch):
    """`run("init")`: the command on this test's database; its exit code, JSON lines and error text."""
    monkeypatch.setenv("TERTIB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TERTIB_DATABASE_URL", cluster.url(database_name, OWNER_ROLE))
    monkeypatch.setenv("TERTIB_DATABASE_APP_URL", cluster.url(database_name, APP_ROLE))

    def do(*arguments):
        result = CliRunner().invoke(office.app, [str(argument) for argument in arguments])
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        if isinstance(result.exception, typer.TyperException):
            # What scripts/tertib.py makes of it.
            return 2, lines, result.exception.format_message()
        assert result.exception is None
        return result.exit_code, lines, result.stderr

    return do


def test_an_office_is_made_twice_without_harm(run):
    for _ in range(2):
        code, lines, _ = run("init")
        assert (code, lines[0]["jurisdictions"]) == (0, ["jateng"])


def test_a_user_signs_in_with_the_password_that_was_shown(run, database):
    _, lines, _ = run("add-user", "Petugas", "--name", "Rina W.")
    with database.session() as session:
        user, _ = sign_in(session, "petugas", lines[0]["password"])
    assert (user.name, user.role) == ("Rina W.", "officer")
    code, lines, error = run("add-user", "petugas", "--name", "x")
    assert (code, lines) == (2, [])
    assert "there is a user 'petugas' already" in error


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("add-user", "a", "--name", "A", "--role", "king"), "no role 'king'"),
        (("add-user", "a", "--name", "A", "--role", "agency", "--agency", "nasa"), "no agency 'nasa'"),
        (("add-user", "a", "--name", "A", "--password-file", "/nowhere"), "/nowhere cannot be read"),
        (("add-camera", "c", "--place", "x", "--jurisdiction", "jabar"), "no jurisdiction 'jabar'"),
        (("add-camera", "c", "--place", "x", "--keys", "/nowhere"), "/nowhere cannot be read"),
        (("load-register", "/nowhere.csv"), "/nowhere.csv: cannot be read"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(run, arguments, sentence):
    code, lines, error = run(*arguments)
    assert (code, lines) == (2, [])
    assert sentence in error


def test_a_camera_gets_a_token_and_its_key_is_trusted(run, database, tmp_path):
    key = SigningKey.generate()
    key.save(tmp_path / "smg-01.pem")
    token_file = tmp_path / "token"
    for _ in range(2):
        arguments = ("--place", "Jl. Pemuda", "--key", tmp_path / "smg-01.pem", "--token-file", token_file)
        code, lines, error = run("add-camera", "smg-01", *arguments)
        assert code == 0, error
        assert lines == [{"camera_id": "smg-01", "keys": 1}]
    assert stat.S_IMODE(token_file.stat().st_mode) == 0o600
    with database.session() as session:
        assert camera_of(session, f"Bearer {token_file.read_text().strip()}").camera_id == "smg-01"
    ring = PublicKeyRing.load(tmp_path / "home" / "keys" / "cameras.json")
    assert ring.find(key.keyid).camera_id == "smg-01"


def test_the_sample_register_is_loaded(run, database, tmp_path):
    _, lines, _ = run("load-register", REGISTER)
    assert lines[0]["vehicles"] == 30
    give_ring(database.engine, Ring.load(tmp_path / "home"))
    with database.session() as session:
        assert TableRegister(session).find("34A36837").make == "Mitsubishi"
        assert session.scalars(select(CaseRow)).all() == []


def test_a_new_key_seals_everything_anew_and_the_old_one_goes(run, database, tmp_path):
    run("load-register", REGISTER)
    before = Ring.load(tmp_path / "home")
    _, lines, _ = run("rotate-key")
    assert lines[0]["rows"] == 30
    after = Ring.load(tmp_path / "home")
    assert len(after.keys) == 1
    assert after.keys != before.keys
    give_ring(database.engine, after)
    with database.session() as session:
        assert TableRegister(session).find("34A36837").owner_name


def test_what_must_go_is_told_before_it_is_erased(run):
    code, lines, _ = run("erase", "--dry-run")
    assert (code, lines) == (0, [{"cases": 0, "erased": False}])


def test_a_password_that_the_administrator_knows_must_be_changed(run, database):
    run("add-user", "baru", "--name", "Baru")
    with database.session() as session:
        assert session.scalars(select(UserRow)).one().password_is_first
