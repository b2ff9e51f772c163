"""A column whose texts are sealed on their way into the database and opened on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import Dialect, Engine, Text
from sqlalchemy.types import TypeDecorator

from api.secrecy.ring import MARK, Ring, RingError

# The engine's own dialect carries the ring: the type of a column knows no session.
_ATTRIBUTE: Final = "tertib_ring"

if TYPE_CHECKING:
    _Text = TypeDecorator[str]
else:
    _Text = TypeDecorator


def give_ring(engine: Engine, ring: Ring) -> None:
    """Let the sealed columns of an engine be sealed and opened with these keys."""
    setattr(engine.dialect, _ATTRIBUTE, ring)


class SealedText(_Text):
    """Text at rest only as AES-256-GCM; never searched or sorted by the database.

    Args:
        what: table and column: bound to each value.
    """

    impl = Text
    cache_ok = True

    def __init__(self, what: str) -> None:
        super().__init__()
        self.what = what

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Seal; an engine without keys (a test's) stores plainly."""
        ring: Ring | None = getattr(dialect, _ATTRIBUTE, None)
        return value if value is None or ring is None else ring.seal_text(value, self.what)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Open.

        Raises:
            RingError: it is sealed, and the engine has no key for it.
        """
        ring: Ring | None = getattr(dialect, _ATTRIBUTE, None)
        if value is None or not value.startswith(MARK):
            return value
        if ring is None:
            message = f"{self.what} is sealed, and this program was given no keys"
            raise RingError(message)
        return ring.open_text(value, self.what)
