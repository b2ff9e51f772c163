"""Counts that are kept up: always what counting over all rows would say, folded or not."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from api.clock import DatabaseClock, now
from api.complaints.service import Complaint, open_complaint
from api.database import Database
from api.jurisdiction.model import Jurisdiction
from api.people.service import User
from api.problems import BadRequest
from api.review import queue
from api.review.sweeping import sweep_review
from api.store import clocks, rollups
from api.store.kinds import Actor, Audience, CaseKind
from api.store.pages import SearchRow, cases_of, cases_with_plate
from api.store.reading import Viewer, readable_by
from api.store.service import append, open_case
from api.store.tables import CaseRow

ADMIN = Viewer.staff(Actor(id="a", name="Admin", role="admin"))
CAMERA = Actor(id="cam", name="Jl. Pemuda", role="camera")


def violation(
    session: Session, jurisdiction: Jurisdiction, *, plate: str = "H1234AB", agency: str = "dishub"
) -> CaseRow:
    moment = now(session)
    return open_case(
        session,
        CaseKind.VIOLATION,
        jurisdiction=jurisdiction,
        actor=CAMERA,
        body={},
        audience=Audience.INTERNAL,
        agency=agency,
        subject={"plate": plate, "occurred_at": moment.isoformat()},
    )


def counted(session: Session) -> Counter[tuple[str, str, str]]:
    query = select(CaseRow.agency, CaseRow.kind, CaseRow.state, func.count()).group_by(
        CaseRow.agency, CaseRow.kind, CaseRow.state
    )
    return Counter({(agency, kind, state): n for agency, kind, state, n in session.execute(query)})


def kept_up(session: Session) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for one in rollups.cases_by_state(session, ADMIN):
        found[one.agency, one.kind.value, one.state] += one.n
    return found


def test_counts_agree_with_counting_before_and_after_folding(
    session: Session, jurisdiction: Jurisdiction, officer: User, clock: DatabaseClock, citizen: Actor
) -> None:
    cases = [violation(session, jurisdiction) for _ in range(4)]
    complaint = open_complaint(session, Complaint(category="traffic", text="Lampu mati"), jurisdiction=jurisdiction)
    append(session, cases[0].id, "rejected", actor=officer.actor, body={}, audience=Audience.INTERNAL)
    append(
        session, complaint.id, "redirected", actor=officer.actor, body={"agency": "dinkes"}, audience=Audience.PUBLIC
    )
    clock.advance(timedelta(hours=30))
    late = open_complaint(session, Complaint(category="traffic", text="Lampu mati"), jurisdiction=jurisdiction)
    append(session, late.id, "answered", actor=officer.actor, body={"text": "ya"}, audience=Audience.PUBLIC)
    for _ in range(2):
        assert kept_up(session) == counted(session)
        assert queue.counts(session, officer.viewer) == queue.Counts(violations=3, answers=1, overdue=1)
        moment = now(session)
        for agency, held in rollups.kept(session, ADMIN, "first_response", moment).items():
            assert held == clocks.on_time(session, "first_response", moment, agency=agency), agency
        assert sweep_review(session, moment) in {0, *range(5, 100)}
    assert session.execute(select(func.count()).select_from(rollups.CHANGES)).scalar_one() == 0


def test_counts_are_those_of_the_viewers_agency(session: Session, jurisdiction: Jurisdiction) -> None:
    violation(session, jurisdiction, agency="dishub")
    violation(session, jurisdiction, agency="dinkes")
    for agency, seen in (("dishub", 1), ("dinsos", 0), (None, 2)):
        viewer = Viewer.staff(Actor(id="o", name="O", role="officer"), agency)
        assert queue.counts(session, viewer).violations == seen
        assert len(queue.page(session, viewer).entries) == seen
    assert rollups.cases_by_state(session, Viewer.anonymous()) == []


@pytest.mark.parametrize("folded", [False, True])
def test_a_total_tells_of_what_is_confidential_only_to_those_who_may_read_it(
    session: Session, jurisdiction: Jurisdiction, folded: bool
) -> None:
    def seen(role: str, agency: str | None = None) -> tuple[int, int, int]:
        viewer = Viewer.staff(Actor(id="x", name="X", role=role), agency)
        states = sum(one.n for one in rollups.cases_by_state(session, viewer))
        late = rollups.kept(session, viewer, "first_response", now(session))
        running = sum(one.running + one.overdue_open for one in late.values())
        page = queue.page(session, viewer).entries
        assert queue.counts(session, viewer).answers == len(page)
        return len(page), states, running

    people = (("officer", None), ("admin", None), ("supervisor", "dishub"), ("admin", "bidpropam-jateng"))
    readers = (("agency", "bidpropam-jateng"), ("auditor", None))
    before = {one: seen(*one) for one in people + readers}
    row = open_case(
        session,
        CaseKind.COMPLAINT,
        jurisdiction=jurisdiction,
        actor=Actor(id="citizen", name="Warga", role="citizen"),
        body={"text": "diminta uang"},
        audience=Audience.PARTY,
        agency="dishub",
        confidential=True,
    )
    append(
        session,
        row.id,
        "redirected",
        actor=Actor(id="s", name="S", role="supervisor"),
        body={"agency": "bidpropam-jateng"},
        audience=Audience.PARTY,
    )
    if folded:
        rollups.fold(session)
    for one in people[:3]:
        assert seen(*one) == before[one], one
    for one in (*readers, people[3]):
        assert seen(*one) == tuple(n + 1 for n in before[one]), one
    append(
        session,
        row.id,
        "answered",
        actor=Actor(id="p", name="P", role="agency"),
        body={"text": "ditindak"},
        audience=Audience.PARTY,
    )
    assert queue.counts(session, Viewer.staff(Actor(id="x", name="X", role="auditor"))).answers == before[readers[1]][0]
    for one in people[:3]:
        assert seen(*one) == before[one], one


def test_a_search_by_plate_is_paged_read_through_the_one_door_and_written_down(
    session: Session, jurisdiction: Jurisdiction, officer: User
) -> None:
    mine = [violation(session, jurisdiction) for _ in range(5)]
    violation(session, jurisdiction, plate="H9ZZ")
    found: list[CaseRow] = []
    after = None
    for _ in range(3):
        page = cases_with_plate(session, officer.viewer, "h 1234-ab", purpose="contest", after=after, size=2)
        found += page.cases
        after = page.older
    assert after is None
    assert [case.id for case in found] == [case.id for case in reversed(mine)]
    stranger = Viewer.staff(Actor(id="x", name="X", role="agency"), "dinkes")
    assert cases_with_plate(session, stranger, "H1234AB", purpose="curious").cases == ()
    assert cases_with_plate(session, Viewer.anonymous(), "H1234AB", purpose="curious").cases == ()
    told = [(row.user_id, row.query, row.purpose, row.found) for row in session.scalars(select(SearchRow))]
    assert told == [(officer.actor.id, "H1234AB", "contest", n) for n in (2, 2, 1)] + [("x", "H1234AB", "curious", 0)]


def test_lists_of_cases_go_on_where_the_page_before_ended(session: Session, jurisdiction: Jurisdiction) -> None:
    made = [violation(session, jurisdiction).id for _ in range(5)]
    seen: list[object] = []
    after = None
    while True:
        page = cases_of(session, ADMIN, CaseKind.VIOLATION, "awaiting_review", after=after, size=2)
        seen += [case.id for case in page.cases]
        after = page.older
        if after is None:
            break
    assert seen == made[::-1]
    with pytest.raises(BadRequest):
        cases_of(session, ADMIN, CaseKind.VIOLATION, "awaiting_review", after="nonsense")


def test_what_was_searched_cannot_be_erased(database: Database, officer: User) -> None:
    with database.session() as session:
        cases_with_plate(session, officer.viewer, "H1234AB", purpose="court")
    for statement in ("DELETE FROM searches", "UPDATE searches SET purpose = ''", "UPDATE counts SET n = 0"):
        with pytest.raises(ProgrammingError, match="permission denied"), database.session() as session:
            session.execute(text(statement))


def test_the_door_of_the_queue_is_the_one_door(session: Session, jurisdiction: Jurisdiction) -> None:
    violation(session, jurisdiction, agency="dishub")
    for role, agency in (("auditor", "dinkes"), ("admin", None), ("officer", "dinkes"), ("agency", None)):
        viewer = Viewer.staff(Actor(id="o", name="O", role=role), agency)
        through_the_door = len(list(session.scalars(readable_by(viewer))))
        assert len(queue.page(session, viewer).entries) == through_the_door == queue.counts(session, viewer).violations
