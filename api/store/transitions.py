"""Which event may follow in which state: frozen tables, one a case kind.

The program copies these tables into the database when it starts, and a trigger refuses an event that they do not hold.
To add an event type to a kind, add it to `api.store.lives`: the tables are the only place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from api.store import lives
from api.store.kinds import CaseKind
from api.store.lives import ALWAYS, NEW, Table
from api.store.persons import ROLES_OF, second_persons_for

__all__ = ["NEW", "TRANSITIONS", "allowed", "rows"]


def _frozen(table: Table) -> Mapping[str, Mapping[str, str]]:
    full = {
        state: {**({} if state == NEW else dict.fromkeys(ALWAYS, state)), **events} for state, events in table.items()
    }
    return MappingProxyType({state: MappingProxyType(events) for state, events in full.items()})


TRANSITIONS: Mapping[CaseKind, Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        CaseKind.VIOLATION: _frozen(lives.VIOLATION),
        CaseKind.TICKET: _frozen(lives.TICKET),
        CaseKind.CONTEST: _frozen(lives.CONTEST),
        CaseKind.COMPLAINT: _frozen(lives.COMPLAINT),
        CaseKind.CORRECTION: _frozen(lives.CORRECTION),
        CaseKind.REQUEST: _frozen(lives.REQUEST),
        CaseKind.LETTER: _frozen(lives.LETTER),
    }
)


def allowed(kind: CaseKind, state: str) -> tuple[str, ...]:
    """Event types that may follow in this state, sorted."""
    return tuple(sorted(TRANSITIONS[kind].get(state, {})))


def rows() -> Iterator[tuple[str, str, str, str, str, bool]]:
    """Every transition as the database holds it.

    Yields:
        (kind, from_state, event_type, to_state, roles, second_person): roles as a list between spaces, empty for
        anybody; whether `api.store.persons` asks for a second person.
    """
    for kind, table in TRANSITIONS.items():
        for state, events in table.items():
            for event_type, target in events.items():
                roles = " ".join(sorted(ROLES_OF.get((kind, event_type), ())))
                yield kind.value, state, event_type, target, roles, bool(second_persons_for(kind, event_type))
