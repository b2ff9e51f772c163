"""What a camera and an officer see of the intake, over HTTP."""

from __future__ import annotations

import base64
import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from api.intake.cameras import add_camera, add_key, revoke_key
from api.intake.evidence import read_member
from api.intake.evidence_store import EvidenceDamaged, EvidenceStore
from api.intake.tables import IncidentRow, PackageRow
from api.store.service import clocks_of, events_of, verify_chain
from api.store.tables import CaseRow, ViewRow
from tests.pipeline.evidence.builder import CAMERA_ID, VALID_FROM, camera_key, package_id, sealed_chain, sealed_package

TOKEN = "a token for tests, long enough"


@pytest.fixture
def camera(database):
    with database.session() as session:
        add_camera(
            session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token=TOKEN
        )
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
    return CAMERA_ID


def deliver(client, data, *, token=TOKEN, **headers):
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    sent = {
        "content-type": "application/vnd.tertib.package",
        "content-digest": f"sha-256=:{digest}:",
        "authorization": f"Bearer {token}",
        **headers,
    }
    return client.post("/v1/packages", content=data, headers={k: v for k, v in sent.items() if v is not None})


def count(database, table):
    with database.session() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_package_opens_a_case_with_its_review_clock(client, camera, database, settings):
    package = sealed_package()
    answer = deliver(client, package.data, **{"idempotency-key": package.package_id})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["package_id"] == package.package_id
    with database.session() as session:
        case = session.scalars(select(CaseRow)).one()
        assert (str(case.id), case.reference) == (told["case_id"], told["reference"])
        assert (case.kind, case.state, case.agency) == ("violation", "awaiting_review", "ditlantas-jateng")
        assert case.subject["plate"] == "H1234AB"
        assert case.subject["occurred_at"] == "2026-03-02T01:15:30.123456Z"
        opened = events_of(session, case.id)[0]
        assert opened.audience == "internal"
        assert opened.data["conditions"][0]["detail"] == "car in a lane for buses"
        assert opened.data["plate"]["candidates"] == [{"text": "H1234AB", "confidence": 0.93}]
        assert [clock.name for clock in clocks_of(session, case.id)] == ["review"]
        assert verify_chain(session, case.id) == case.head_sha256
    stored = list(settings.evidence.rglob("*.tertib"))
    assert [path.read_bytes() for path in stored] == [package.data]
    assert [path.name for path in settings.evidence.rglob("*.tmp")] == []
    assert stored[0].stat().st_mode & 0o222 == 0


def test_the_same_package_again_is_the_same_case(client, camera, database):
    package = sealed_package()
    first, second = deliver(client, package.data), deliver(client, package.data)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert count(database, CaseRow) == 1


def test_sent_twice_at_once_it_is_one_case(client, camera, database):
    package = sealed_package()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(deliver(client, package.data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["reference"] for answer in answers}) == 1
    assert count(database, CaseRow) == 1


def test_the_same_id_with_other_bytes_is_refused(client, camera, database):
    assert deliver(client, sealed_package().data).status_code == 201
    other = sealed_package(plate="H9999ZZ")
    answer = deliver(client, other.data)
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["step"] == "package_id"
    assert count(database, CaseRow) == 1


def test_a_fork_of_the_chain_is_refused(client, camera, database):
    first, second = sealed_chain(2)
    assert deliver(client, first.data).status_code == 201
    assert deliver(client, second.data).status_code == 201
    same_place = sealed_package(plate="H7777QQ", sequence=2, previous_sha256=first.chain_sha256, id_=package_id(70))
    assert deliver(client, same_place.data).json()["step"] == "chain"
    other_parent = sealed_package(sequence=3, previous_sha256="0" * 64, id_=package_id(71))
    answer = deliver(client, other_parent.data)
    assert answer.status_code == 409
    assert "does not follow" in answer.json()["why"]
    assert count(database, CaseRow) == 2
    assert count(database, IncidentRow) == 2


def test_a_gap_in_the_chain_is_a_doubt(client, camera, database):
    first, _, third = sealed_chain(3)
    assert deliver(client, first.data).status_code == 201
    answer = deliver(client, third.data)
    assert answer.status_code == 201
    with database.session() as session:
        case = session.scalars(select(CaseRow).where(CaseRow.reference == answer.json()["reference"])).one()
        assert "chain_gap" in events_of(session, case.id)[0].data["doubts"]


def test_the_missing_package_may_come_later(client, camera):
    first, second, third = sealed_chain(3)
    for package in (first, third, second):
        assert deliver(client, package.data).status_code == 201


def test_a_flipped_bit_is_refused_and_kept_as_an_incident(client, camera, database, settings):
    data = bytearray(sealed_package().data)
    data[-3000] ^= 1
    answers = [deliver(client, bytes(data)) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 422]
    problem = answers[0].json()
    assert problem["type"] == "urn:tertib:problem:evidence-refused"
    assert problem["step"]
    assert problem["why"]
    with database.session() as session:
        incident = session.scalars(select(IncidentRow)).one()
        assert (incident.step, incident.times) == (problem["step"], 2)
    assert count(database, CaseRow) == 0
    assert not list(settings.evidence.rglob("*"))


