"""What the store refuses, and how it says so."""

from __future__ import annotations

from api.problems import Conflict, Forbidden, NotFound, Unprocessable


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


class RoleRefused(Forbidden):
    """The event may follow, but not from somebody in this role.

    Args:
        kind: kind of the case.
        event_type: the event that was refused.
        role: the role of whoever tried.
        roles: whose it is.
    """

    code = "role-refused"
    title = "Somebody else's to do"

    def __init__(self, kind: str, event_type: str, role: str, roles: frozenset[str]) -> None:
        whose = ", ".join(sorted(roles))
        super().__init__(f"{event_type!r} of a {kind} is for {whose}, not for {role}.", roles=sorted(roles))


class SecondPersonNeeded(Conflict):
    """What needs two persons was tried by one; the sentence says who must act."""

    code = "second-person-needed"
    title = "A second person is needed"


class BlockRefused(Conflict):
    """No vehicle is blocked while its contest is open, nor does a contest open while its vehicle is blocked."""

    code = "block-refused"
    title = "Contest and block exclude each other"


class NotFinalYet(Conflict):
    """The decision can still be undone: nothing leaves the office before it is final."""

    code = "not-final-yet"
    title = "The decision is not final yet"


class FinalAlready(Conflict):
    """The time to undo a decision is over, or somebody else made it."""

    code = "final-already"
    title = "The decision is final"


class Confidential(Conflict):
    """What goes past the unit is passed on to agencies of oversight only."""

    code = "confidential"
    title = "This goes past the unit"


class BodyRefused(Unprocessable):
    """An event's body is not JSON that can be stored exactly."""

    code = "body-refused"
    title = "The content cannot be stored"


class ChainBroken(RuntimeError):  # noqa: N818 - reads as what happened
    """A stored event does not fit the chain: the store was changed from outside."""
