"""What a leaf of the tree covers of a case: its chain's head, what never changes in its row, and its clocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from api.audit.merkle import leaf_hash
from api.audit.tables import TreeLeafRow
from api.store.hashing import canonical_json, iso_utc


class CaseFacts(Protocol):
    """The columns of a case's row that never change."""

    id: UUID
    reference: str
    kind: str
    jurisdiction: str
    opened_at: datetime
    parent_id: UUID | None


class ClockFacts(Protocol):
    """The columns of a clock that are fixed when it starts and when it ends."""

    name: str
    round: int
    policy_id: str
    policy_version: int
    stops_on: list[str]
    drops_on: list[str]
    restarts_on: list[str]
    staff_only: bool
    anchor_at: datetime
    started_at: datetime
    started_by: int
    due_at: datetime | None
    stopped_at: datetime | None
    stopped_by: int | None
    result: str


def _sha256(values: dict[str, Any]) -> str:
    return hashlib.sha256(canonical_json(values).encode()).hexdigest()


def identity_sha256(case: CaseFacts) -> str:
    """SHA-256 (hex) over what never changes in a case's row."""
    return _sha256(
        {
            "id": str(case.id),
            "jurisdiction": case.jurisdiction,
            "kind": case.kind,
            "opened_at": iso_utc(case.opened_at),
            "parent_id": None if case.parent_id is None else str(case.parent_id),
            "reference": case.reference,
        }
    )


def clocks_sha256(clocks: Iterable[ClockFacts], count: int) -> str:
    """SHA-256 (hex) over the clocks of a case as its first `count` events had left them.

    Running deadlines are not covered: they move, by an event that says why.
    """
    facts = []
    for clock in sorted(clocks, key=lambda one: (one.name, one.round)):
        if clock.started_by > count:
            continue
        ended = clock.stopped_by is not None and clock.stopped_by <= count
        facts.append(
            [
                clock.name,
                clock.round,
                clock.policy_id,
                clock.policy_version,
                list(clock.stops_on),
                clock.staff_only,
                iso_utc(clock.anchor_at),
                iso_utc(clock.started_at),
                clock.started_by,
                _ended(clock) if ended else None,
                # Only where there is any, so that leaves from before these columns stay what they are.
                *([list(clock.drops_on), list(clock.restarts_on)] if clock.drops_on or clock.restarts_on else []),
            ]
        )
    return _sha256({"clocks": facts})


def _ended(clock: ClockFacts) -> list[str | int | None]:
    return [
        None if clock.due_at is None else iso_utc(clock.due_at),
        None if clock.stopped_at is None else iso_utc(clock.stopped_at),
        clock.stopped_by,
        clock.result,
    ]


def hash_of(leaf: TreeLeafRow) -> bytes:
    """The leaf's hash in the tree, over its canonical JSON."""
    return leaf_hash(
        canonical_json(
            {
                "case_id": str(leaf.case_id),
                "clocks_sha256": leaf.clocks_sha256,
                "count": leaf.event_count,
                "head_sha256": leaf.head_sha256,
                "identity_sha256": leaf.identity_sha256,
            }
        ).encode()
    )
