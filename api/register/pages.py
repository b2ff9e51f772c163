"""The page on which an officer looks into a difference between camera and register, and says what it is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from api.register.matching import MAX_REASON, ReasonTooShort, resolve, unresolved
from api.register.service import Vehicle
from api.review.assembling import manifest_behind, plate_number, registered
from api.review.desk import Desk, TheDesk
from api.review.phrases import vehicle_class
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import case_for
from api.store.tables import CaseRow
from api.web.rendering import render
from pipeline.evidence.manifest import Manifest

router = APIRouter(include_in_schema=False)
TYPED = 2000


def _case(desk: Desk, name: str) -> tuple[CaseRow, Manifest, Vehicle | None, str | None]:
    case = case_for(desk.session, desk.user.viewer, name, purpose="register")
    if case.kind != CaseKind.VIOLATION.value:
        raise CaseNotFound
    manifest = manifest_behind(desk.session, case)
    return case, manifest, *registered(desk.session, plate_number(manifest))


def _page(desk: Desk, name: str, *, typed: str = "", error: str = "", status: int = 200) -> Response:
    case, manifest, vehicle, away = _case(desk, name)
    found = () if vehicle is None else unresolved(desk.session, case, vehicle, manifest.track)

    def shown(field: str, value: str) -> str:
        return vehicle_class(value, desk.language) if field == "class" else value

    rows = [
        (desk.say(f"register.field.{one.field}"), shown(one.field, one.seen), shown(one.field, one.registered))
        for one in found
    ]
    context = desk.context(
        case_row=case,
        rows=rows,
        away=None if away is None else desk.say(away),
        unknown=vehicle is None,
        typed=typed,
        errors={"reason": error} if error else {},
        longest=MAX_REASON,
    )
    return render(desk.request, "register/difference.html", context, status_code=status)


@router.get("/review/{name}/register")
def difference_page(desk: TheDesk, name: str) -> Response:
    """What differs."""
    return _page(desk, name)


@router.post("/review/{name}/register")
def difference_sent(desk: TheDesk, name: str, reason: Annotated[str, Form()] = "") -> Response:
    """Why it is the right vehicle although something differs."""
    case, manifest, vehicle, _ = _case(desk, name)
    found = () if vehicle is None else unresolved(desk.session, case, vehicle, manifest.track)
    if vehicle is None or not found:
        return _page(desk, name, status=409)
    try:
        resolve(desk.session, case, vehicle, found, reason=reason, actor=desk.user.actor)
    except ReasonTooShort:
        short = desk.say("register.page.reason.short")
        return _page(desk, name, typed=reason[:TYPED], error=short, status=422)
    return RedirectResponse(f"/review/{case.id}", status_code=303)
