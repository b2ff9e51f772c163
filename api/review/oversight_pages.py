"""What supervisors and auditors see of the review: agreement, alarms of pace, known answers; search by plate."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.clock import now
from api.jurisdiction.loading import jurisdictions_of
from api.review import known, pace
from api.review.agreement import READING_ROLES, SORTS, Line, Rate, Sort, agreement, officers_named
from api.review.chance import is_rehearsed
from api.review.desk import Desk, TheDesk
from api.review.errors import NotForRole, ReviewRefused
from api.review.listing import title
from api.store.errors import CaseNotFound
from api.store.pages import cases_with_plate, plain_plate
from api.store.tables import CaseRow
from api.web.figures import percent
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
PURPOSES: Final = ("contest", "complaint", "counter", "court", "audit")
_SINCE: Final = timedelta(days=92)


@dataclass(frozen=True)
class Row:
    """One line of a table, in words."""

    name: str
    approvals: str
    agreed: str
    overturned: int
    known: str


def _rate(rate: Rate, language: str) -> str:
    if rate.share is None or rate.interval is None:
        return "\u2013"
    low, high = (percent(one, language) for one in rate.interval)
    return f"{percent(rate.share, language)} ({low} \u2013 {high}; {rate.hits}/{rate.of})"


def _lines(desk: Desk, sort: Sort) -> list[tuple[str, Line]]:
    lines = agreement(desk.session, desk.user.viewer, sort, since=now(desk.session) - _SINCE)
    if sort == "officer":
        names = officers_named(desk.session, lines)
    elif sort == "rule":
        jurisdictions = jurisdictions_of(desk.session)
        names = {one.code.value: one.names.text(desk.language) for held in jurisdictions for one in held.offences}
    else:
        names = {}
    return [(names.get(line.key, line.key), line) for line in lines]


def _require_oversight(desk: Desk) -> None:
    if desk.user.role not in READING_ROLES:
        raise NotForRole


@router.get("/review/agreement", name="review_agreement")
def agreement_page(desk: TheDesk) -> Response:
    """How often officers, cameras and rules are right; alarms of pace; known answers."""
    _require_oversight(desk)
    return _agreement(desk)


def _agreement(desk: Desk, *, refusal: str | None = None, placed: str | None = None, status: int = 200) -> Response:
    tables = {
        sort: [
            Row(
                name,
                _rate(line.approvals, desk.language),
                _rate(line.agreed, desk.language),
                line.overturned,
                _rate(line.known, desk.language),
            )
            for name, line in _lines(desk, sort)
        ]
        for sort in SORTS
    }
    context = desk.context(
        tables=tables,
        alarms=pace.alarms(desk.session, desk.user.viewer, now(desk.session)),
        may_place=desk.user.role in known.PLACING_ROLES,
        is_rehearsed=is_rehearsed(),
        refusal=refusal,
        placed=placed,
    )
    return render(desk.request, "review/agreement.html", context, status_code=status)


@router.get("/review/agreement.csv", name="review_agreement_csv")
def agreement_csv(desk: TheDesk) -> Response:
    """The same as figures, for whoever reckons on."""
    _require_oversight(desk)
    out = io.StringIO()
    writer = csv.writer(out)
    rates = [f"{name}_{part}" for name in ("approvals", "agreed", "known") for part in ("hits", "of", "low", "high")]
    writer.writerow(["sort", "key", "name", *rates, "overturned"])
    for sort in SORTS:
        for name, line in _lines(desk, sort):
            figures: list[object] = []
            for rate in (line.approvals, line.agreed, line.known):
                low, high = rate.interval or ("", "")
                figures += [rate.hits, rate.of, low, high]
            # A name that a spreadsheet would take for a formula stays a name.
            safe = f"'{name}" if name[:1] in "=+-@\t\r" else name
            writer.writerow([sort, line.key, safe, *figures, line.overturned])
    headers = {"Content-Disposition": 'attachment; filename="agreement.csv"', "Cache-Control": "private, no-store"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/review/known", name="review_known")
def place_known(
    desk: TheDesk,
    reference: Annotated[str, Form(max_length=60)] = "",
    expected: Annotated[Literal["approved", "rejected"], Form()] = "rejected",
) -> Response:
    """Mark a waiting violation as one whose answer is known."""
    _require_oversight(desk)
    try:
        case = known.place(desk.session, desk.user.viewer, desk.user.actor, reference, expected)
    except CaseNotFound:
        return _agreement(desk, refusal=desk.say("review.known.absent"), status=404)
    except ReviewRefused as error:
        return _agreement(desk, refusal=desk.say(error.message), status=error.status)
    return _agreement(desk, placed=desk.say("review.known.placed", reference=case.reference))


@router.get("/review/search", name="review_search")
def search_page(desk: TheDesk) -> Response:
    """The form of the search by plate."""
    return _search(desk)


@router.post("/review/search", name="review_search_sent")
def search(
    desk: TheDesk,
    plate: Annotated[str, Form(max_length=40)] = "",
    purpose: Annotated[str, Form(max_length=40)] = "",
    after: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """All cases of a vehicle that this person may read. Sent as a form: a plate stands in no address and no log."""
    errors: dict[str, str] = {}
    if plain_plate(plate) is None:
        errors["plate"] = desk.say("review.search.plate_wrong")
    if purpose not in PURPOSES:
        errors["purpose"] = desk.say("review.search.purpose_needed")
    if errors:
        return _search(desk, plate=plate, purpose=purpose, errors=errors, status=422)
    page = cases_with_plate(desk.session, desk.user.viewer, plate, purpose=purpose, after=after or None)
    jurisdictions = jurisdictions_of(desk.session)
    found = [(case, title(case, jurisdictions[case.jurisdiction], desk.language)) for case in page.cases]
    return _search(desk, plate=plate, purpose=purpose, found=found, older=page.older)


def _search(
    desk: Desk,
    *,
    plate: str = "",
    purpose: str = "",
    errors: dict[str, str] | None = None,
    found: list[tuple[CaseRow, str]] | None = None,
    older: str | None = None,
    status: int = 200,
) -> Response:
    context = desk.context(
        plate=plate, purpose=purpose, purposes=PURPOSES, errors=errors or {}, found=found, older=older
    )
    return render(desk.request, "review/search.html", context, status_code=status)
