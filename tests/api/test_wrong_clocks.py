"""The office's clock is wrong by hours, days or decades: packages stay who they are, deadlines stay where they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from api.audit.verifying import Audit, steady
from api.intake.cameras import add_camera, add_key
from api.intake.errors import EvidenceRefused
from api.intake.evidence_store import EvidenceStore
from api.intake.service import accept_package
from api.store.kinds import Audience, CaseKind
from api.store.service import open_case
from api.store.sweeping import sweep_due
from api.store.tables import ClockRow
from tests.pipeline.evidence.builder import CAMERA_ID, VALID_FROM, camera_key, sealed_chain

JUMPS = {
    "two hours back": timedelta(hours=-2),
    "two hours ahead": timedelta(hours=2),
    "400 days ahead": timedelta(days=400),
    "1970": datetime(1970, 1, 2, tzinfo=UTC) - datetime.now(UTC),
}


@pytest.fixture(params=JUMPS.values(), ids=JUMPS)
def jump(request):
    return request.param


@pytest.fixture
def take(database, settings):
    with database.session() as session:
        add_camera(
            session, camera_id=CAMERA_ID, place="Jl. Pemuda", agency="dishub", jurisdiction="jateng", token="t" * 40
        )
        add_key(session, camera_key().public(CAMERA_ID, valid_from=VALID_FROM))

    def do(package):
        with database.session() as session:
            store = EvidenceStore(settings.evidence)
            return accept_package(session, store, camera_id=CAMERA_ID, data=package.data, idempotency_key=None)

    return do


def test_a_package_is_the_same_package_whatever_the_clock_says(take, database, clock, jump):
    first, second = sealed_chain(2)
    before = take(first)
    clock.advance(jump)
    again = take(first)
    assert (again.case_id, again.reference, again.new) == (before.case_id, before.reference, False)
    code = None
    try:
        after = take(second)
    except EvidenceRefused as refused:
        # An office of 1970 knows no key that was valid then; once its clock is right the package is taken.
        code = refused.extra["refusal"]
        clock.advance(-jump)
        after = take(second)
    assert code in {None, "key-not-yet-valid", "dated-in-the-future"}
    assert after.new
    assert after.case_id != before.case_id
    with database.session() as session:
        steady(session)
        assert list(Audit(session).findings()) == []


def test_a_deadline_of_24_hours_stays_where_it_is(database, citizen, clock, jump):
    with database.session() as session:
        case = open_case(
            session,
            CaseKind.COMPLAINT,
            jurisdiction=database.jurisdictions.first,
            actor=citizen,
            body={"text": "a hole in the road"},
            audience=Audience.PARTY,
            agency="dpubmck",
            subject={"category": "road_damage"},
        )
        due = clock_of(session, case.id).due_at
    clock.advance(jump)
    with database.session() as session:
        sweep_due(session, datetime.now(UTC) + clock.offset)
    clock.advance(-jump)
    with database.session() as session:
        assert clock_of(session, case.id).due_at == due


def clock_of(session, case_id):
    query = select(ClockRow).where(ClockRow.case_id == case_id, ClockRow.name == "first_response")
    return session.scalars(query).one()
