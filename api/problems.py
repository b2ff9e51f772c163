"""Errors that carry their HTTP status. `api.answers` tells them: problem details to programs, a page to people."""

from __future__ import annotations

from typing import ClassVar

PROBLEM_MEDIA_TYPE = "application/problem+json"


class OfficeError(RuntimeError):
    """An expected failure, told to the person who can act.

    Args:
        detail: one sentence: what was wrong, and what to do.
        extra: further members of the problem document, JSON values.

    Attributes:
        status: HTTP status of the answer.
        code: last part of the problem's type URI; stable, programs compare it.
        title: the same short title for every error of this type.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "office-error"
    title: ClassVar[str] = "The office could not do this"

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra

    def document(self) -> dict[str, object]:
        """The problem document of RFC 9457."""
        return {
            "type": f"urn:tertib:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.extra,
        }


class BadRequest(OfficeError):  # noqa: N818 - reads as what happened
    """What was sent cannot be understood."""

    status = 400
    code = "bad-request"
    title = "The request cannot be understood"


class NotSignedIn(OfficeError):  # noqa: N818 - reads as what happened
    """Nobody is signed in, or the credentials are wrong."""

    status = 401
    code = "not-signed-in"
    title = "Sign in first"


class Forbidden(OfficeError):  # noqa: N818 - reads as what happened
    """The person or camera is known but may not do this."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class NotFound(OfficeError):  # noqa: N818 - reads as what happened
    """Absent, or not for this viewer: the two are never told apart."""

    status = 404
    code = "not-found"
    title = "Not found"


class Conflict(OfficeError):  # noqa: N818 - reads as what happened
    """The request contradicts what the office already holds."""

    status = 409
    code = "conflict"
    title = "This contradicts what the office holds"


class TooLarge(OfficeError):  # noqa: N818 - reads as what happened
    """The body is larger than the office accepts."""

    status = 413
    code = "too-large"
    title = "Too large"


class Unprocessable(OfficeError):  # noqa: N818 - reads as what happened
    """Understood, but refused because of its content."""

    status = 422
    code = "unprocessable"
    title = "The content is refused"


class TooMany(OfficeError):  # noqa: N818 - reads as what happened
    """Too many attempts; wait."""

    status = 429
    code = "too-many-attempts"
    title = "Too many attempts"


class Unavailable(OfficeError):  # noqa: N818 - reads as what happened
    """The office cannot answer now; trying later helps."""

    status = 503
    code = "unavailable"
    title = "The office cannot answer now"
