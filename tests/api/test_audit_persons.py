"""Rows of two persons and of blocks against the events that made them: each contradiction is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from api.audit.persons import examine_blocks, examine_persons

T0 = datetime(2026, 11, 1, tzinfo=UTC)
TICKET = SimpleNamespace(id=uuid4(), kind="ticket", reference="T-1")


def happened(*types: str) -> list[SimpleNamespace]:
    """Events one an hour, each by a person of its own name."""
    return [
        SimpleNamespace(number=n, at=T0 + timedelta(hours=n), type=one, actor_id=f"by-{n}", body='{"plate":"H1AB"}')
        for n, one in enumerate(types, start=1)
    ]


EVENTS = happened("opened", "blocked", "unblock_proposed", "unblocked", "blocked")


def block(number: int, lifted_by: int | None = None, **changed: object) -> SimpleNamespace:
    lifted_at = None if lifted_by is None else T0 + timedelta(hours=lifted_by)
    true = {
        "number": number,
        "plate": "H1AB",
        "blocked_at": T0 + timedelta(hours=number),
        "lifted_by": lifted_by,
        "lifted_at": lifted_at,
    }
    return SimpleNamespace(**{**true, **changed})


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([block(2, 4), block(5)], []),
        ([block(2, 4)], [(5, "its row is gone")]),
        ([block(2), block(5)], [(2, "event 4 lifted it")]),
        ([block(2, 4), block(5, lifted_by=4)], [(5, "it was never lifted")]),
        ([block(2, 4), block(3), block(5)], [(3, "that event blocked nothing")]),
        ([block(2, 4, blocked_at=T0), block(5)], [(2, "contradicts the events")]),
        ([block(2, 4), block(5, plate="B9XYZ")], [(5, "blocks 'B9XYZ': the ticket is of 'H1AB'")]),
    ],
)
def test_a_block_that_the_events_do_not_tell_is_named(rows, named):
    found = list(examine_blocks(TICKET, EVENTS, rows))
    assert [one.event for one in found] == [number for number, _ in named]
    for one, (_, words) in zip(found, named, strict=True):
        assert one.what == "block_altered"
        assert one.case == "T-1"
        assert words in one.why


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"second_person": "by-9"}, "'by-4' appended it"),
        ({"first_person": "by-9"}, "the first person was 'by-3'"),
        ({"number": 9}, "there is no such event"),
        ({"first_number": 9}, "there is no event 9"),
        ({"first_number": 1, "first_person": "by-1"}, "needs nobody beside"),
    ],
)
def test_two_persons_that_the_events_do_not_tell_are_named(changed, words):
    true = {"number": 4, "first_case_id": TICKET.id, "first_number": 3, "first_person": "by-3", "second_person": "by-4"}
    row = SimpleNamespace(case_id=TICKET.id, **{**true, **changed})
    firsts = {(TICKET.id, event.number): event for event in EVENTS}
    found = list(examine_persons(TICKET, EVENTS, [row], firsts))
    if words is None:
        assert found == []
    else:
        assert [(one.what.value, one.event) for one in found] == [("persons_altered", row.number)]
        assert words in found[0].why
