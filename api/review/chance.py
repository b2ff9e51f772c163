"""Where the review takes its luck from: which case comes next, and which decisions are read a second time."""

from __future__ import annotations

import os
import secrets
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

CHANCE_KEY: Final = "tertib.chance"
# A rehearsal that must go the same way twice sets it to a number; the supervisors' page says so in red.
REHEARSAL: Final = "TERTIB_REHEARSAL_DRAW"


class Chance(Protocol):
    """Draws that nobody can foresee."""

    def draw(self) -> float:
        """A number, evenly from [0, 1)."""
        ...


class SystemChance:
    """The operating system's randomness: no officer and no program can know the next draw."""

    def draw(self) -> float:
        """A number, evenly from [0, 1)."""
        return secrets.randbits(53) / 2**53


class FixedChance:
    """The same draw every time, for rehearsals and tests.

    Args:
        value: from [0, 1).
    """

    def __init__(self, value: float) -> None:
        self.value = value

    def draw(self) -> float:
        """The number that was given."""
        return self.value


def is_rehearsed() -> bool:
    """Whether this office's luck is set from outside."""
    return bool(os.environ.get(REHEARSAL))


def chance_of(session: Session) -> Chance:
    """What the session carries, else the rehearsal's number, else the operating system's randomness."""
    carried: Chance | None = session.info.get(CHANCE_KEY)
    if carried is not None:
        return carried
    return FixedChance(float(os.environ[REHEARSAL])) if is_rehearsed() else SystemChance()


def random_place(chance: Chance) -> UUID:
    """A point among the ids of cases, which are random themselves: what comes behind it is a random case."""
    return UUID(int=int(chance.draw() * 2**64) << 64)
