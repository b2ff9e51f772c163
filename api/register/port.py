"""The port: whose vehicle carries a plate, and what happens when the register cannot say.

A register that is down, slow or talks nonsense is never taken for one that knows no such plate: the officer is told,
the case stays where it is, and nothing is approved until it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from api.problems import Unavailable
from api.register.service import TableRegister, VehicleRegister
from api.web.messages import catalogue

REGISTER_KEY: Final = "tertib.register"
Opener = Callable[[Session], VehicleRegister]


class RegisterAway(Unavailable):
    """The register cannot be asked now; the case waits.

    Args:
        message: key of the sentence in the message catalogue (`register.away`, `register.slow`, `register.nonsense`).
        told: what exactly happened, for who runs the office.
    """

    code = "register-away"
    title = "The vehicle register does not answer"

    def __init__(self, message: str, told: str = "") -> None:
        self.message = message
        self.values: dict[str, object] = {}
        self.told = told
        super().__init__(catalogue().text("en", message))


def register_of(session: Session) -> VehicleRegister:
    """The register that this office asks: the one it is connected to, else its own table."""
    opener: Opener | None = session.info.get(REGISTER_KEY)
    return TableRegister(session) if opener is None else opener(session)
