"""A box is enrolled, changes its key and finds its place again, over the office's own HTTP interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.enrolment.service import CODE_LIVES, make_code
from api.intake.cameras import CameraError, add_camera, key_ring, revoke_key
from pipeline.delivery.enrolment import EnrolmentFailed, OfficeDoor
from pipeline.evidence.keys import SigningKey
from tests.api.test_intake import deliver
from tests.pipeline.evidence.builder import CAMERA_ID, package_id, sealed_package


@pytest.fixture
def camera(database):
    with database.session() as session:
        add_camera(session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng")


@pytest.fixture
def door(client, camera):
    return OfficeDoor("http://testserver", client)


@pytest.fixture
def moment() -> datetime:
    return datetime.now(UTC)


def code_of(database) -> str:
    with database.session() as session:
        return make_code(session, CAMERA_ID)


def token_of(keys: Path) -> str:
    return (keys / f"{CAMERA_ID}.token").read_text().strip()


def send(client, keys: Path, sequence: int, previous: str | None, occurred_at):
    package = sealed_package(
        sequence=sequence,
        previous_sha256=previous,
        key=SigningKey.load(keys / f"{CAMERA_ID}.pem"),
        id_=package_id(sequence),
        occurred_at=occurred_at,
    )
    return package, deliver(client, package.data, token=token_of(keys))


def test_an_enrolled_box_delivers_and_its_code_counts_once(client, database, door, tmp_path, moment):
    code = code_of(database)
    link = door.enrol(code.lower().replace("-", " "), tmp_path, CAMERA_ID)
    assert (link.sequence, link.previous_sha256) == (1, None)
    assert (tmp_path / f"{CAMERA_ID}.token").stat().st_mode & 0o077 == 0
    _, answer = send(client, tmp_path, 1, None, moment)
    assert answer.status_code == 201, answer.text
    with pytest.raises(EnrolmentFailed, match="unknown, was used, or is older"):
        door.enrol(code, tmp_path, CAMERA_ID)
    # The failed try has not touched what counts.
    assert len(token_of(tmp_path)) > 20


def test_a_code_ends_after_a_day_and_when_the_next_is_made(database, door, tmp_path, clock):
    old = code_of(database)
    new = code_of(database)
    with pytest.raises(EnrolmentFailed):
        door.enrol(old, tmp_path, CAMERA_ID)
    clock.advance(CODE_LIVES + timedelta(seconds=1))
    with pytest.raises(EnrolmentFailed):
        door.enrol(new, tmp_path, CAMERA_ID)
    with database.session() as session, pytest.raises(CameraError, match="add it first"):
        make_code(session, "nobody")


def test_a_key_is_changed_by_whoever_holds_the_old_one(client, database, door, tmp_path, moment):
    door.enrol(code_of(database), tmp_path, CAMERA_ID)
    first, answer = send(client, tmp_path, 1, None, moment)
    assert answer.status_code == 201
    old = SigningKey.load(tmp_path / f"{CAMERA_ID}.pem")
    keyid = door.change_key(CAMERA_ID, tmp_path, token_of(tmp_path))
    assert SigningKey.load(tmp_path / f"{CAMERA_ID}.pem").keyid == keyid != old.keyid
    second, answer = send(client, tmp_path, 2, first.chain_sha256, moment)
    assert answer.status_code == 201, answer.text
    with database.session() as session:
        revoke_key(session, keyid, moment)
    _, answer = send(client, tmp_path, 3, second.chain_sha256, moment)
    assert answer.status_code == 422
    # With another's key nothing is changed.
    (tmp_path / f"{CAMERA_ID}.pem").unlink()
    SigningKey.generate().save(tmp_path / f"{CAMERA_ID}.pem")
    with pytest.raises(EnrolmentFailed, match="refused"):
        door.change_key(CAMERA_ID, tmp_path, token_of(tmp_path))
    with database.session() as session:
        assert len(key_ring(session, CAMERA_ID).keys) == 2


def test_a_lost_spool_learns_where_the_chain_goes_on(client, database, door, tmp_path, moment):
    door.enrol(code_of(database), tmp_path, CAMERA_ID)
    package, _ = send(client, tmp_path, 1, None, moment)
    link = door.head(CAMERA_ID, token_of(tmp_path))
    assert (link.sequence, link.previous_sha256) == (2, package.chain_sha256)
    with pytest.raises(EnrolmentFailed, match="token"):
        door.head(CAMERA_ID, "somebody else's token, long enough")
