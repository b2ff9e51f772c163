"""The small words of the store: kinds of case, audiences of an event, and who acts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CaseKind(StrEnum):
    """What somebody must answer.

    `correction`: somebody asks that data about them be put right (UU 27/2022); `request`: an application at a counter
    of a service mall; `letter`: a letter into or out of an agency (e-office).
    """

    VIOLATION = "violation"
    TICKET = "ticket"
    CONTEST = "contest"
    COMPLAINT = "complaint"
    CORRECTION = "correction"
    REQUEST = "request"
    LETTER = "letter"


class Audience(StrEnum):
    """Who may read an event: everybody, the parties of the case, or the office alone."""

    PUBLIC = "public"
    PARTY = "party"
    INTERNAL = "internal"


STAFF_ROLES = frozenset({"officer", "supervisor", "auditor", "agency", "admin"})
ROLES = STAFF_ROLES | {"owner", "citizen", "camera", "system"}


@dataclass(frozen=True)
class Actor:
    """Who did something.

    Attributes:
        id: a user's id, a camera's id, or the name of a part of the system.
        name: shown to people.
        role: one of `ROLES`.
    """

    id: str
    name: str
    role: str

    def __post_init__(self) -> None:
        """Refuse a role that does not exist.

        Raises:
            ValueError: the role is unknown.
        """
        if self.role not in ROLES:
            message = f"unknown role {self.role!r}: one of {', '.join(sorted(ROLES))}"
            raise ValueError(message)

    @property
    def is_staff(self) -> bool:
        """Whether a human of the office acts: only such an answer stops the clock of the first answer."""
        return self.role in STAFF_ROLES


SYSTEM = Actor(id="tertib", name="Tertib", role="system")
