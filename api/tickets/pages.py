"""The owner's pages of a ticket: what is alleged, evidence, clocks, confirm, the letter. No JavaScript is needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.attachments.service import attachment_data
from api.intake.evidence import manifest_of, read_member
from api.intake.evidence_store import EvidenceStore
from api.people.dependencies import OptionalUser
from api.portal.again import KeepingRoute, shown_again_by
from api.portal.page import Texts, public_page
from api.portal.pages import blank
from api.portal.submissions import FormTokenError, claim, new_form_token, record_case
from api.portal.wording import MAX_NAME, MIN_NAME, clean_line
from api.redaction.clip import can_draw, clip_member
from api.redaction.service import copies_of, copy_data, shown_members
from api.requests import DbSession, TheSettings
from api.settings import Settings
from api.store.errors import CaseNotFound, IllegalTransition
from api.store.kinds import CaseKind
from api.store.reading import Viewer, case_for
from api.store.tables import CaseRow
from api.tickets.confirmation import DENIALS, Choice, can_confirm, confirm
from api.tickets.letter import notice_pdf
from api.tickets.party import party_of, passes_of
from api.tickets.view import TicketView, attachment_case, contest_views, ticket_view
from api.web import figures
from pipeline.evidence.manifest import Manifest

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)
# The party's browser may keep a picture for as long as somebody looks at the page; nobody in between may.
PICTURE_HEADERS = {"Cache-Control": "private, max-age=600"}
MAX_REFERENCE = 60
# The page says whole seconds to a minute: an uncertainty from here on belongs beside it.
TOLD_FROM_MS = 1_000


@dataclass(frozen=True)
class Still:
    """One picture on the page; `src` is None when it cannot be shown safely."""

    role: str
    title: str
    src: str | None
    width: int = 0
    height: int = 0


def door(request: Request, session: Session, reference: str, *, kept: str = "") -> Response:
    """What everybody without the pass sees, whether the ticket exists or not: the form of the look-up.

    Args:
        request: as it came.
        session: an open session.
        reference: from the address.
        kept: what was written while the pass ran out; shown again, so that it can be copied.
    """
    return public_page(request, session, "lookup.html", {**blank(reference[:MAX_REFERENCE]), "kept": kept})


def clock_doubt(manifest: Manifest | None, texts: Texts) -> str:
    """What the owner is to know of the time on the ticket; "" where the camera's clock was set well."""
    if manifest is None:
        return ""
    if manifest.clock_source == "assumed":
        return texts.text("public.ticket.clock.assumed")
    if manifest.clock_uncertainty_ms > TOLD_FROM_MS:
        seconds = figures.number(manifest.clock_uncertainty_ms / 1000, texts.language, digits=0)
        return texts.text("public.ticket.clock.uncertain", seconds=seconds)
    return ""


def stills_of(
    session: Session,
    settings: Settings,
    ticket: CaseRow,
    view: TicketView,
    texts: Texts,
    manifest: Manifest | None,
) -> tuple[tuple[Still, ...], tuple[tuple[str, str], ...]]:
    """The redacted stills, and the hashes of the copies."""
    if manifest is None or ticket.parent_id is None:
        return (), ()
    store = EvidenceStore(settings.evidence)
    copies = copies_of(
        session, ticket.parent_id, manifest, lambda name: read_member(session, store, ticket, name).read()
    )
    stills, hashes = [], []
    for place, _ in shown_members(manifest):
        title = texts.text(f"public.ticket.evidence.{place}")
        copy = copies.get(place)
        if copy is None:
            stills.append(Still(place, title, None))
            continue
        stills.append(Still(place, title, f"{view.path}/stills/{place}.jpg", copy.width_px, copy.height_px))
        hashes.append((texts.text("public.ticket.verify.copy", role=title), copy.sha256))
    return tuple(stills), tuple(hashes)


@router.get("/t/{reference}")
def ticket_page(
    request: Request, session: DbSession, settings: TheSettings, reference: str, done: str = ""
) -> Response:
    """The ticket for its party; the look-up's form for everybody else."""
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    texts = Texts(request)
    view = ticket_view(session, viewer, ticket, texts)
    manifest = manifest_of(session, ticket)
    stills, hashes = stills_of(session, settings, ticket, view, texts, manifest)
    context = {
        "ticket": view,
        "stills": stills,
        "copy_hashes": hashes,
        "has_clip": manifest is not None and clip_member(manifest) is not None and can_draw(),
        "clock_doubt": clock_doubt(manifest, texts),
        "contests": contest_views(session, viewer, ticket, texts),
        "done": done if done in {"confirmed", "contested"} else "",
    }
    return public_page(request, session, "ticket.html", context)


