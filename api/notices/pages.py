"""The signed link of a notice, and the page that tells whether a message is ours. No JavaScript is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.notices.genuineness import MAX_MESSAGE, Judgement, judge
from api.notices.links import NoticeLinks
from api.notices.tables import NoticeRow
from api.outbox.outside import Outside
from api.portal.again import KeepingRoute, shown_again_by
from api.portal.page import Texts, public_page
from api.portal.pages import blank
from api.portal.passes import PartyPasses
from api.portal.throttle import LookupThrottle, TooManyLookups
from api.requests import ClientAddress, DbSession, TheSettings, get_database
from api.store.tables import CaseRow
from api.web.figures import day

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)
MAX_SENDER = 200
_ASKED = "is this ours"


@router.get("/n/{code}/{signature}")
def follow_link(request: Request, session: DbSession, settings: TheSettings, code: str, signature: str) -> Response:
    """From the letter's QR code to the ticket. A letter that came back opens nothing any more."""
    notice = None
    if NoticeLinks(settings.secret).genuine(code, signature):
        notice = session.scalars(select(NoticeRow).where(NoticeRow.code == code)).one_or_none()
    if notice is None or notice.state in {"returned", "failed"}:
        # The same page for a forged link, an old one and none: the form that asks for reference and plate.
        return public_page(request, session, "lookup.html", blank(""), status_code=404)
    ticket = session.get_one(CaseRow, notice.case_id)
    path = f"/t/{ticket.reference}"
    answer = RedirectResponse(path, status_code=303, headers={"Cache-Control": "no-store"})
    PartyPasses(settings.secret, secure=settings.secure).grant(answer, ticket.id, path=path)
    return answer


def _page(
    request: Request,
    session: Session,
    *,
    typed: Mapping[str, str],
    found: Judgement | None = None,
    errors: Mapping[str, str] | None = None,
    outcome: str = "",
    status: int = 200,
) -> Response:
    texts = Texts(request)
    outside: Outside = request.app.state.outside
    detail = ""
    if found is not None and found.verdict == "ours":
        detail = texts.text(
            "notices.check.ours.detail",
            channel=texts.text(f"notices.channel.{found.channel}"),
            day="" if found.sent_at is None else day(found.sent_at, texts.language),
        )
    elif found is not None and found.detail:
        detail = texts.text(f"notices.check.{found.verdict}.detail", what=found.detail)
    context = {
        "typed": typed,
        "found": found,
        "detail": detail,
        "errors": errors or {},
        "outcome": outcome,
        "senders": outside.senders,
        "longest": MAX_MESSAGE,
    }
    return public_page(request, session, "check.html", context, status_code=status)


@router.get("/check")
def check_page(request: Request, session: DbSession) -> Response:
    """Is this message ours?"""
    return _page(request, session, typed={"message": "", "sender": ""})


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    kept = {"message": typed.get("message", "")[:MAX_MESSAGE], "sender": typed.get("sender", "")[:MAX_SENDER]}
    return _page(request, session, typed=kept, outcome="expired", status=403)


@router.post("/check")
@shown_again_by(_again)
def check_sent(
    request: Request,
    settings: TheSettings,
    address: ClientAddress,
    message: Annotated[str, Form()] = "",
    sender: Annotated[str, Form()] = "",
) -> Response:
    """What can be said of a message. Guessing codes is counted like guessing references."""
    outside: Outside = request.app.state.outside
    typed = {"message": message[:MAX_MESSAGE], "sender": sender[:MAX_SENDER]}
    throttle = LookupThrottle(settings.secret)
    with get_database(request).session() as session:
        if not message.strip():
            errors = {"message": Texts(request).text("notices.check.error.empty")}
            return _page(request, session, typed=typed, errors=errors, status=422)
        try:
            throttle.check(session, client=address, reference=f"{_ASKED} {address}")
        except TooManyLookups as error:
            answer = _page(request, session, typed=typed, outcome="many", status=429)
            answer.headers["Retry-After"] = str(60 * error.minutes)
            return answer
        found = judge(session, settings, message=message, sender=sender[:MAX_SENDER], senders=outside.senders)
        if found.verdict == "unknown":
            throttle.record_failure(session, client=address, reference=f"{_ASKED} {address}")
        return _page(request, session, typed=typed, found=found)
