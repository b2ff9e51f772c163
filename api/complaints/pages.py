"""The complaint's form and its public page. Both work without JavaScript; nothing that was typed is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.attachments.cleaning import MAX_FILES
from api.attachments.service import attach
from api.complaints import handling
from api.complaints.service import CITIZEN, Complaint, open_complaint
from api.complaints.view import complaint_view
from api.jurisdiction.model import Jurisdiction
from api.portal.again import KeepingRoute, shown_again_by
from api.portal.page import Texts, public_page
from api.portal.submissions import FormTokenError, claim, new_form_token, record_case
from api.portal.uploads import taken
from api.portal.wording import MAX_CONTACT, MAX_NAME, MAX_PLACE, MAX_STORY, MIN_STORY, clean_line, clean_text
from api.requests import DbSession, TheJurisdiction, get_database, get_jurisdiction, get_settings
from api.store.errors import CaseNotFound
from api.store.following import Followed, follow
from api.store.kinds import CaseKind
from api.store.reading import Viewer
from api.store.tables import CaseRow
from api.store.transitions import allowed
from api.tickets.party import party_of, passes_of

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)
FIELDS: Final = ("category", "text", "place", "regency", "name", "contact")
MAX_REFERENCE: Final = 60
_FORM: Final = "complaint"
_TELEPHONE: Final = re.compile(r"^\+?[0-9][0-9 ()./-]{5,}$")
_EMAIL: Final = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")


def _page(
    request: Request,
    session: Session,
    jurisdiction: Jurisdiction,
    *,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    expired: bool = False,
) -> Response:
    texts = Texts(request)
    categories = [
        ("", texts.text("public.complaint.category.choose")),
        *((category.id, category.names.text(texts.language)) for category in jurisdiction.complaint_categories),
    ]
    regencies = sorted((one.names.text(texts.language), one.id) for one in jurisdiction.regencies)
    context = {
        "categories": categories,
        "regencies": [("", texts.text("public.complaint.regency.choose")), *((key, name) for name, key in regencies)],
        "most_files": MAX_FILES,
        "typed": typed,
        "errors": errors or {},
        "expired": expired,
        "form_token": new_form_token(),
    }
    status = 422 if errors or expired else 200
    return public_page(request, session, "complain.html", context, status_code=status)


@router.get("/complaints/new")
def complaint_form(request: Request, session: DbSession, jurisdiction: TheJurisdiction, category: str = "") -> Response:
    """What is wrong?"""
    typed = {**dict.fromkeys(FIELDS, ""), "category": category[:60]}
    return _page(request, session, jurisdiction, typed=typed)


def _checked(typed: dict[str, str], jurisdiction: Jurisdiction, texts: Texts, errors: dict[str, str]) -> Complaint:
    text, place = clean_text(typed["text"]), clean_line(typed["place"])
    name, contact = clean_line(typed["name"]), clean_line(typed["contact"])
    if jurisdiction.complaint_category(typed["category"]) is None:
        errors["category"] = texts.text("public.complaint.error.category")
    if not MIN_STORY <= len(text) <= MAX_STORY:
        errors["text"] = texts.text("public.complaint.error.text", n=len(text))
    if len(place) > MAX_PLACE:
        errors["place"] = texts.text("public.complaint.error.place")
    if len(name) > MAX_NAME:
        errors["name"] = texts.text("public.complaint.error.name")
    reachable = _TELEPHONE.match(contact) or _EMAIL.match(contact)
    if contact and (len(contact) > MAX_CONTACT or not reachable):
        errors["contact"] = texts.text("public.complaint.error.contact")
    # What is in no list was not chosen: the place then tells, or nothing does.
    chosen = jurisdiction.regency_named(typed["regency"])
    regency = None if chosen is None else chosen.id
    return Complaint(typed["category"], text, place or None, name or None, contact or None, regency=regency)


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    kept = {name: typed.get(name, "") for name in FIELDS}
    return _page(request, session, get_jurisdiction(request), typed=kept, expired=True)


@router.post("/complaints/new")
@shown_again_by(_again)
def complaint_sent(
    request: Request,
    session: DbSession,
    jurisdiction: TheJurisdiction,
    category: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    place: Annotated[str, Form()] = "",
    regency: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    contact: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "",
    file: Annotated[list[UploadFile] | None, File()] = None,
) -> Response:
    """The complaint, once however often it is sent, with its photos."""
    fields = (category, text, place, regency, name, contact)
    typed = dict(zip(FIELDS, fields, strict=True))
    errors: dict[str, str] = {}
    complaint = _checked(typed, jurisdiction, Texts(request), errors)
    photos = taken(file or [], Texts(request), errors)
    if errors:
        return _page(request, session, jurisdiction, typed=typed, errors=errors)
    try:
        held = claim(session, form_token, _FORM)
    except FormTokenError:
        return _page(request, session, jurisdiction, typed=typed, expired=True)
    if held.first:
        case = open_complaint(session, complaint, jurisdiction=jurisdiction)
        for photo in photos:
            attach(session, case, photo, actor=CITIZEN)
        record_case(session, form_token, case.id)
    elif held.case_id is not None:
        case = session.get_one(CaseRow, held.case_id)
    else:
        return _page(request, session, jurisdiction, typed=typed, expired=True)
    path = f"/a/{case.reference}"
    answer = RedirectResponse(f"{path}?done=sent", status_code=303)
    # Whoever sent it reads here what was written; the form's token, which nobody else has, proves it.
    passes_of(request).grant(answer, case.id, path=path)
    return answer


@router.get("/a/{reference}")
def complaint_page(request: Request, reference: str, done: str = "") -> Response:
    """A complaint's public timeline and clock; more for whoever wrote it."""
    own = passes_of(request).of(request)
    viewer = Viewer.party(own) if own is not None else Viewer.anonymous()
    database = get_database(request)
    try:
        case = follow(database, viewer, reference)
    except CaseNotFound:
        case = None
    # A complaint is for anybody with its number, a contest for its party; nothing else is followed here.
    if case is None or case.kind not in {CaseKind.COMPLAINT.value, CaseKind.CONTEST.value}:
        missing: dict[str, object] = {
            "typed": {"number": reference[:MAX_REFERENCE]},
            "errors": {"number": Texts(request).text("public.follow.none")},
        }
        with database.session() as session:
            return public_page(request, session, "follow.html", missing, status_code=404)
    return _shown(request, case, viewer, done=done if own == case.id else "")


