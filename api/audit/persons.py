"""What the events' trigger wrote beside them: who was the second person, and which vehicles are blocked.

Both can be told from the events again; a row that says otherwise was written or changed past the trigger. A missing
row of two persons is no finding: rules that came later hold for no event before them.

Pure: rows in, findings out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from api.audit.examining import EventFacts, StoredCase
from api.audit.findings import Finding, Tampering
from api.store.kinds import CaseKind
from api.store.persons import second_persons_for


class PersonsFacts(Protocol):
    """A row of `second_persons`."""

    case_id: UUID
    number: int
    first_case_id: UUID
    first_number: int
    first_person: str
    second_person: str


class BlockFacts(Protocol):
    """A row of `blocks`."""

    case_id: UUID
    number: int
    plate: str
    blocked_at: datetime
    lifted_by: int | None
    lifted_at: datetime | None


class FirstEvent(Protocol):
    """The event before that the first person appended."""

    type: str
    actor_id: str


def examine_persons(
    case: StoredCase,
    events: Sequence[EventFacts],
    rows: Sequence[PersonsFacts],
    firsts: Mapping[tuple[UUID, int], FirstEvent],
) -> Iterator[Finding]:
    """Rows of `second_persons` that contradict the events.

    Args:
        case: the case.
        events: all its events, by number; their chain fits.
        rows: its rows.
        firsts: the earlier events that the rows name, by case and number.
    """
    by_number = {event.number: event for event in events}
    for row in rows:
        why = _wrong_persons(case, by_number.get(row.number), firsts.get((row.first_case_id, row.first_number)), row)
        if why:
            told = f"the row of two persons for event {row.number} contradicts the events: {why}"
            yield Finding(Tampering.PERSONS_ALTERED, told, case.reference, row.number, case.id)


def _wrong_persons(
    case: StoredCase, event: EventFacts | None, first: FirstEvent | None, row: PersonsFacts
) -> str | None:
    if event is None:
        return "there is no such event"
    if event.actor_id != row.second_person:
        return f"{event.actor_id!r} appended it, the row says {row.second_person!r}"
    if first is None:
        return f"there is no event {row.first_number} of case {row.first_case_id} before it"
    if first.actor_id != row.first_person:
        return f"the first person was {first.actor_id!r}, the row says {row.first_person!r}"
    if not any(rule.first == first.type for rule in second_persons_for(CaseKind(case.kind), event.type)):
        return f"{event.type!r} needs nobody beside whoever appended {first.type!r}"
    return None


def examine_blocks(case: StoredCase, events: Sequence[EventFacts], rows: Sequence[BlockFacts]) -> Iterator[Finding]:
    """Rows of `blocks` that contradict the events, and blocks without their row.

    Args:
        case: the case.
        events: all its events, by number; their chain fits.
        rows: its rows.
    """
    promised = _blocks_by(events) if case.kind == CaseKind.TICKET.value else {}
    held = {row.number: (row.blocked_at, row.lifted_by, row.lifted_at) for row in rows}
    issued_for = json.loads(events[0].body).get("plate") if promised else None
    plates = {row.number: row.plate for row in rows if isinstance(issued_for, str) and row.plate != issued_for}
    for number in sorted({*promised, *held}):
        if number not in promised:
            why = f"the row of the block by event {number} contradicts the events: that event blocked nothing"
        elif number not in held:
            why = f"event {number} blocked the vehicle, its row is gone"
        elif held[number] != promised[number]:
            lifted_by = promised[number][1]
            ended = "it was never lifted" if lifted_by is None else f"event {lifted_by} lifted it"
            why = f"the row of the block by event {number} contradicts the events: {ended}"
        elif number in plates:
            why = f"the row of the block by event {number} blocks {plates[number]!r}: the ticket is of {issued_for!r}"
        else:
            continue
        yield Finding(Tampering.BLOCK_ALTERED, why, case.reference, number, case.id)


def _blocks_by(events: Sequence[EventFacts]) -> dict[int, tuple[datetime, int | None, datetime | None]]:
    blocks: dict[int, tuple[datetime, int | None, datetime | None]] = {}
    running: EventFacts | None = None
    for event in events:
        if event.type == "blocked":
            running = event
            blocks[event.number] = (event.at, None, None)
        elif event.type == "unblocked" and running is not None:
            blocks[running.number] = (running.at, event.number, event.at)
            running = None
    return blocks
