"""`/statistics`: the supervisors' page, with plots that have their table beside them, and the same as CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from api.board import figures, oversight
from api.clock import now
from api.people.dependencies import require_role
from api.people.service import User
from api.requests import DbSession
from api.review.agreement import SORTS, agreement, officers_named
from api.web.language import language_of
from api.web.rendering import render

router = APIRouter(include_in_schema=False)
Reader = Annotated[User, Depends(require_role("supervisor", "auditor", "admin"))]
LOOK_BACK: Final = timedelta(days=92)


def _since(session: Session) -> datetime:
    return now(session) - LOOK_BACK


@router.get("/statistics")
def statistics(request: Request, session: DbSession, user: Reader) -> Response:
    """Funnel, errors, agreement, ladders and cameras."""
    moment = now(session)
    language = language_of(request)
    lines = {sort: agreement(session, user.viewer, sort, since=_since(session)) for sort in SORTS}
    rungs = oversight.ladders(session, user.viewer, moment)
    context = {
        "viewer": user,
        "now": moment,
        "funnel": figures.funnel(session, user.viewer),
        "lines": lines,
        "officers": officers_named(session, lines["officer"]),
        "rungs": [(one, oversight.ladder_name(session, one.clock, one.rung, language)) for one in rungs],
        "cameras": oversight.cameras(session, user.viewer, moment),
    }
    return render(request, "audit/statistics.html", context)


@router.get("/statistics.csv")
def statistics_csv(session: DbSession, user: Reader) -> Response:
    """The page's numbers: what, of whom, which number, its value."""
    moment = now(session)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["what", "key", "number", "value"])
    writer.writerows(["funnel", stage.name, "cases", stage.n] for stage in figures.funnel(session, user.viewer))
    for sort in SORTS:
        for line in agreement(session, user.viewer, sort, since=_since(session)):
            rejected = line.approvals.of - line.approvals.hits
            told = {"decided": line.approvals.of, "rejected": rejected, "overturned": line.overturned}
            writer.writerows([sort, line.key, name, value] for name, value in told.items())
    for rung in oversight.ladders(session, user.viewer, moment):
        writer.writerow(["overdue", rung.clock, f"rung {rung.rung}", rung.n])
    for camera in oversight.cameras(session, user.viewer, moment):
        last = camera.last_package_at.isoformat() if camera.last_package_at else ""
        writer.writerow(["camera", camera.camera, "last_package_at", last])
        writer.writerow(["camera", camera.camera, "refused_7_days", camera.refused])
        writer.writerow(["camera", camera.camera, "clock", camera.clock])
        writer.writerow(["camera", camera.camera, "missing_of_last_100", camera.missing])
    headers = {"Content-Disposition": 'attachment; filename="statistics.csv"', "Cache-Control": "private, no-store"}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
