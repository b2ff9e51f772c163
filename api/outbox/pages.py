"""What left the office and what came in, for supervisors and auditors; what failed is sent again from here."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.outbox.by_hand import actions_of, write_down
from api.outbox.inbox import Inbox
from api.outbox.service import send_again
from api.outbox.tables import InboxRow, OutboxRow
from api.people.dependencies import require_role
from api.people.service import User
from api.problems import Conflict, NotFound
from api.requests import DbSession
from api.store.tables import CaseRow
from api.web.language import language_of
from api.web.messages import catalogue
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
PAGE: Final = 50
MIN_PURPOSE: Final = 5
MAX_PURPOSE: Final = 200
MAX_SHOWN: Final = 20_000
Reader = Annotated[User, Depends(require_role("supervisor", "auditor", "admin"))]
Retrier = Annotated[User, Depends(require_role("supervisor", "admin"))]
OUTBOX_STATES: Final = ("failed", "waiting", "sending", "sent")
INBOX_STATES: Final = ("failed", "waiting", "done", "refused")


class MessageNotFound(NotFound):
    """No such message."""

    code = "message-not-found"
    title = "No such message"


class NotFailedMessage(Conflict):
    """Only a message that failed is handled again."""

    code = "not-failed"
    title = "This has not failed"


def _counts(session: Session, table: type[OutboxRow] | type[InboxRow], states: tuple[str, ...]) -> dict[str, int]:
    held = {state: int(n) for state, n in session.execute(select(table.state, func.count()).group_by(table.state))}
    return {state: held.get(state, 0) for state in states}


def _older(before: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(before)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


@router.get("/audit/outbox")
def outbox_page(request: Request, session: DbSession, user: Reader, state: str = "", before: str = "") -> Response:
    """Effects on the outside, those that failed first to be seen."""
    chosen = state if state in OUTBOX_STATES else ""
    query = select(OutboxRow, CaseRow.reference).outerjoin(CaseRow, CaseRow.id == OutboxRow.case_id)
    if chosen:
        query = query.where(OutboxRow.state == chosen)
    older = _older(before)
    if older is not None:
        query = query.where(OutboxRow.created_at < older)
    rows = session.execute(query.order_by(OutboxRow.created_at.desc()).limit(PAGE + 1)).all()
    context = {
        "viewer": user,
        "rows": rows[:PAGE],
        "more": rows[PAGE - 1][0].created_at.isoformat() if len(rows) > PAGE else "",
        "counts": _counts(session, OutboxRow, OUTBOX_STATES),
        "chosen": chosen,
        "may_retry": user.role in {"supervisor", "admin"},
    }
    return render(request, "audit/outbox.html", context)


@router.post("/audit/outbox/{entry}/again")
def again(session: DbSession, user: Retrier, entry: UUID) -> Response:
    """Send what failed once more."""
    send_again(session, entry)
    write_down(session, user.actor, entry, "sent_again")
    return RedirectResponse("/audit/outbox?state=failed", status_code=303)


@router.get("/audit/inbox")
def inbox_page(request: Request, session: DbSession, user: Reader, state: str = "", before: str = "") -> Response:
    """Messages from outside, raw as they came, and what came of them."""
    chosen = state if state in INBOX_STATES else ""
    query = select(InboxRow)
    if chosen:
        query = query.where(InboxRow.state == chosen)
    older = _older(before)
    if older is not None:
        query = query.where(InboxRow.received_at < older)
    rows = session.scalars(query.order_by(InboxRow.received_at.desc()).limit(PAGE + 1)).all()
    context = {
        "viewer": user,
        "rows": rows[:PAGE],
        "more": rows[PAGE - 1].received_at.isoformat() if len(rows) > PAGE else "",
        "counts": _counts(session, InboxRow, INBOX_STATES),
        "chosen": chosen,
        "may_retry": user.role in {"supervisor", "admin"},
    }
    return render(request, "audit/inbox.html", context)


@router.get("/audit/inbox/{entry}")
def message_page(request: Request, session: DbSession, user: Reader, entry: UUID) -> Response:
    """One message: what came of it, who looked; why does somebody want to read it as it came?"""
    return _message(request, session, user, entry)


@router.post("/audit/inbox/{entry}")
def message_shown(
    request: Request, session: DbSession, user: Reader, entry: UUID, purpose: Annotated[str, Form()] = ""
) -> Response:
    """The message as it came, for a purpose that is written down: it may hold what a citizen told nobody else."""
    wanted = " ".join(purpose.split())[:MAX_PURPOSE]
    if len(wanted) < MIN_PURPOSE:
        return _message(request, session, user, entry, typed=wanted, short=True)
    write_down(session, user.actor, entry, "viewed", purpose=wanted)
    return _message(request, session, user, entry, typed=wanted, shown=True)


def _message(
    request: Request,
    session: Session,
    user: User,
    entry: UUID,
    *,
    typed: str = "",
    shown: bool = False,
    short: bool = False,
) -> Response:
    row = session.get(InboxRow, entry)
    if row is None:
        raise MessageNotFound("There is no such message in the inbox.")
    say = partial(catalogue().text, language_of(request))
    context = {
        "viewer": user,
        "row": row,
        "raw": row.raw[:MAX_SHOWN].decode("utf-8", "replace") if shown else None,
        "actions": actions_of(session, entry),
        "typed": typed,
        "errors": {"purpose": say("inbox.purpose.short")} if short else {},
        "may_retry": user.role in {"supervisor", "admin"},
    }
    return render(request, "audit/message.html", context, status_code=422 if short else 200)


@router.post("/audit/inbox/{entry}/again")
def handle_again(request: Request, session: DbSession, user: Retrier, entry: UUID) -> Response:
    """Handle what failed once more."""
    inbox: Inbox = request.app.state.inbox
    row = session.scalars(select(InboxRow).where(InboxRow.id == entry).with_for_update()).one_or_none()
    if row is None:
        raise MessageNotFound("There is no such message in the inbox.")
    if row.state != "failed":
        raise NotFailedMessage(f"This message is {row.state}; only one that failed can be handled again.")
    write_down(session, user.actor, entry, "handled_again")
    inbox.run(session, row)
    return RedirectResponse("/audit/inbox?state=failed", status_code=303)
