"""Counters: the number's machine, the desk that calls and serves, and the one file that its visitor follows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from api.counter import service as counter_service
from api.desk.clerk import NOTHING, CasePage, Clerk, TheClerk, Tried
from api.desk.inbox import title_of
from api.desk.story import clocks_shown, story
from api.jurisdiction.loading import jurisdictions_of
from api.letters.qr import qr_svg
from api.mall import service
from api.mall.links import FileLinks
from api.portal.page import Texts, public_page
from api.requests import DbSession, TheSettings, get_settings
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import Viewer, case_for
from api.store.references import parse_reference
from api.store.tables import CaseRow
from api.store.transitions import allowed

router = APIRouter(include_in_schema=False)
Short = Annotated[str, Form(max_length=400)]
Text = Annotated[str, Form(max_length=5_000)]


def _hall(clerk: Clerk, *, hall: str, counter: str, refusal: str | None = None, status: int = 200) -> Response:
    jurisdiction = clerk.jurisdiction
    halls = [(mall.id, mall.names.text(clerk.language)) for mall in jurisdiction.malls]
    try:
        mall = service.hall_named(jurisdiction, hall or (halls[0][0] if halls else ""))
    except service.HallUnknown as error:
        if not halls:
            raise
        mall, refusal, status = jurisdiction.malls[0], clerk.refusal(error), 422
    where = mall.id
    waits = service.waiting(clerk.session, where, clerk.user.agency, jurisdiction)
    here = service.at_counter(clerk.session, where, counter, jurisdiction) if counter else None
    cases = {row.case_id: clerk.session.get_one(CaseRow, row.case_id) for row in [*waits, *([here] if here else [])]}
    context = {
        "hall": where,
        "hall_name": mall.names.text(clerk.language),
        "halls": halls,
        "counter": counter,
        "waiting": [(row, title_of(cases[row.case_id], jurisdiction, clerk.language)) for row in waits],
        "here": here,
        "here_title": title_of(cases[here.case_id], jurisdiction, clerk.language) if here else "",
        "services": service.services_of(jurisdiction, mall, clerk.language),
        "refusal": refusal,
    }
    return clerk.page("mall/counter.html", context, status=status)


@router.get("/agency/counter")
def counter_page(clerk: TheClerk, hall: str = "", counter: str = "") -> Response:
    """Who waits, who is here, and the key that calls the next."""
    return _hall(clerk, hall=hall[:40], counter=counter[:12])


@router.post("/agency/counter/number")
def number_taken(clerk: TheClerk, hall: Short = "", service_id: Short = "") -> Response:
    """A visitor takes a number: their file is opened, and its paper printed."""
    made: list[CaseRow] = []

    def do() -> None:
        case, _ = service.take_number(
            clerk.session, service_id, hall=hall, jurisdiction=clerk.jurisdiction, actor=clerk.user.actor
        )
        made.append(case)

    def again(refusal: str, status: int) -> Response:
        return _hall(clerk, hall=hall, counter="", refusal=refusal, status=status)

    answer = clerk.acts(do, to="/agency/counter", done="numbered", again=again)
    return RedirectResponse(f"/agency/files/{made[0].id}/paper", status_code=303) if made else answer


@router.post("/agency/counter/call")
def called(clerk: TheClerk, hall: Short = "", counter: Short = "") -> Response:
    """Call the next visitor."""
    found: list[CaseRow] = []

    def do() -> None:
        row = service.call_next(
            clerk.session,
            hall=hall,
            counter=counter,
            agency=clerk.user.agency,
            jurisdiction=clerk.jurisdiction,
            actor=clerk.user.actor,
        )
        found.append(clerk.session.get_one(CaseRow, row.case_id))

    def again(refusal: str, status: int) -> Response:
        return _hall(clerk, hall=hall, counter=counter, refusal=refusal, status=status)

    answer = clerk.acts(do, to="/agency/counter", done="called", again=again)
    return RedirectResponse(f"/agency/files/{found[0].id}?done=called", status_code=303) if found else answer


def _file(clerk: Clerk, name: str) -> CaseRow:
    return clerk.case(name, CaseKind.REQUEST, purpose="counter")


def _page(clerk: Clerk, case: CaseRow, tried: Tried = NOTHING) -> Response:
    possible = set(allowed(CaseKind.REQUEST, case.state))
    number = service.number_of(clerk.session, case.id)
    links = FileLinks(get_settings(clerk.request).secret)
    context: dict[str, Any] = {
        "case_row": case,
        "title": title_of(case, clerk.jurisdiction, clerk.language),
        "agency_name": clerk.agency_name(case.agency),
        "number": number,
        "checklist": service.checklist_of(clerk.session, case),
        "missing": service.missing(clerk.session, case),
        "clocks": clocks_shown(clerk.session, case, clerk.language),
        "steps": story(clerk.session, clerk.user.viewer, case, clerk.language),
        "can": {
            name: name in possible
            for name in ("item_received", "accepted", "found_incomplete", "granted", "handed_over", "refused")
        },
        "public_path": links.path(case.reference),
        "back": "/agency/counter"
        if number is None
        else f"/agency/counter?hall={quote(number.hall)}"
        + (f"&counter={quote(number.counter)}" if number.counter else ""),
    }
    return clerk.forms_page("mall/file.html", context, tried)


@router.get("/agency/files/{name}")
def file_page(clerk: TheClerk, name: str) -> Response:
    """One file: its checklist, its clock, and what the counter does."""
    return _page(clerk, _file(clerk, name))


@router.get("/agency/files/{name}/paper")
def paper(clerk: TheClerk, settings: TheSettings, name: str) -> Response:
    """The number on paper, with the QR code of the visitor's file."""
    case = _file(clerk, name)
    number = service.number_of(clerk.session, case.id)
    if number is None:
        raise CaseNotFound
    path = FileLinks(settings.secret).path(case.reference)
    context = {
        "case_row": case,
        "title": title_of(case, clerk.jurisdiction, clerk.language),
        "number": number,
        "before": service.before(clerk.session, number),
        "qr": f"/agency/files/{case.id}/qr.svg",
        "address": settings.public_url.rstrip("/") + path,
    }
    return clerk.page("mall/paper.html", context)