def test_an_unknown_or_revoked_key_is_refused(client, camera, database):
    answer = deliver(client, sealed_package(key=camera_key("another")).data)
    assert (answer.status_code, answer.json()["step"]) == (422, "key")
    with database.session() as session:
        revoke_key(session, camera_key().keyid, datetime.now(UTC) - timedelta(minutes=1))
    answer = deliver(client, sealed_package().data)
    assert (answer.status_code, answer.json()["step"]) == (422, "key")


def test_damage_on_the_way_is_told_apart_from_bad_evidence(client, camera, database):
    data = sealed_package().data
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    answer = deliver(client, data, **{"content-digest": f"sha-256=:{wrong}:"})
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:tertib:problem:digest-mismatch")
    assert deliver(client, data, **{"content-digest": None}).status_code == 400
    assert count(database, IncidentRow) == 0


def test_a_stranger_is_refused(client, camera):
    data = sealed_package().data
    assert deliver(client, data, token="not the camera's token").status_code == 401
    assert deliver(client, data, authorization=None).status_code == 401


def test_another_cameras_package_is_refused(client, camera, database):
    with database.session() as session:
        add_camera(session, camera_id="smg-02", place="x", agency="dishub", jurisdiction="jateng", token=TOKEN * 2)
        add_key(session, camera_key("smg-02").public("smg-02", valid_from=VALID_FROM))
    answer = deliver(client, sealed_package().data, token=TOKEN * 2)
    assert answer.status_code == 422
    assert count(database, CaseRow) == 0


def test_a_jurisdiction_of_another_office_is_refused(client, camera):
    answer = deliver(client, sealed_package(jurisdiction="elsewhere").data)
    assert answer.status_code == 422
    assert "elsewhere" in answer.json()["why"]


def test_too_large_is_refused_before_it_is_parsed(client, camera, settings):
    answer = deliver(client, b"x", **{"content-length": str(settings.max_package_bytes + 1)})
    assert answer.status_code == 413

    def endless():
        for _ in range(80):
            yield b"x" * 1024 * 1024

    answer = client.post(
        "/v1/packages",
        content=endless(),
        headers={"authorization": f"Bearer {TOKEN}", "content-type": "application/vnd.tertib.package"},
    )
    assert answer.status_code == 413


def test_a_full_disk_keeps_nothing_and_asks_to_come_back(client, camera, database, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    answer = deliver(client, sealed_package().data)
    assert answer.status_code == 507
    assert count(database, CaseRow) == 0
    monkeypatch.undo()
    assert deliver(client, sealed_package().data).status_code == 201


def test_packages_only_grow(client, camera, database):
    deliver(client, sealed_package().data)
    with pytest.raises(ProgrammingError, match="permission denied"), database.session() as session:
        session.execute(PackageRow.__table__.delete())


class TestEvidence:
    @pytest.fixture
    def case_id(self, client, camera):  # noqa: ARG002 - the camera must be registered
        return deliver(client, sealed_package().data).json()["case_id"]

    def test_an_officer_plays_the_clip_by_ranges(self, client, case_id, officer, sign_in, database):
        sign_in(officer)
        whole = client.get(f"/v1/evidence/{case_id}/clip.mp4")
        assert whole.status_code == 200
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        size = len(whole.content)
        for wanted, start, end in (
            ("bytes=0-", 0, size - 1),
            ("bytes=10-19", 10, 19),
            ("bytes=-5", size - 5, size - 1),
        ):
            part = client.get(f"/v1/evidence/{case_id}/clip.mp4", headers={"range": wanted})
            assert part.status_code == 206
            assert part.headers["content-range"] == f"bytes {start}-{end}/{size}"
            assert part.content == whole.content[start : end + 1]
        outside = client.get(f"/v1/evidence/{case_id}/clip.mp4", headers={"range": f"bytes={size}-"})
        assert (outside.status_code, outside.headers["content-range"]) == (416, f"bytes */{size}")
        same = client.get(f"/v1/evidence/{case_id}/clip.mp4", headers={"if-none-match": whole.headers["etag"]})
        assert same.status_code == 304
        with database.session() as session:
            assert session.scalar(select(func.count()).select_from(ViewRow).where(ViewRow.user_id == str(officer.id)))

    def test_nobody_else_sees_it(self, client, case_id, sign_in, make_user):
        assert client.get(f"/v1/evidence/{case_id}/clip.mp4").status_code == 401
        sign_in(make_user("agency", agency="dinkes"))
        theirs = client.get(f"/v1/evidence/{case_id}/clip.mp4")
        absent = client.get("/v1/evidence/8f14e45f-ceea-467f-a9f0-1f0d3c2b1a00/clip.mp4")
        assert theirs.status_code == absent.status_code == 404
        assert theirs.json() == absent.json()

    @pytest.mark.usefixtures("case_id")
    def test_a_changed_file_is_not_shown_as_evidence(self, database, settings):
        path = next(settings.evidence.rglob("*.tertib"))
        data = path.read_bytes()
        with database.session() as session:
            case = session.scalars(select(CaseRow)).one()
            member = read_member(session, EvidenceStore(settings.evidence), case, "offence.jpg")
            assert hashlib.sha256(member.read()).hexdigest() == member.sha256
            path.chmod(0o600)
            path.write_bytes(data[: member.offset] + b"x" + data[member.offset + 1 :])
            with pytest.raises(EvidenceDamaged):
                member.read()
