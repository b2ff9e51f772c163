"""The owner's form of a contest. It works without JavaScript and forgets nothing that was typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.attachments.cleaning import MAX_FILES
from api.contests.service import contests_of, open_contest
from api.jurisdiction.loading import jurisdictions_of
from api.portal.again import KeepingRoute, shown_again_by
from api.portal.page import Texts, public_page
from api.portal.submissions import FormTokenError, claim, new_form_token, record_case
from api.portal.uploads import taken
from api.portal.wording import MAX_STORY, MIN_STORY, clean_text
from api.requests import DbSession
from api.store.errors import CaseNotFound, IllegalTransition
from api.store.kinds import CaseKind
from api.store.reading import Viewer
from api.store.tables import CaseRow
from api.tickets.pages import door
from api.tickets.party import party_of, passes_of
from api.tickets.view import ticket_view

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)


def _page(
    request: Request,
    session: Session,
    viewer: Viewer,
    ticket: CaseRow,
    *,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    expired: bool = False,
    closed: bool = False,
) -> Response:
    texts = Texts(request)
    grounds = [
        (
            ground.id,
            ground.names.text(texts.language),
            ground.evidence.text(texts.language) if ground.evidence else None,
        )
        for ground in jurisdictions_of(session)[ticket.jurisdiction].contest_grounds
    ]
    context = {
        "ticket": ticket_view(session, viewer, ticket, texts),
        "grounds": grounds,
        "typed": typed,
        "errors": errors or {},
        "expired": expired,
        "form_token": new_form_token(),
        "most_files": MAX_FILES,
    }
    status = 409 if closed else 422 if errors or expired else 200
    return public_page(request, session, "contest.html", context, status_code=status)


@router.get("/t/{reference}/contest")
def contest_page(request: Request, session: DbSession, reference: str) -> Response:
    """Why is this ticket wrong?"""
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    return _page(request, session, viewer, ticket, typed={"ground": "", "text": ""})


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    reference = str(request.path_params["reference"])
    kept = {name: typed.get(name, "") for name in ("ground", "text")}
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference, kept=kept["text"])
    return _page(request, session, viewer, ticket, typed=kept, expired=True)


@router.post("/t/{reference}/contest")
@shown_again_by(_again)
def contest_sent(
    request: Request,
    session: DbSession,
    reference: str,
    ground: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "",
    file: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """The contest, once however often it is sent."""
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference, kept=text)
    texts = Texts(request)
    typed = {"ground": ground, "text": text}
    story = clean_text(text)
    errors: dict[str, str] = {}
    if jurisdictions_of(session)[ticket.jurisdiction].contest_ground(ground) is None:
        errors["ground"] = texts.text("public.contest.error.ground")
    if not MIN_STORY <= len(story) <= MAX_STORY:
        errors["text"] = texts.text("public.contest.error.text", n=len(story))
    kept = taken(file or [], texts, errors)
    if errors:
        return _page(request, session, viewer, ticket, typed=typed, errors=errors)
    try:
        # A savepoint: when the ticket does not take the contest, the form's token is given back with the rest.
        with session.begin_nested():
            if claim(session, form_token, f"contest:{ticket.id}").first:
                contest = open_contest(session, ticket=ticket, ground=ground, text=story, attachments=kept)
                record_case(session, form_token, contest.id)
    except FormTokenError:
        return _page(request, session, viewer, ticket, typed=typed, expired=True)
    except IllegalTransition:
        # Contested in another window, cancelled or paid meanwhile: the page says which.
        session.refresh(ticket)
        return _page(request, session, viewer, ticket, typed=typed, closed=True)
    done = RedirectResponse(f"/t/{ticket.reference}?done=contested", status_code=303)
    newest = contests_of(session, viewer, ticket)[0]
    passes_of(request).grant(done, newest.id, path=f"/a/{newest.reference}")
    return done
