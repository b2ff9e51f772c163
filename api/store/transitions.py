"""Which event may follow in which state: frozen tables, one a case kind.

The program copies these tables into the database when it starts, and a trigger refuses an event that they do not hold.
To add an event type to a kind, add it here: the tables are the only place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from api.store.kinds import CaseKind

NEW = "new"
_Table = dict[str, dict[str, str]]

# Events that leave every state (but the unborn one) as it is: remarks, and what the clocks do.
_ALWAYS = (
    "note",
    "clock_overdue",
    "clock_computed",
    "clock_moved",
    "escalated",
    "letter_made",
    "letter_sent",
    "linked",
)

_VIOLATION: _Table = {
    NEW: {"opened": "awaiting_review"},
    "awaiting_review": {
        "approved": "approved",
        "rejected": "rejected",
        "plate_corrected": "awaiting_review",
        "skipped": "awaiting_review",
    },
    "approved": {"ticket_opened": "approved"},
    "rejected": {},
}

_TICKET: _Table = {
    NEW: {"opened": "issued"},
    "issued": {
        "notice_made": "issued",
        "notice_sent": "issued",
        "notice_received": "issued",
        "confirmed": "confirmed",
        "contested": "contested",
        "cancelled": "cancelled",
        "paid": "paid",
    },
    "confirmed": {
        "notice_made": "confirmed",
        "notice_sent": "confirmed",
        "notice_received": "confirmed",
        "contested": "contested",
        "cancelled": "cancelled",
        "paid": "paid",
    },
    "contested": {"upheld": "upheld", "cancelled": "cancelled"},
    "upheld": {
        "notice_made": "upheld",
        "notice_sent": "upheld",
        "notice_received": "upheld",
        "confirmed": "upheld",
        "cancelled": "cancelled",
        "paid": "paid",
    },
    "cancelled": {},
    "paid": {},
}

_ANSWERABLE: _Table = {
    NEW: {"opened": "open"},
    "open": {
        "acknowledged": "open",
        "message": "open",
        "attached": "open",
        "redirected": "open",
        "answered": "answered",
        "withdrawn": "closed",
    },
    "answered": {
        "message": "answered",
        "attached": "answered",
        "answered": "answered",
        "reopened": "open",
        "closed": "closed",
    },
    "closed": {"reopened": "open", "rated": "closed"},
}


def _frozen(table: _Table) -> Mapping[str, Mapping[str, str]]:
    full = {
        state: {**({} if state == NEW else dict.fromkeys(_ALWAYS, state)), **events} for state, events in table.items()
    }
    return MappingProxyType({state: MappingProxyType(events) for state, events in full.items()})


TRANSITIONS: Mapping[CaseKind, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        CaseKind.VIOLATION: _frozen(_VIOLATION),
        CaseKind.TICKET: _frozen(_TICKET),
        CaseKind.CONTEST: _frozen(_ANSWERABLE),
        CaseKind.COMPLAINT: _frozen(_ANSWERABLE),
    }
)


def allowed(kind: CaseKind, state: str) -> tuple[str, ...]:
    """Event types that may follow in this state, sorted."""
    return tuple(sorted(TRANSITIONS[kind].get(state, {})))


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Every transition as (kind, from_state, event_type, to_state), as the database holds them."""
    for kind, table in TRANSITIONS.items():
        for state, events in table.items():
            for event_type, target in events.items():
                yield kind.value, state, event_type, target
