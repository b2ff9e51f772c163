"""An upgrade without a pause: the version before serves on while this one migrates, and both serve one database."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from api.audit.verifying import Audit, steady
from api.backup.service import examine
from api.database import stop_embedded
from api.intake.evidence_store import EvidenceStore
from api.people.service import add_user
from api.settings import Settings
from scripts.commands._drill_office import Office, drill_office

# The version before evidence and personal data could be sealed, and before second steps at the sign-in.
BEFORE = "6c498d82a217d3bd6d4fc6b000cb440afceb5dc7"
ROOT = Path(__file__).parents[2]
TOKEN = re.compile(r'name="csrf_token" value="([^"]*)"')


@pytest.fixture
def version_before(tmp_path):
    """The code of the version before, in a folder of its own."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("this is no clone of the repository: there is no earlier version to be tried")
    packed = subprocess.run(
        [git, "archive", BEFORE, "api", "models", "pipeline", "samples/jurisdictions", "scripts"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if packed.returncode:
        pytest.skip(f"this clone is too shallow to hold the version before ({BEFORE[:8]})")
    subprocess.run(["tar", "-x", "-C", str(tmp_path)], input=packed.stdout, check=True)
    return tmp_path


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tertib-upgrade-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        place = Path(folder) / "home"
        place.mkdir()
        yield place
        stop_embedded(place)


class Before(Office):
    """The office of the version before."""

    def start(self, tree: Path) -> None:
        command = [sys.executable, "-m", "scripts.commands._bench_office", str(self.home), str(self.port), "1"]
        with (self.home / "office.log").open("ab") as log:
            self.serving = subprocess.Popen(
                command,
                cwd=tree,
                env={**os.environ, "PYTHONPATH": str(tree)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.wait(lambda: self.serving is not None and self.serving.poll() is None)


def sign_in(office: Office, client: httpx.Client) -> int:
    token = TOKEN.search(client.get(f"{office.url}/sign-in").text)[1]
    sent = {"login": "petugas", "password": "a sentence of one's own", "csrf_token": token}
    return client.post(f"{office.url}/sign-in", data=sent).status_code


@pytest.mark.slow
def test_both_versions_serve_one_database_and_nothing_is_refused_or_lost(version_before, home):
    before = Before(home, database=None)
    before.start(version_before)
    try:
        # What this version does first is to migrate, under the feet of the other.
        with drill_office(home, 2) as (office, (one, other)):
            with office.database.session() as session:
                add_user(session, login="petugas", name="Rina", role="officer", password="a sentence of one's own")
            office.serve()
            for number in range(6):
                here, there = (before, office) if number % 2 else (office, before)
                assert here.deliver(one.package(str(uuid4()), 20_000)).status_code == 201
                assert there.deliver(other.package(str(uuid4()), 20_000)).status_code == 201
            with httpx.Client(headers={"accept": "text/html"}) as client:
                assert sign_in(before, client) == 303
                # One sign-in holds at both.
                assert client.get(f"{before.url}/review").status_code == 200
                assert client.get(f"{office.url}/review").status_code == 200
            before.kill()
            assert office.deliver(one.package(str(uuid4()), 20_000)).status_code == 201
            with office.database.session() as session:
                found = examine(session, EvidenceStore(Settings(home=home).evidence))
                assert (found.packages, found.missing) == (13, ())
                steady(session)
                assert list(Audit(session).findings()) == []
    finally:
        before.kill()
