"""What the store refuses, and how it says so."""

from __future__ import annotations

from api.problems import Conflict, NotFound, Unprocessable


class CaseNotFound(NotFound):
    """No such case for this viewer: the answer is the same for an absent case and for somebody else's."""

    code = "case-not-found"
    title = "No such case"

    def __init__(self) -> None:
        super().__init__("No case with this reference can be shown here: check the reference, letter by letter.")


class IllegalTransition(Conflict):
    """The event may not follow in the state that the case is in.

    Args:
        kind: kind of the case.
        state: the state it is in.
        event_type: the event that was refused.
        allowed: event types that may follow.
    """

    code = "illegal-transition"
    title = "The case is not in a state for this"

    def __init__(self, kind: str, state: str, event_type: str, allowed: tuple[str, ...]) -> None:
        super().__init__(
            f"A {kind} that is {state} does not take {event_type!r}; allowed now: {', '.join(allowed) or 'nothing'}.",
            state=state,
            event_type=event_type,
            allowed=list(allowed),
        )


class BodyRefused(Unprocessable):
    """An event's body is not JSON that can be stored exactly."""

    code = "body-refused"
    title = "The content cannot be stored"


class ChainBroken(RuntimeError):  # noqa: N818 - reads as what happened
    """A stored event does not fit the chain: the store was changed from outside."""
