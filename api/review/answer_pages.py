"""The page of a contest or a complaint: what was written, the evidence behind it, and the answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse, Response

from api.attachments.service import attachment_data, attachments_of
from api.complaints.service import complainant_of
from api.jurisdiction.loading import jurisdictions_of
from api.review import answers, leases, wording
from api.review.assembling import case_view, clock_views
from api.review.case_view import CaseView
from api.review.decision import DECIDING_ROLES
from api.review.desk import Desk, TheDesk
from api.review.errors import AlreadyDecided, ReasonNeeded, ReviewRefused
from api.review.listing import title
from api.store.errors import CaseNotFound, IllegalTransition
from api.store.kinds import CaseKind
from api.store.reading import case_for, timeline
from api.store.tables import CaseRow, EventRow
from api.web.messages import catalogue
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
_OUTCOMES = {"upheld": "review.uphold", "cancelled": "review.cancel"}
_NEVER_INLINE = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"}


@dataclass(frozen=True)
class Message:
    """Something that somebody wrote in a case."""

    at: datetime
    title: str
    who: str
    text: str | None


def _message(event: EventRow, language: str) -> Message:
    data = event.data
    said = [data[key] for key in ("text", "name") if isinstance(data.get(key), str)]
    outcome = data.get("outcome")
    if outcome in _OUTCOMES:
        said.insert(0, f"{catalogue().text(language, _OUTCOMES[outcome])}.")
    return Message(
        event.at, wording.event(event, language), wording.who(event.actor, language), "\n".join(said) or None
    )


def answer_page(
    desk: Desk,
    case: CaseRow,
    *,
    text: str = "",
    outcome: str | None = None,
    errors: dict[str, str] | None = None,
    refusal: str | None = None,
    status: int = 200,
) -> Response:
    """A contest or complaint; what was typed is never lost."""
    session = desk.session
    roles = answers.ANSWERING_ROLES if case.kind == CaseKind.COMPLAINT.value else DECIDING_ROLES
    may_answer = desk.user.role in roles and case.state == answers.OPEN
    ticket = None if case.parent_id is None else session.get(CaseRow, case.parent_id)
    if may_answer and case.kind == CaseKind.CONTEST.value and ticket is not None:
        own = desk.user.actor.id in answers.validators_of(session, ticket)
        may_answer, refusal = may_answer and not own, desk.say("review.same_person") if own else refusal
    lease = leases.take(session, case.id, desk.user.actor) if may_answer and not desk.is_prefetch else None
    held = leases.holder(session, case.id) if lease is None else None
    if may_answer and held is not None and refusal is None:
        refusal = desk.say("review.held_by_other", name=held.user_name)
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    evidence = _evidence(desk, ticket)
    context = desk.context(
        case_row=case,
        title=title(case, jurisdiction, desk.language),
        place=case.subject.get("place"),
        messages=[_message(event, desk.language) for event in timeline(session, desk.user.viewer, case)],
        attachments=attachments_of(session, case),
        complainant=complainant_of(session, case) if case.kind == CaseKind.COMPLAINT.value else None,
        clocks=clock_views(session, case, desk.language),
        c=evidence,
        ticket=ticket,
        lease_until=None if lease is None else lease.until,
        may_answer=may_answer and lease is not None,
        text=text,
        outcome=outcome,
        errors=errors or {},
        refusal=refusal,
    )
    return render(desk.request, "review/answer.html", context, status_code=status)


def _evidence(desk: Desk, ticket: CaseRow | None) -> CaseView | None:
    if ticket is None or ticket.parent_id is None:
        return None
    try:
        violation = case_for(desk.session, desk.user.viewer, ticket.parent_id, purpose="answer")
        return case_view(desk.session, violation, desk.language)
    except CaseNotFound:
        return None


@router.post("/review/{name}/answer", name="review_answer")
def answer(
    desk: TheDesk,
    name: str,
    text: Annotated[str, Form(max_length=20_000)] = "",
    outcome: Annotated[str | None, Form(max_length=20)] = None,
) -> Response:
    """Answer a contest or a complaint; its clock of the first response stops."""
    case = case_for(desk.session, desk.user.viewer, name, purpose="answer")
    is_contest = case.kind == CaseKind.CONTEST.value
    if is_contest and outcome not in {"upheld", "cancelled"}:
        errors = {"outcome": desk.say("review.outcome_needed")}
        return answer_page(desk, case, text=text, errors=errors, status=422)
    try:
        with desk.session.begin_nested():
            done = (
                answers.judge_contest(
                    desk.session,
                    desk.judge,
                    case.id,
                    outcome="upheld" if outcome == "upheld" else "cancelled",
                    text=text,
                )
                if is_contest
                else answers.answer_complaint(desk.session, desk.judge, case.id, text)
            )
    except ReasonNeeded as error:
        return answer_page(
            desk, case, text=text, outcome=outcome, errors={"text": desk.say(error.message)}, status=error.status
        )
    except AlreadyDecided as error:
        refusal = desk.say(error.message, **(error.values | {"outcome": desk.say("review.outcome.answered")}))
        return answer_page(desk, case, text=text, outcome=outcome, refusal=refusal, status=error.status)
    except ReviewRefused as error:
        refusal = desk.say(error.message, **error.values)
        return answer_page(desk, case, text=text, outcome=outcome, refusal=refusal, status=error.status)
    except IllegalTransition as error:
        return answer_page(desk, case, text=text, outcome=outcome, refusal=error.detail, status=error.status)
    return desk.go_on(done="answered", of=done.case)


@router.get("/review/{name}/attachments/{attachment}", name="review_attachment")
def attachment(desk: TheDesk, name: str, attachment: UUID) -> Response:
    """A file that an owner attached, as a download in a sandbox."""
    case = case_for(desk.session, desk.user.viewer, name, purpose="attachment")
    row = attachment_data(desk.session, case, attachment)
    if row is None:
        return RedirectResponse(f"/review/{case.id}", status_code=303)
    shown = "inline" if row.media_type == "image/jpeg" else "attachment"
    headers = {**_NEVER_INLINE, "Content-Disposition": f'{shown}; filename="{row.name}"'}
    return Response(row.data, media_type=row.media_type, headers=headers)