def _shown(
    request: Request, case: Followed, viewer: Viewer, *, done: str = "", typed: str = "", error: str = ""
) -> Response:
    texts = Texts(request)
    mine = viewer.party_case_id == case.id and case.kind == CaseKind.COMPLAINT.value
    possible = allowed(CaseKind(case.kind), case.state) if mine else ()
    jurisdiction = get_database(request).jurisdictions[case.jurisdiction]
    context = {
        "complaint": complaint_view(case, jurisdiction, texts, base=get_settings(request).public_url),
        "done": done == "sent",
        "told": texts.text(f"public.complaint.{done}") if done in {"withdrawn", "reopened"} else "",
        "can_withdraw": "withdrawn" in possible,
        "can_reopen": "reopened" in possible,
        "typed": {"still": typed},
        "errors": {"still": error} if error else {},
    }
    return public_page(request, case.now, "complaint.html", context, status_code=422 if error else 200)


@router.post("/a/{reference}/withdraw")
def complaint_withdrawn(request: Request, session: DbSession, reference: str) -> Response:
    """Whoever wrote it takes it back."""
    _, case = party_of(request, session, reference, CaseKind.COMPLAINT)
    if "withdrawn" in allowed(CaseKind.COMPLAINT, case.state):
        handling.withdraw(session, case.id)
    return RedirectResponse(f"/a/{case.reference}?done=withdrawn", status_code=303)


@router.post("/a/{reference}/reopen")
def complaint_reopened(
    request: Request, session: DbSession, reference: str, still: Annotated[str, Form()] = ""
) -> Response:
    """Whoever wrote it is not content: it is open again, and a person must answer within the day."""
    viewer, case = party_of(request, session, reference, CaseKind.COMPLAINT)
    said = clean_text(still)
    if not handling.MIN_REASON <= len(said) <= MAX_STORY:
        error = Texts(request).text("public.complaint.reopen.short")
        shown = follow(get_database(request), viewer, case.reference)
        return _shown(request, shown, viewer, typed=still[:MAX_STORY], error=error)
    if "reopened" in allowed(CaseKind.COMPLAINT, case.state):
        handling.reopen(session, case.id, text=said)
    return RedirectResponse(f"/a/{case.reference}?done=reopened", status_code=303)
