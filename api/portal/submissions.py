"""A form that is sent twice (a double tap, a reload) makes one case.

Each form carries a random token. The first request to write the token owns it; a second one waits for the first to
end, then learns what it made.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.clock import now
from api.portal.tables import SubmissionRow

_TOKEN: Final = re.compile(r"^[A-Za-z0-9_-]{22,64}$")


class FormTokenError(ValueError):
    """The form's token is missing or was made for another form: show the form again with a fresh one."""


@dataclass(frozen=True)
class Claim:
    """Whether this request may act on the form.

    Attributes:
        first: True for the one request that may; False when the form was already sent.
        case_id: what the first request made, when `first` is False.
    """

    first: bool
    case_id: UUID | None


def new_form_token() -> str:
    """A fresh token, 192 random bits."""
    return secrets.token_urlsafe(24)


def claim(session: Session, token: str, form: str) -> Claim:
    """Take the form's token, once.

    Args:
        session: the transaction that will make the case; the token is taken when it commits.
        token: from the form.
        form: which form, with the case that it is about, e.g. `contest:<ticket id>`.

    Raises:
        FormTokenError: no token, or the token of another form.
    """
    if not _TOKEN.fullmatch(token):
        raise FormTokenError("the form holds no valid token")
    statement = (
        insert(SubmissionRow)
        .values(token=token, form=form, at=now(session))
        .on_conflict_do_nothing(index_elements=["token"])
        .returning(SubmissionRow.token)
    )
    if session.execute(statement).scalar_one_or_none() is not None:
        return Claim(first=True, case_id=None)
    held = session.execute(select(SubmissionRow).where(SubmissionRow.token == token)).scalar_one()
    if held.form != form:
        raise FormTokenError("the form's token was made for another form")
    return Claim(first=False, case_id=held.case_id)


def record_case(session: Session, token: str, case_id: UUID) -> None:
    """Write down which case the form made, for whoever sends it again."""
    session.execute(update(SubmissionRow).where(SubmissionRow.token == token).values(case_id=case_id))
