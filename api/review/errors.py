"""What the review refuses. Each error carries the message's key, so that a page says it in the reader's language."""

from __future__ import annotations

from typing import ClassVar

from api.problems import Conflict, Forbidden, Unprocessable
from api.web.messages import catalogue


class ReviewRefused(Conflict):
    """A decision that cannot be taken now.

    Args:
        message: key of the sentence in the message catalogue.
        values: what the sentence names.
    """

    code: ClassVar[str] = "review-refused"
    title: ClassVar[str] = "The decision cannot be taken now"

    def __init__(self, message: str, **values: object) -> None:
        self.message = message
        self.values = values
        super().__init__(catalogue().text("en", message, **values))


class EvidenceUnseen(ReviewRefused):
    """The evidence was not shown to this very session, or not long enough."""

    code = "evidence-unseen"
    title = "The evidence was not seen"


class LeaseLost(ReviewRefused):
    """The case lies on somebody else's desk, or the time has run out."""

    code = "lease-lost"
    title = "The case is not yours now"


class AlreadyDecided(ReviewRefused):
    """Somebody has decided before."""

    code = "already-decided"
    title = "The case has been decided"


class CannotBeTicketed(ReviewRefused):
    """No ticket can come of it: no plate, no owner, no law. It can be rejected."""

    code = "cannot-be-ticketed"
    title = "No ticket can come of this case"


class UndoRefused(ReviewRefused):
    """There is nothing to take back, or it is too late for it."""

    code = "undo-refused"
    title = "The decision stays"


class SamePerson(ReviewRefused):
    """Who validated a ticket does not judge the contest against it."""

    code = "same-person"
    title = "Somebody else must decide this"


class ReasonNeeded(Unprocessable):
    """A reason of the closed list, or the text of an answer, is missing.

    Args:
        message: key of the sentence in the message catalogue.
    """

    code = "reason-needed"
    title = "Something is missing"

    def __init__(self, message: str) -> None:
        self.message = message
        self.values: dict[str, object] = {}
        super().__init__(catalogue().text("en", message))


class NotForRole(Forbidden):
    """The role reads cases but does not decide them."""

    code = "not-for-role"
    title = "Your role does not decide"

    def __init__(self) -> None:
        super().__init__("Your role may read cases, but officers and supervisors decide them.")
