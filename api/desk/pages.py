"""The agency's desk: the inbox by clock, and the page of a complaint or of a wish for correction."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from api.attachments.service import attachment_data, attachments_of
from api.complaints import handling
from api.complaints.duplicates import duplicates_of
from api.complaints.service import complainant_of
from api.corrections import service as corrections
from api.desk import answering
from api.desk.clerk import NOTHING, CasePage, Clerk, TheClerk, Tried
from api.desk.inbox import OPEN, counts, on_the_desk, title_of
from api.desk.story import clocks_shown, story
from api.problems import Unprocessable
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import case_for
from api.store.tables import CaseRow

router = APIRouter(include_in_schema=False)
TABS: Final = (CaseKind.COMPLAINT, CaseKind.CORRECTION, CaseKind.TICKET, CaseKind.LETTER, CaseKind.REQUEST)
CLOSED: Final = {
    CaseKind.COMPLAINT: ("answered", "refused", "closed"),
    CaseKind.CORRECTION: ("corrected", "refused", "closed"),
    CaseKind.TICKET: ("paid", "cancelled", "moved", "closed", "due", "upheld", "court", "judged"),
    CaseKind.LETTER: ("sent", "archived"),
    CaseKind.REQUEST: ("refused", "closed"),
}
PATHS: Final = {
    CaseKind.COMPLAINT: "/agency/cases",
    CaseKind.CORRECTION: "/agency/cases",
    CaseKind.TICKET: "/agency/tickets",
    CaseKind.LETTER: "/agency/letters",
    CaseKind.REQUEST: "/agency/files",
}
Text = Annotated[str, Form(max_length=20_000)]
_SANDBOX: Final = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-store"}


class Unidentified(Unprocessable):
    """Data are not changed for somebody whose identity nobody checked."""

    code = "identity-unchecked"
    title = "The identity was not checked"


@router.get("/agency")
def inbox_page(clerk: TheClerk, kind: str = "complaint", show: str = "open", page: int = 1) -> Response:
    """What waits, the most urgent first."""
    chosen = next((one for one in TABS if one.value == kind), CaseKind.COMPLAINT)
    states = CLOSED[chosen] if show == "closed" else OPEN[chosen]
    at = min(max(1, page), 1000)
    lines, more = on_the_desk(clerk.session, clerk.user.viewer, chosen, clerk.language, states=states, page=at)
    context = {
        "lines": lines,
        "tabs": TABS,
        "chosen": chosen.value,
        "show": "closed" if show == "closed" else "open",
        "counts": counts(clerk.session, clerk.user.viewer),
        "path": PATHS[chosen],
        "page_number": at,
        "more": more,
        "agency": clerk.user.agency and clerk.agency_name(clerk.user.agency),
    }
    return clerk.page("desk/inbox.html", context)


def _case(clerk: Clerk, name: str) -> CaseRow:
    return clerk.case(name, CaseKind.COMPLAINT, CaseKind.CORRECTION, purpose="desk")


def _page(clerk: Clerk, case: CaseRow, tried: Tried = NOTHING) -> Response:
    session, viewer = clerk.session, clerk.user.viewer
    complaint = case.kind == CaseKind.COMPLAINT.value
    context: dict[str, Any] = {
        "case_row": case,
        "complaint": complaint,
        "title": title_of(case, clerk.jurisdiction, clerk.language) or clerk.say("desk.tab.correction"),
        "agency_name": clerk.agency_name(case.agency),
        "complainant": complainant_of(session, case) if complaint else None,
        "clocks": clocks_shown(session, case, clerk.language),
        "steps": story(session, viewer, case, clerk.language),
        "attachments": attachments_of(session, case),
        "alike": duplicates_of(session, viewer, case) if complaint and case.state == "open" else [],
        "joined": handling.joined_with(session, case.id) if complaint else [],
        "templates": answering.TEMPLATES,
        "template": answering.template(tried.typed.get("template") or clerk.request.query_params.get("template", "")),
        "agencies": [
            (one.id, one.names.text(clerk.language))
            for one in clerk.jurisdiction.agencies
            if one.id != case.agency and (one.oversight or not case.confidential)
        ],
        "open": case.state == "open",
    }
    return clerk.forms_page("desk/case.html", context, tried)


@router.get("/agency/cases/{name}")
def case_page(clerk: TheClerk, name: str) -> Response:
    """A complaint or a wish for correction, and what can be done with it."""
    return _page(clerk, _case(clerk, name))


@router.post("/agency/cases/{name}/answer")
def answered(
    clerk: TheClerk,
    name: str,
    template: Annotated[str, Form(max_length=40)] = "",
    looked_at: Text = "",
    found: Text = "",
    next_step: Text = "",
    done: Text = "",
    why_not: Text = "",
    other_way: Text = "",
) -> Response:
    """The answer, part by part."""
    case = _case(clerk, name)
    chosen = answering.template(template)
    parts = {
        "looked_at": looked_at,
        "found": found,
        "next_step": next_step,
        "done": done,
        "why_not": why_not,
        "other_way": other_way,
    }
    typed = {**parts, "template": chosen.id}
    try:
        text = answering.composed(chosen, parts)
    except answering.PartMissing as error:
        errors = {part: clerk.say(key) for part, key in error.parts.items()}
        return _page(clerk, case, Tried("answer", typed, errors, status=422))

    def do() -> None:
        handling.answer(clerk.session, case.id, text=text, actor=clerk.user.actor)

    return _at(clerk, case).act(do, done="answered", form="answer", typed=typed)


@router.post("/agency/cases/{name}/refuse")
def refused(clerk: TheClerk, name: str, reason: Text = "") -> Response:
    """Refuse, with a reason that everybody reads."""
    case = _case(clerk, name)
    complaint = case.kind == CaseKind.COMPLAINT.value

    def do() -> None:
        (handling if complaint else corrections).refuse(clerk.session, case.id, reason=reason, actor=clerk.user.actor)

    return _at(clerk, case).act(do, done="refused", form="refuse", typed={"reason": reason})


@router.post("/agency/cases/{name}/pass-on")
def passed_on(
    clerk: TheClerk, name: str, agency: Annotated[str, Form(max_length=60)] = "", reason: Text = ""
) -> Response:
    """Pass on to the agency that it belongs to; the clocks run on."""
    case = _case(clerk, name)

    def do() -> None:
        if len(reason.strip()) < handling.MIN_REASON:
            raise handling.ReasonMissing("Say why it is passed on: the citizen, and everybody, reads it.")
        handling.pass_on(clerk.session, case.id, agency=agency, reason=reason.strip(), actor=clerk.user.actor)

    typed = {"agency": agency, "why": reason}
    return _at(clerk, case).act(do, done="passed_on", form="pass_on", typed=typed, to="/agency")


@router.post("/agency/cases/{name}/join")
def joined(clerk: TheClerk, name: str, into: Annotated[str, Form(max_length=60)] = "") -> Response:
    """Join with a complaint that told the same before."""
    case = _case(clerk, name)

    def do() -> None:
        try:
            main = case_for(clerk.session, clerk.user.viewer, into, purpose="join")
        except CaseNotFound as error:
            raise handling.CannotJoin("There is no such complaint here: check its number.") from error
        handling.join(clerk.session, case.id, into=main.id, actor=clerk.user.actor)

    return _at(clerk, case).act(do, done="joined", form="join", typed={"into": into})


@router.post("/agency/cases/{name}/separate")
def separated(clerk: TheClerk, name: str, reason: Text = "") -> Response:
    """Undo a joining."""
    case = _case(clerk, name)

    def do() -> None:
        handling.separate(clerk.session, case.id, actor=clerk.user.actor, reason=reason.strip())

    return _at(clerk, case).act(do, done="separated", form="separate", typed={"reason": reason})


@router.post("/agency/cases/{name}/correct")
def corrected(
    clerk: TheClerk,
    name: str,
    done: Text = "",
    identity: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Say that the data were put right; whose they are was checked first."""
    case = _case(clerk, name)

    def do() -> None:
        if identity != "yes":
            raise Unidentified("Check first that the person is who they say, and tick it.")
        if len(done.strip()) < corrections.MIN_REASON:
            raise corrections.CorrectionRefused("Say what was put right: the person who asked reads it.")
        corrections.check_identity(clerk.session, case.id, actor=clerk.user.actor)
        corrections.correct(clerk.session, case.id, done=done, actor=clerk.user.actor)

    return _at(clerk, case).act(do, done="corrected", form="correct", typed={"done": done})


@router.get("/agency/cases/{name}/attachments/{attachment}")
def attachment(clerk: TheClerk, name: str, attachment: UUID) -> Response:
    """A file of the case, in a sandbox."""
    kinds = (CaseKind.COMPLAINT, CaseKind.CORRECTION, CaseKind.LETTER, CaseKind.REQUEST)
    case = clerk.case(name, *kinds, purpose="attachment")
    row = attachment_data(clerk.session, case, attachment)
    if row is None:
        return RedirectResponse(f"/agency/cases/{case.id}", status_code=303)
    shown = "inline" if row.media_type == "image/jpeg" else "attachment"
    headers = {**_SANDBOX, "Content-Disposition": f'{shown}; filename="{row.name}"'}
    return Response(row.data, media_type=row.media_type, headers=headers)


def _at(clerk: Clerk, case: CaseRow) -> CasePage:
    return CasePage(clerk, f"/agency/cases/{case.id}", partial(_page, clerk, case))
