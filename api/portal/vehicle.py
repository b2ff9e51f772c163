"""Without a letter: a vehicle's tickets by plate, engine and chassis number, all three as the register holds them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.portal.again import KeepingRoute, shown_again_by
from api.portal.page import Texts, public_page
from api.portal.passes import PartyPasses
from api.portal.throttle import LookupThrottle, TooManyLookups
from api.register.port import RegisterAway, register_of
from api.register.service import Vehicle
from api.requests import ClientAddress, TheSettings, get_database
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from pipeline.evidence.plate_number import PlateNumber

router = APIRouter(include_in_schema=False, route_class=KeepingRoute)
TYPED: Final = 60
MOST_TICKETS: Final = 20
_FIELDS: Final = ("plate", "engine", "chassis")


def plain(number: str) -> str:
    """A number as it counts: letters and digits, upper case."""
    return "".join(letter for letter in number.upper() if letter.isascii() and letter.isalnum())[:TYPED]


def _plate(typed: str) -> str:
    try:
        return PlateNumber.parse(typed).text
    except ValueError:
        return ""


def fits(vehicle: Vehicle | None, *, engine: str, chassis: str) -> bool:
    """Whether both numbers are the vehicle's; the same work whatever the answer. Without numbers it fits nobody."""
    held = (plain(vehicle.engine_number), plain(vehicle.chassis_number)) if vehicle else ("", "")
    same_engine = hmac.compare_digest(held[0].encode(), plain(engine).encode())
    same_chassis = hmac.compare_digest(held[1].encode(), plain(chassis).encode())
    return same_engine and same_chassis and all(held)


def _page(
    request: Request,
    session: Session,
    typed: Mapping[str, str],
    *,
    outcome: str = "",
    errors: Mapping[str, str] | None = None,
    found: list[CaseRow] | None = None,
    minutes: int = 0,
    status: int = 200,
) -> Response:
    context = {
        "typed": {name: typed.get(name, "")[:TYPED] for name in _FIELDS},
        "outcome": outcome,
        "errors": errors or {},
        "found": found or [],
        "minutes": minutes,
    }
    return public_page(request, session, "vehicle.html", context, status_code=status)


@router.get("/lookup/vehicle")
def vehicle_form(request: Request) -> Response:
    """The form."""
    with get_database(request).session() as session:
        return _page(request, session, {})


def _again(request: Request, session: Session, typed: Mapping[str, str]) -> Response:
    return _page(request, session, typed, outcome="expired", status=403)


@router.post("/lookup/vehicle")
@shown_again_by(_again)
def vehicle_sent(
    request: Request,
    settings: TheSettings,
    address: ClientAddress,
    plate: Annotated[str, Form()] = "",
    engine: Annotated[str, Form()] = "",
    chassis: Annotated[str, Form()] = "",
) -> Response:
    """The three were sent. Failures are counted like those of the other look-up, and look all the same."""
    typed = {"plate": plate, "engine": engine, "chassis": chassis}
    say = Texts(request).text
    throttle = LookupThrottle(settings.secret)
    wanted = _plate(plate)
    key = f"vehicle {wanted or plain(plate)}"
    with get_database(request).session() as session:
        errors = {name: say("vehicle.lookup.error") for name, value in typed.items() if not value.strip()}
        if errors:
            return _page(request, session, typed, errors=errors, status=422)
        try:
            throttle.check(session, client=address, reference=key)
        except TooManyLookups as error:
            answer = _page(request, session, typed, outcome="many", minutes=error.minutes, status=429)
            answer.headers["Retry-After"] = str(60 * error.minutes)
            return answer
        try:
            vehicle = register_of(session).find(wanted or "-")
        except RegisterAway:
            return _page(request, session, typed, outcome="away", status=503)
        right = fits(vehicle, engine=engine, chassis=chassis)
        # Not through the one door: this question is what makes somebody a party.
        query = select(CaseRow).where(
            CaseRow.subject["plate"].astext == (wanted if right else "-"), CaseRow.kind == CaseKind.TICKET.value
        )
        found = list(session.scalars(query.order_by(CaseRow.opened_at.desc()).limit(MOST_TICKETS)))
        if not found:
            throttle.record_failure(session, client=address, reference=key)
            return _page(request, session, typed, outcome="none", status=404)
        answer = _page(request, session, typed, found=found)
        passes = PartyPasses(settings.secret, secure=settings.secure)
        for ticket in found:
            passes.grant(answer, ticket.id, path=f"/t/{ticket.reference}")
        return answer
