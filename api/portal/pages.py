"""The portal's front: what one can do here, the look-up of a ticket, and the way to a complaint's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from api.portal.again import KeepingRoute, shown_again_by
from api.portal.lookup import find_ticket, plain_reference
from api.portal.page import Texts, public_page
from api.portal.passes import PartyPasses
from api.portal.throttle import LookupThrottle, TooManyLookups
from api.requests import ClientAddress, DbSession, TheSettings, get_database
from api.store.references import parse_reference
from api.store.tables import CaseRow

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)

# Longer than any reference or plate, so that a long line is refused by our own sentence and not by a framework's.
TYPED = 200


@router.get("/")
def home(request: Request, session: DbSession) -> Response:
    """The portal."""
    return public_page(request, session, "home.html", {"typed": {"reference": "", "plate": "", "number": ""}})


@router.get("/lookup")
def lookup_page(request: Request, session: DbSession, reference: str = "") -> Response:
    """The form of the look-up; `reference` comes with the link of a letter's QR code."""
    return public_page(request, session, "lookup.html", blank(reference))


def blank(reference: str) -> dict[str, object]:
    """The look-up's form with nothing but a reference in it."""
    return {"typed": {"reference": reference[:TYPED], "plate": ""}, "outcome": None}


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    kept = {name: typed.get(name, "")[:TYPED] for name in ("reference", "plate")}
    return public_page(request, session, "lookup.html", {"typed": kept, "outcome": "expired"}, status_code=403)


@router.post("/lookup")
@shown_again_by(_again)
def lookup_sent(
    request: Request,
    settings: TheSettings,
    address: ClientAddress,
    reference: Annotated[str, Form()] = "",
    plate: Annotated[str, Form()] = "",
) -> Response:
    """Reference and plate were sent. Every failure is counted before it is told, and looks the same."""
    texts = Texts(request)
    typed = {"reference": reference[:TYPED], "plate": plate[:TYPED]}
    errors: dict[str, str] = {}
    if not reference.strip():
        errors["reference"] = texts.text("public.lookup.error.reference")
    if not plate.strip():
        errors["plate"] = texts.text("public.lookup.error.plate")
    throttle = LookupThrottle(settings.secret)
    key = plain_reference(reference)
    # A transaction of its own: the count of a failure is stored before the answer leaves.
    with get_database(request).session() as session:
        if errors:
            page: dict[str, object] = {"typed": typed, "errors": errors, "outcome": None}
            return public_page(request, session, "lookup.html", page, status_code=422)
        try:
            throttle.check(session, client=address, reference=key)
        except TooManyLookups as error:
            page = {"typed": typed, "outcome": "many", "minutes": error.minutes}
            answer = public_page(request, session, "lookup.html", page, status_code=429)
            answer.headers["Retry-After"] = str(60 * error.minutes)
            return answer
        ticket_id = find_ticket(session, reference=typed["reference"], plate=typed["plate"])
        if ticket_id is None:
            throttle.record_failure(session, client=address, reference=key)
            return public_page(request, session, "lookup.html", {"typed": typed, "outcome": "none"}, status_code=404)
        ticket = session.get_one(CaseRow, ticket_id)
        path = f"/t/{ticket.reference}"
        found = RedirectResponse(path, status_code=303)
        PartyPasses(settings.secret, secure=settings.secure).grant(found, ticket_id, path=path)
        return found


@router.get("/follow")
def follow(request: Request, session: DbSession, number: str = "") -> Response:
    """From a complaint's number to its page. Whether it exists is told there, in the same words for all."""
    typed = {"number": number[:TYPED]}
    if not number:
        return public_page(request, session, "follow.html", {"typed": typed})
    reference = parse_reference(number)
    if reference is None:
        errors = {"number": Texts(request).text("public.follow.none")}
        return public_page(request, session, "follow.html", {"typed": typed, "errors": errors}, status_code=404)
    return RedirectResponse(f"/a/{reference}", status_code=303)