@router.get("/t/{reference}/stills/{place}.jpg")
def still(request: Request, session: DbSession, reference: str, place: str) -> Response:
    """One redacted still, for the ticket's party."""
    _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    copy = copy_data(session, ticket.parent_id, place) if ticket.parent_id else None
    if copy is None:
        raise CaseNotFound
    headers = {**PICTURE_HEADERS, "ETag": f'"{copy.sha256}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(copy.data, media_type="image/jpeg", headers=headers)


@router.get("/t/{reference}/notice.pdf")
def notice(request: Request, session: DbSession, settings: TheSettings, user: OptionalUser, reference: str) -> Response:
    """The letter: for the party without name and address, for staff as it goes to the post."""
    if user is not None:
        ticket = case_for(session, user.viewer, reference, purpose="notice")
        if ticket.kind != CaseKind.TICKET.value:
            raise CaseNotFound
    else:
        _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    pdf = notice_pdf(session, settings, ticket, postal=user is not None)
    headers = {
        "Content-Disposition": f'inline; filename="tilang-{ticket.reference}.pdf"',
        "Cache-Control": "private, no-store",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


@router.get("/t/{reference}/attachments/{attachment}")
def attachment(request: Request, session: DbSession, user: OptionalUser, reference: str, attachment: UUID) -> Response:
    """A file that was attached to a contest of this ticket; always a download, never opened in our page's name."""
    if user is not None:
        viewer = user.viewer
        ticket = case_for(session, viewer, reference, purpose="attachment")
    else:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    holder = attachment_case(session, viewer, ticket, attachment)
    row = attachment_data(session, holder, attachment) if holder is not None else None
    if row is None:
        raise CaseNotFound
    headers = {
        "Content-Disposition": f'attachment; filename="{row.name}"',
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(row.data, media_type=row.media_type, headers=headers)


@router.post("/t/{reference}/leave")
def leave(request: Request, reference: str) -> Response:
    """Close the ticket on this device."""
    answer = RedirectResponse("/", status_code=303)
    passes_of(request).withdraw(answer, path=f"/t/{reference[:MAX_REFERENCE]}")
    return answer


def _confirm_page(
    request: Request,
    session: Session,
    viewer: Viewer,
    ticket: CaseRow,
    *,
    typed: dict[str, str],
    errors: dict[str, str] | None = None,
    expired: bool = False,
) -> Response:
    texts = Texts(request)
    choices = [
        (
            choice.value,
            texts.text(f"public.confirm.{choice.value}"),
            texts.known(f"public.confirm.{choice.value}.hint", "") if choice in DENIALS else None,
        )
        for choice in Choice
    ]
    context = {
        "ticket": ticket_view(session, viewer, ticket, texts),
        "choices": choices,
        "typed": typed,
        "errors": errors or {},
        "expired": expired,
        "form_token": new_form_token(),
    }
    status = 422 if errors or expired else 200
    return public_page(request, session, "confirm.html", context, status_code=status)


@router.get("/t/{reference}/confirm")
def confirm_page(request: Request, session: DbSession, reference: str) -> Response:
    """Who drove?"""
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    if not can_confirm(session, ticket):
        return RedirectResponse(f"/t/{ticket.reference}", status_code=303)
    return _confirm_page(request, session, viewer, ticket, typed={"choice": "", "driver": ""})


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    reference = str(request.path_params["reference"])
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    kept = {name: typed.get(name, "") for name in ("choice", "driver")}
    return _confirm_page(request, session, viewer, ticket, typed=kept, expired=True)


@router.post("/t/{reference}/confirm")
@shown_again_by(_again)
def confirm_sent(
    request: Request,
    session: DbSession,
    reference: str,
    choice: Annotated[str, Form()] = "",
    driver: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "",
) -> Response:
    """The owner's word, once however often it is sent."""
    try:
        viewer, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    texts = Texts(request)
    typed = {"choice": choice, "driver": driver}
    name = clean_line(driver)
    errors = {}
    chosen = Choice(choice) if choice in set(Choice) else None
    if chosen is None:
        errors["choice"] = texts.text("public.confirm.error.choice")
    if len(name) > MAX_NAME or (chosen is Choice.MINE_OTHER_DROVE and len(name) < MIN_NAME):
        errors["driver"] = texts.text("public.confirm.error.driver")
    if chosen is None or errors:
        return _confirm_page(request, session, viewer, ticket, typed=typed, errors=errors)
    done = RedirectResponse(f"/t/{ticket.reference}?done=confirmed", status_code=303)
    try:
        # A savepoint: when the ticket does not take it, the form's token is given back with the rest.
        with session.begin_nested():
            if claim(session, form_token, f"confirm:{ticket.id}").first:
                confirm(session, ticket=ticket, choice=chosen, driver=name or None)
                record_case(session, form_token, ticket.id)
    except FormTokenError:
        return _confirm_page(request, session, viewer, ticket, typed=typed, expired=True)
    except IllegalTransition:
        # Confirmed in another window, or decided meanwhile: the page tells how things stand.
        return RedirectResponse(f"/t/{ticket.reference}", status_code=303)
    return done
