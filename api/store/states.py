"""The state of a case is a pure function of its events."""

from __future__ import annotations

from collections.abc import Iterable

from api.store.errors import IllegalTransition
from api.store.kinds import CaseKind
from api.store.transitions import NEW, TRANSITIONS, allowed


def next_state(kind: CaseKind, state: str, event_type: str) -> str:
    """The state after one more event.

    Raises:
        IllegalTransition: the event may not follow in this state.
    """
    target = TRANSITIONS[kind].get(state, {}).get(event_type)
    if target is None:
        raise IllegalTransition(kind.value, state, event_type, allowed(kind, state))
    return target


def state_after(kind: CaseKind, event_types: Iterable[str]) -> str:
    """The state after these events, from the first on.

    Raises:
        IllegalTransition: an event may not follow in the state that the ones before it lead to.
    """
    state = NEW
    for event_type in event_types:
        state = next_state(kind, state, event_type)
    return state
