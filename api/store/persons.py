"""Who may do what, and what needs two persons: frozen tables, checked in code and by the database's own trigger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from api.store.kinds import STAFF_ROLES, CaseKind

_DECIDES = frozenset({"officer", "supervisor"})
_PARTY = frozenset({"owner", "citizen"})
_OFFICE = frozenset(STAFF_ROLES)

# The machine never decides, and nobody of the office takes a citizen's complaint back in the citizen's place.
ROLES_OF: Final[Mapping[tuple[CaseKind, str], frozenset[str]]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *(
                    (CaseKind.VIOLATION, event)
                    for event in ("approved", "rejected", "undone", "dismissed", "reinstated")
                ),
                *(
                    (CaseKind.TICKET, event)
                    for event in ("cancelled", "upheld", "denial_refused", "liability_moved", "reinstated")
                ),
                (CaseKind.CONTEST, "answered"),
            ),
            _DECIDES,
        ),
        **dict.fromkeys(
            (
                (CaseKind.TICKET, "unblock_proposed"),
                (CaseKind.TICKET, "refund_proposed"),
                (CaseKind.TICKET, "refund_approved"),
                (CaseKind.COMPLAINT, "refused"),
                (CaseKind.COMPLAINT, "merged"),
                (CaseKind.COMPLAINT, "separated"),
                (CaseKind.CORRECTION, "corrected"),
                (CaseKind.CORRECTION, "refused"),
                (CaseKind.REQUEST, "accepted"),
                (CaseKind.REQUEST, "granted"),
                (CaseKind.REQUEST, "refused"),
                (CaseKind.LETTER, "signed"),
            ),
            _OFFICE,
        ),
        **dict.fromkeys(((kind, "withdrawn") for kind in CaseKind if kind is not CaseKind.TICKET), _PARTY),
    }
)

Whose = Literal["case", "parent", "grandparent"]


# Who approved the violation, and who issued the ticket.
_VALIDATED: Final[tuple[tuple[str, Whose], ...]] = (("approved", "parent"), ("opened", "case"))


@dataclass(frozen=True)
class SecondPerson:
    """An event that must come from another person than an event before it.

    Attributes:
        kind: kind of the case.
        event: the event that is checked when a person of the office appends it.
        first: the event before it.
        whose: in which case that one stands: the same, its parent (a ticket's violation), or the parent's parent.
        needed: whether the first event must be there, by another person; False: only where it is.
        since: only first events after the last one of this type count; None: all.
    """

    kind: CaseKind
    event: str
    first: str
    whose: Whose = "case"
    needed: bool = False
    since: str = ""


SECOND_PERSONS: Final = (
    # A plate that somebody edited is validated by somebody else; a validation is dismissed by somebody else.
    SecondPerson(CaseKind.VIOLATION, "approved", "plate_corrected"),
    SecondPerson(CaseKind.VIOLATION, "dismissed", "approved"),
    SecondPerson(CaseKind.VIOLATION, "reinstated", "rejected"),
    # A contest, a denial or a void is decided by somebody who did not validate the violation nor issue the ticket.
    *(
        SecondPerson(CaseKind.TICKET, event, first, whose)
        for event in ("cancelled", "upheld", "denial_refused")
        for first, whose in _VALIDATED
    ),
    SecondPerson(CaseKind.CONTEST, "answered", "approved", "grandparent"),
    SecondPerson(CaseKind.CONTEST, "answered", "opened", "parent"),
    SecondPerson(CaseKind.TICKET, "reinstated", "approved", "parent"),
    SecondPerson(CaseKind.TICKET, "reinstated", "cancelled"),
    SecondPerson(CaseKind.TICKET, "reinstated", "liability_moved"),
    # One proposes, another does it. What the law lifts or pays back by itself, the system does without either.
    SecondPerson(CaseKind.TICKET, "unblocked", "unblock_proposed", needed=True, since="blocked"),
    SecondPerson(CaseKind.TICKET, "refund_approved", "refund_proposed", needed=True, since="refunded"),
    SecondPerson(CaseKind.LETTER, "signed", "drafted"),
)


def second_persons_for(kind: CaseKind, event_type: str) -> tuple[SecondPerson, ...]:
    """The rules that an event of a kind must meet."""
    return tuple(rule for rule in SECOND_PERSONS if rule.kind is kind and rule.event == event_type)


def rows() -> Iterator[tuple[str, str, str, str, bool, str]]:
    """Every rule as (kind, event_type, first_type, whose, needed, since_type), as the database holds them."""
    for rule in SECOND_PERSONS:
        yield rule.kind.value, rule.event, rule.first, rule.whose, rule.needed, rule.since
