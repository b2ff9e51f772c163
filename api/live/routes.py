"""A case as a stream of server-sent events, for the page that shows it. `Last-Event-ID` goes on where it broke off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.sse import format_sse_event
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.live.hub import Hub, newer_events
from api.live.state import fresh, steps_since
from api.portal.page import Texts
from api.requests import DbSession, get_database
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.reading import Viewer, case_for
from api.store.tables import CaseRow
from api.tickets.party import party_of, passes_of

router = APIRouter(include_in_schema=False)
KEEP_ALIVE_S: Final = 15.0
# A stream that never ends holds a place for ever: the browser opens another one by itself, with its last number.
LONGEST_S: Final = 15 * 60.0
MOST_FOLLOWERS: Final = 2_500
RETRY_MS: Final = 3_000
_AT_A: Final = frozenset({CaseKind.COMPLAINT.value, CaseKind.CONTEST.value})
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


def hub_of(request: Request) -> Hub:
    """The one listener of this process."""
    held: Hub | None = getattr(request.app.state, "live_hub", None)
    if held is None:
        held = Hub(newer_events(get_database(request)))
        request.app.state.live_hub = held
    return held


def _followed(request: Request, session: Session, sort: str, reference: str) -> tuple[Viewer, CaseRow]:
    """A ticket for its party; a complaint for whoever knows its number, a contest for its party."""
    if sort == "t":
        return party_of(request, session, reference, CaseKind.TICKET)
    own = passes_of(request).of(request)
    viewer = Viewer.party(own) if own is not None else Viewer.anonymous()
    case = case_for(session, viewer, reference)
    if case.kind not in _AT_A:
        raise CaseNotFound
    return viewer, case


@router.get("/t/{reference}/live/state")
@router.get("/a/{reference}/live/state")
def state(request: Request, session: DbSession, reference: str) -> Response:
    """The case as it is now, in words: what the stream's steps add up to."""
    viewer, case = _followed(request, session, request.url.path[1], reference)
    texts = Texts(request)
    document = fresh(session, viewer, case, texts).document(CaseKind(case.kind), texts)
    return JSONResponse(document, headers={"Cache-Control": "private, no-store"})


def _last_seen(request: Request, number: int) -> int:
    told = request.headers.get("last-event-id", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else number


@router.get("/t/{reference}/live")
@router.get("/a/{reference}/live")
async def live(request: Request, reference: str, after: int = 0) -> Response:
    """The steps of a case after `after` (or Last-Event-ID), and each further one as it happens."""
    sort, texts, hub = request.url.path[1], Texts(request), hub_of(request)
    if hub.followers >= MOST_FOLLOWERS:
        return Response(status_code=503, headers={"Retry-After": "30", **HEADERS})

    def opened() -> UUID:
        with get_database(request).session() as session:
            return _followed(request, session, sort, reference)[1].id

    case_id = await run_in_threadpool(opened)

    def read(number: int) -> list[dict[str, object]]:
        # The door is asked each time: a pass that ran out ends the stream.
        with get_database(request).session() as session:
            viewer, case = _followed(request, session, sort, reference)
            return steps_since(session, viewer, case, number, texts)

    async def stream() -> AsyncIterator[bytes]:
        number = _last_seen(request, max(0, after))
        ends_at = asyncio.get_running_loop().time() + LONGEST_S
        yield format_sse_event(retry=RETRY_MS)
        async with hub.following(case_id) as moved:
            while asyncio.get_running_loop().time() < ends_at:
                moved.clear()
                try:
                    steps = await run_in_threadpool(read, number)
                except CaseNotFound:
                    yield format_sse_event(event="end", data_str="{}")
                    return
                for step in steps:
                    number = int(str(step["number"]))
                    yield format_sse_event(event="step", data_str=json.dumps(step), id=str(number))
                try:
                    await asyncio.wait_for(moved.wait(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield b": still here\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream", headers=HEADERS)
