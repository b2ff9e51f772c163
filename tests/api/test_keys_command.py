"""`tertib keys` against an office that serves: what is trusted and revoked holds for the next package."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from api.database import APP_ROLE, OWNER_ROLE
from api.intake.cameras import add_camera
from api.intake.tables import PackageRow
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from scripts.commands import keys
from scripts.commands._drill_office import Camera

TOKEN = "a token of the cameras, long enough"
CAMERA = "smg-07"


@pytest.fixture
def run(cluster, database_name, settings, monkeypatch):
    monkeypatch.setenv("TERTIB_HOME", str(settings.home))
    monkeypatch.setenv("TERTIB_DATABASE_URL", cluster.url(database_name, OWNER_ROLE))
    monkeypatch.setenv("TERTIB_DATABASE_APP_URL", cluster.url(database_name, APP_ROLE))

    def do(*arguments):
        result = CliRunner().invoke(keys.app, [str(argument) for argument in arguments])
        if isinstance(result.exception, typer.TyperException):
            return result.exception.format_message()
        assert result.exception is None
        return [json.loads(line) for line in result.stdout.splitlines()]

    return do


@pytest.fixture
def deliver(client, database):
    with database.session() as session:
        add_camera(session, camera_id=CAMERA, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token=TOKEN)

    def do(camera, package_id):
        package = camera.package(package_id, 20_000)
        digest = base64.b64encode(hashlib.sha256(package.data).digest()).decode()
        headers = {
            "content-type": "application/vnd.tertib.package",
            "content-digest": f"sha-256=:{digest}:",
            "authorization": f"Bearer {TOKEN}",
        }
        answer = client.post("/v1/packages", content=package.data, headers=headers)
        return answer.status_code, answer.json().get("refusal")

    return do


def ring_of(key, tmp_path, name):
    path = tmp_path / name
    PublicKeyRing(keys=(key.public(CAMERA, valid_from=datetime.now(UTC) - timedelta(days=1)),)).save(path)
    return path


def test_a_key_counts_from_trust_to_revocation_and_its_successor_goes_on(run, deliver, database, tmp_path):
    ids = [f"3f0c1f5e-8f0e-4d43-9a51-0c4b7c1d2e{number:02x}" for number in range(8)]
    old, new = (Camera(CAMERA, SigningKey.generate()) for _ in range(2))
    assert deliver(old, ids[0]) == (422, "key-unknown")
    old.sequence, old.previous = 0, None
    run("trust", ring_of(old.key, tmp_path, "old.json"))
    assert deliver(old, ids[1]) == (201, None)
    new.sequence, new.previous = old.sequence, old.previous
    run("trust", ring_of(new.key, tmp_path, "new.json"))
    (told,) = run("revoke", old.key.keyid[:12])
    assert told == {"camera_id": CAMERA, "keyid": old.key.keyid, "revoked": True}
    assert deliver(old, ids[2]) == (422, "key-revoked")
    assert deliver(new, ids[3]) == (201, None)
    run("archive", "--out", tmp_path / "archive.json")
    assert {key.keyid for key in PublicKeyRing.load(tmp_path / "archive.json").keys} == {old.key.keyid, new.key.keyid}
    with database.session() as session:
        assert sorted(str(one) for one in session.scalars(select(PackageRow.package_id))) == [ids[1], ids[3]]


def test_a_beginning_that_names_no_key_or_is_short_is_told(run, deliver):
    assert "tertib keys list" in run("revoke", "0" * 12)
    assert "tertib keys list" in run("revoke", "")
