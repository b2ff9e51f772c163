"""The open board's pages and files. No JavaScript; kept by caches for a minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from api.board import figures
from api.board.counting import count_new
from api.board.opendata import COLUMNS, LICENCE, as_csv, dictionary, tables
from api.board.tables import BoardMarkRow
from api.clock import now
from api.portal.page import Texts, public_page
from api.requests import DbSession, TheJurisdiction, get_database

router = APIRouter(include_in_schema=False)
CACHED: Final = "public, max-age=60"
FRESH_FOR: Final = timedelta(minutes=1)


def _renewed(request: Request, session: Session, moment: datetime) -> datetime:
    """Count what is new, at most once a minute, in a transaction of its own; when that was."""
    mark = session.get(BoardMarkRow, 1)
    if mark is not None and moment - mark.counted_at < FRESH_FOR:
        return mark.counted_at
    with get_database(request).session() as apart:
        count_new(apart, moment)
    return moment


@router.get("/board")
def board(request: Request, session: DbSession, jurisdiction: TheJurisdiction) -> Response:
    """How the promises are kept."""
    moment = now(session)
    counted_at = _renewed(request, session, moment)
    regencies = figures.regencies(session, jurisdiction)
    context = {
        "agencies": figures.agencies(session, jurisdiction, moment),
        "months": figures.months(session)[:24],
        "regencies": regencies,
        "unplaced": figures.without_place(session),
        "tones": {line.regency.code: _tone(line.share) for line in regencies},
        "cameras": figures.cameras(session)[:200],
        "fewest": figures.FEWEST_DECISIONS,
        "small": figures.SMALL,
        "funnel": figures.funnel(session),
        "counted_at": counted_at,
        "files": tuple(COLUMNS),
    }
    answer = public_page(request, session, "board.html", context)
    del answer.headers["X-Robots-Tag"]
    return answer


def _tone(share: float | None) -> str:
    """Class of a tile: five steps; the number stands on it, so that colour alone says nothing."""
    return "none" if share is None else str(min(4, int(share * 5)))


@router.get("/board/data")
def data(request: Request, session: DbSession) -> Response:
    """The files, and what each column is."""
    context = {"dictionary": dictionary(Texts(request).text), "licence": LICENCE}
    return public_page(request, session, "board_data.html", context)


@router.get("/board/{name}.csv")
def table(request: Request, session: DbSession, jurisdiction: TheJurisdiction, name: str) -> Response:
    """One table."""
    if name not in COLUMNS:
        raise HTTPException(404)
    moment = now(session)
    _renewed(request, session, moment)
    text = as_csv(name, tables(session, jurisdiction, moment)[name])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": CACHED}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/board.json")
def everything(request: Request, session: DbSession, jurisdiction: TheJurisdiction) -> Response:
    """All tables with their dictionary."""
    moment = now(session)
    counted_at = _renewed(request, session, moment)
    document = {
        "jurisdiction": jurisdiction.id,
        "counted_at": counted_at.isoformat(),
        "licence": LICENCE,
        "dictionary": dictionary(Texts(request).text),
        "tables": tables(session, jurisdiction, moment),
    }
    return JSONResponse(document, headers={"Cache-Control": CACHED})