@router.get("/agency/files/{name}/qr.svg")
def paper_qr(clerk: TheClerk, settings: TheSettings, name: str) -> Response:
    """The QR code of the visitor's file."""
    case = _file(clerk, name)
    address = settings.public_url.rstrip("/") + FileLinks(settings.secret).path(case.reference)
    return Response(qr_svg(address), media_type="image/svg+xml", headers={"Cache-Control": "private, no-store"})


@router.post("/agency/files/{name}/item")
def item_received(clerk: TheClerk, name: str, item: Short = "") -> Response:
    """A document was brought."""
    case = _file(clerk, name)

    def do() -> None:
        counter_service.receive_item(clerk.session, case.id, item, actor=clerk.user.actor)

    return _at(clerk, case).act(do, done="item", form="checklist", typed={})


@router.post("/agency/files/{name}/step")
def step_taken(
    clerk: TheClerk, name: str, step: Short = "", reason: Text = "", to_name: Short = "", remark: Short = ""
) -> Response:
    """Accept, find incomplete, grant, hand over, refuse, or: the visitor did not come."""
    case = _file(clerk, name)
    actor = clerk.user.actor
    steps: dict[str, Callable[[], object]] = {
        "accept": lambda: counter_service.accept(clerk.session, case.id, actor=actor),
        "incomplete": lambda: counter_service.find_incomplete(clerk.session, case.id, actor=actor),
        "grant": lambda: service.grant(clerk.session, case.id, actor=actor, remark=remark),
        "hand_over": lambda: service.hand_over(clerk.session, case.id, to_name=to_name, actor=actor),
        "refuse": lambda: service.refuse(clerk.session, case.id, reason=reason, actor=actor),
        "missed": lambda: service.missed(clerk.session, case.id, actor=actor),
    }

    def do() -> None:
        if step not in steps:
            raise service.RequestRefused("Choose what is to be done.")
        steps[step]()
        if step in {"accept", "incomplete"}:
            service.served(clerk.session, case.id)

    typed = {"reason": reason, "to_name": to_name, "remark": remark}
    return _at(clerk, case).act(do, done=step if step in steps else "", form=step, typed=typed)


def _at(clerk: Clerk, case: CaseRow) -> CasePage:
    return CasePage(clerk, f"/agency/files/{case.id}", partial(_page, clerk, case))


@router.get("/m/{reference}/{signature}")
def follow_page(
    request: Request, session: DbSession, settings: TheSettings, reference: str, signature: str
) -> Response:
    """A visitor's one file, for whoever holds the paper; no JavaScript, no account."""
    texts = Texts(request)
    wanted = parse_reference(reference) or ""
    if not FileLinks(settings.secret).genuine(wanted, signature):
        raise CaseNotFound
    # The signature makes its holder the party: then the one door, as for everybody.
    case_id = session.scalar(
        select(CaseRow.id).where(CaseRow.reference == wanted, CaseRow.kind == CaseKind.REQUEST.value)
    )
    if case_id is None:
        raise CaseNotFound
    viewer = Viewer.party(case_id)
    case = case_for(session, viewer, case_id)
    number = service.number_of(session, case.id)
    jurisdiction = jurisdictions_of(session)[case.jurisdiction]
    agency = jurisdiction.agency_named(case.agency)
    context = {
        "case_row": case,
        "title": title_of(case, jurisdiction, texts.language),
        "agency_name": case.agency if agency is None else agency.names.text(texts.language),
        "number": number,
        "before": None if number is None or number.state != "waiting" else service.before(session, number),
        "checklist": service.checklist_of(session, case),
        "clocks": clocks_shown(session, case, texts.language),
        "steps": story(session, viewer, case, texts.language, named=False),
    }
    return public_page(request, session, "file.html", context)
