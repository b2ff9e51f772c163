"""Backup, destruction, restore: everything is there again, or everything until a moment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from api.audit.publishing import publish
from api.audit.verifying import Audit, steady
from api.backup.server import BackupError
from api.backup.service import back_up
from api.clock import now
from api.database import connect, stop_embedded
from api.intake.cameras import add_camera, add_key
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.settings import Settings
from scripts.commands import restore as restore_command
from tests.pipeline.evidence.builder import CAMERA_ID, VALID_FROM, camera_key, sealed_chain

CHAIN = sealed_chain(4)


def take(database, settings, packages):
    for package in packages:
        with database.session() as session:
            accept_package(
                session,
                EvidenceStore(settings.evidence),
                camera_id=CAMERA_ID,
                data=package.data,
                idempotency_key=package.package_id,
            )


def back_up_by_command(*arguments):
    """In a process of its own, as an operator does it: its end must not end the office's server."""
    program = "import sys; from scripts.tertib import run; sys.exit(run(['backup', *sys.argv[1:]]))"
    command = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run(module, *arguments):
    return CliRunner().invoke(module.app, [str(argument) for argument in arguments])


@pytest.fixture
def place():
    """A folder that the embedded server's own user may enter, where root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="tertib-backup-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_destroyed_and_restored_whole_and_until_a_moment(place):
    home, kept = place / "home", place / "kept"
    settings = Settings(home=home)
    database = connect(settings)
    with database.session() as session:
        add_camera(session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
    _ = settings.secret
    take(database, settings, CHAIN[:2])
    told = back_up_by_command(kept, "--home", home)
    assert (told["cases"], told["packages"]) == (2, 2)
    assert {"secret.key", "database-app.key", "database-superuser.key"} <= set(told["keys"])
    # Work goes on: the log carries it, with a moment between the third and the fourth package.
    take(database, settings, CHAIN[2:3])
    time.sleep(0.05)
    moment = datetime.now(UTC)
    time.sleep(0.05)
    take(database, settings, CHAIN[3:])
    with database.session() as session:
        publish(session, now(session))
    # Nothing is written any more: this moment too can be restored to.
    quiet = datetime.now(UTC)
    back_up_by_command(kept, "--log-only", "--home", home)
    database.close()
    stop_embedded(home)
    shutil.rmtree(home)
    # The copy must start where the number of the copied server's process belongs to somebody else by now.
    assert not list(kept.rglob(".s.PGSQL*"))
    next(kept.rglob("PG_VERSION")).with_name(".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n")

    whole = run(restore_command, kept, "--home", place / "whole")
    assert whole.exit_code == 0, whole.output
    found = json.loads(whole.stdout)
    assert (found["cases"], found["packages"], found["missing"]) == (4, 4, [])
    restored = connect(Settings(home=place / "whole"))
    with restored.session() as session:
        steady(session)
        audit = Audit(session)
        assert list(audit.findings()) == []
        assert (audit.cases, audit.heads) == (4, 1)
    # It is an office again: the next package of the chain finds its place.
    take(restored, Settings(home=place / "whole"), sealed_chain(5)[4:])
    restored.close()
    stop_embedded(place / "whole")

    earlier = run(restore_command, kept, "--home", place / "earlier", "--until", moment.isoformat())
    assert earlier.exit_code == 0, earlier.output
    assert json.loads(earlier.stdout)["cases"] == 3
    later = run(restore_command, kept, "--home", place / "later", "--until", quiet.isoformat())
    assert later.exit_code == 0, later.output
    assert json.loads(later.stdout)["cases"] == 4

    next((kept / "files" / "evidence").rglob("*.tertib")).unlink()
    lacking = run(restore_command, kept, "--home", place / "lacking")
    assert lacking.exit_code == 1, lacking.output
    assert len(json.loads(lacking.stdout)["missing"]) == 1


def test_what_is_no_office_or_no_backup_is_told(tmp_path):
    with pytest.raises(BackupError, match="holds no embedded database"):
        back_up(tmp_path, tmp_path / "kept")
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    with pytest.raises(BackupError, match="lies inside the office"):
        back_up(tmp_path, tmp_path / "kept")
    told = run(restore_command, tmp_path, "--home", tmp_path / "new")
    assert isinstance(told.exception, typer.TyperException) or told.exit_code != 0
    assert "is no finished backup" in (told.output + str(told.exception))
