"""What lies on disk and in the database is sealed, opens for the office alone, and ends when a key is destroyed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from api.audit.verifying import Audit, steady
from api.backup.service import examine
from api.database import Database
from api.intake.cameras import add_camera, add_key
from api.intake.evidence import EvidenceErased, package_of, read_member
from api.intake.evidence_store import EvidenceStore
from api.intake.orphans import sweep_orphans
from api.intake.service import accept_package
from api.register.service import TableRegister, Vehicle, load_register
from api.retention.sweeping import erase_due, reseal
from api.secrecy.cases import open_text, seal_text
from api.secrecy.columns import give_ring
from api.secrecy.ring import FILE_NAME, RING_KEY, Ring, RingError
from api.secrecy.tables import CaseKeyRow, ErasureRow
from api.store.kinds import SYSTEM, Actor, Audience
from api.store.service import append
from api.store.tables import CaseRow
from tests.pipeline.evidence.builder import CAMERA_ID, OCCURRED_AT, VALID_FROM, camera_key, sealed_package

OWNER = Vehicle("H1234AB", "car", "Toyota", "Avanza", "hitam", 2019, "Joko Santoso", "Jl. Rahasia 5", "test")


@pytest.fixture
def ring() -> Ring:
    return Ring.generate()


@pytest.fixture
def office(database: Database, ring: Ring) -> Database:
    """The office's database with keys, as `connect` gives them."""
    give_ring(database.engine, ring)
    database.carry(RING_KEY, ring)
    database.seals = True
    return database


@pytest.fixture
def store(settings) -> EvidenceStore:
    return EvidenceStore(settings.evidence)


def take(office, store):
    with office.session() as session:
        add_camera(
            session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token="t" * 40
        )
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))
        package = sealed_package(occurred_at=OCCURRED_AT)
        receipt = accept_package(session, store, camera_id=CAMERA_ID, data=package.data, idempotency_key=None)
    return package, receipt.case_id


def reject(office, case_id):
    officer = Actor(id="o", name="Rina", role="officer")
    with office.session() as session:
        append(session, case_id, "rejected", actor=officer, body={"reason": "unclear"}, audience=Audience.INTERNAL)


def test_the_register_is_sealed_at_rest_and_opens_for_the_office(office):
    with office.session() as session:
        load_register(session, [OWNER])
        assert TableRegister(session).find("H 1234 AB").owner_address == OWNER.owner_address
        at_rest = session.execute(text("SELECT vehicles::text FROM vehicles")).scalar_one()
    assert "Joko" not in at_rest
    assert "Rahasia" not in at_rest


def test_a_sealed_value_opens_in_its_own_column_alone(ring):
    sealed = ring.seal_text("Joko", "vehicles.owner_name")
    with pytest.raises(RingError, match="belongs elsewhere"):
        ring.open_text(sealed, "vehicles.owner_address")
    with pytest.raises(RingError, match="another office"):
        Ring.generate().open_text(sealed, "vehicles.owner_name")


def test_what_was_there_before_the_keys_is_read_and_sealed_by_a_rotation(database, ring):
    with database.session() as session:
        load_register(session, [OWNER])
    give_ring(database.engine, ring)
    newer = ring.with_new_key()
    with database.session() as session:
        session.info[RING_KEY] = newer
        assert reseal(session, newer) == 1
        at_rest = session.execute(text("SELECT owner_name FROM vehicles")).scalar_one()
    assert newer.newest_alone().open_text(at_rest, "vehicles.owner_name") == "Joko Santoso"


def test_a_ring_is_made_once_kept_from_others_and_damage_is_told(tmp_path):
    made = Ring.load(tmp_path)
    assert Ring.load(tmp_path) == made
    path = tmp_path / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    made.with_new_key().save(tmp_path)
    assert Ring.load(tmp_path).keys[1:] == made.keys
    path.chmod(0o644)
    with pytest.raises(RingError, match="chmod 600"):
        Ring.load(tmp_path)
    path.chmod(0o600)
    path.write_text("nonsense")
    with pytest.raises(RingError, match="damaged"):
        Ring.load(tmp_path)


def test_evidence_is_enciphered_on_disk_and_read_whole_or_in_part(office, store):
    package, case_id = take(office, store)
    at_rest = next(store.folder.rglob("*.tertib")).read_bytes()
    assert len(at_rest) == len(package.data)
    assert b"clip.mp4" not in at_rest
    with office.session() as session:
        case = session.get_one(CaseRow, case_id)
        for medium in package.manifest.members:
            member = read_member(session, store, case, medium.name)
            whole = member.read()
            assert b"".join(member.chunks(3, 20)) == whole[3:23]
        assert examine(session, store).missing == ()


def test_what_a_killed_upload_left_gives_way_to_the_same_package(office, store):
    package = sealed_package(occurred_at=OCCURRED_AT)
    with store.receive(b"k" * 32) as arrival:
        arrival.add([package.data])
        store.keep(arrival)
    _, case_id = take(office, store)
    with office.session() as session:
        assert read_member(session, store, session.get_one(CaseRow, case_id), "clip.mp4").read()


def test_after_the_time_of_a_rule_the_evidence_is_gone_and_the_chain_still_verifies(office, store, clock):
    _, case_id = take(office, store)
    with office.session() as session:
        body = {"owner": seal_text(session, case_id, "Joko")}
        append(session, case_id, "note", actor=SYSTEM, body=body, audience=Audience.INTERNAL)
    reject(office, case_id)
    with office.session() as session:
        assert erase_due(session) == []
    clock.advance(timedelta(days=400))
    with office.session() as session:
        (erased,) = erase_due(session)
        assert erased.case_id == case_id
        assert erase_due(session) == []
    with office.session() as session:
        case = session.get_one(CaseRow, case_id)
        with pytest.raises(EvidenceErased, match="its time was over"):
            read_member(session, store, case, "clip.mp4")
        note = session.execute(text("SELECT body FROM events WHERE type = 'note'")).scalar_one()
        sealed = note.partition('"owner":"')[2].partition('"')[0]
        assert sealed.startswith("sealed-for-case")
        assert open_text(session, case_id, sealed) is None
        assert package_of(session, case) is not None
        assert session.scalar(select(func.count()).select_from(CaseKeyRow)) == 0
        assert session.scalars(select(ErasureRow)).one().rule
        found = examine(session, store)
        assert (found.erased, found.missing) == (1, ())
        steady(session)
        assert list(Audit(session).findings()) == []


def test_the_book_of_erasures_cannot_be_changed(office, store, clock):
    _, case_id = take(office, store)
    reject(office, case_id)
    clock.advance(timedelta(days=400))
    with office.session() as session:
        erase_due(session)
    for statement in ("DELETE FROM erasures", "UPDATE erasures SET rule = 'none'"):
        with pytest.raises(Exception, match="permission denied"), office.session() as session:
            session.execute(text(statement))


def test_a_file_that_no_case_names_goes_after_an_hour_and_no_other(office, store):
    _, case_id = take(office, store)
    orphan = store.folder / "ab" / f"{'ab' * 32}.tertib"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"left")
    (store.folder / ".x.tmp").write_bytes(b"half")
    present = orphan.stat().st_mtime
    with office.session() as session:
        assert sweep_orphans(session, store, now_s=present + 3000) == 0
        assert sweep_orphans(session, store, now_s=present + 4000) == 2
        assert not orphan.exists()
        assert read_member(session, store, session.get_one(CaseRow, case_id), "clip.mp4").read()
