"""The owner's clip: a page that says what it weighs before it is fetched, and the clip itself. No JavaScript."""

from __future__ import annotations

import json
import logging
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.intake.evidence import byte_range, manifest_of, read_member
from api.intake.evidence_store import EvidenceStore
from api.portal.page import public_page
from api.redaction.blur import RedactionError
from api.redaction.clip import CLIP, MEDIA_TYPE, ClipBusyError, clip_copy_of, clip_member, keep_clip, make_clip
from api.redaction.service import copy_data
from api.redaction.tables import CitizenCopyRow
from api.requests import DbSession, TheSettings, get_database
from api.settings import Settings
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from api.tickets.pages import PICTURE_HEADERS, door
from api.tickets.party import party_of

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)
AGAIN_S: Final = 10


def _made(request: Request, session: Session, settings: Settings, ticket: CaseRow) -> str:
    """Make the owner's clip if nobody has yet: "" when it is there, else why not: `none`, `away` or `busy`."""
    violation = ticket.parent_id
    if violation is None:
        return "none"
    if clip_copy_of(session, violation) is not None:
        return ""
    manifest = manifest_of(session, ticket)
    member = None if manifest is None else clip_member(manifest)
    if manifest is None or member is None:
        return "none"
    store = EvidenceStore(settings.evidence)
    try:
        copy = make_clip(manifest, member, lambda name: read_member(session, store, ticket, name).read())
    except ClipBusyError:
        return "busy"
    except (RedactionError, OSError, ValueError) as error:
        log.warning("the clip of violation %s is not shown: %s", violation, error)
        return "away"
    # A transaction of its own: what took seconds to draw is kept, whatever becomes of this request.
    with get_database(request).session() as apart:
        keep_clip(apart, violation, member, copy)
    session.expire_all()
    return ""


def _weight(session: Session, violation_id: UUID) -> int:
    """Bytes of the owner's clip."""
    query = select(func.octet_length(CitizenCopyRow.data)).where(
        CitizenCopyRow.violation_id == violation_id, CitizenCopyRow.role == CLIP
    )
    return session.scalar(query) or 0


@router.get("/t/{reference}/clip")
def clip_page(request: Request, session: DbSession, settings: TheSettings, reference: str) -> Response:
    """The clip, to be started by hand; its first visitor waits some seconds until it is drawn."""
    try:
        _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    why = _made(request, session, settings, ticket)
    copy = None if why or ticket.parent_id is None else clip_copy_of(session, ticket.parent_id)
    context = {
        "path": f"/t/{ticket.reference}",
        "reference": ticket.reference,
        "why": why,
        "copy": copy,
        "told": copy is not None and json.loads(copy.recipe)["moving_sha256"] is not None,
        "kilobytes": 0 if copy is None else (_weight(session, copy.violation_id) + 999) // 1000,
    }
    answer = public_page(request, session, "clip.html", context, status_code=503 if why == "busy" else 200)
    if why == "busy":
        answer.headers["Retry-After"] = str(AGAIN_S)
        answer.headers["Refresh"] = str(AGAIN_S)
    return answer


@router.get("/t/{reference}/clip.mp4")
def clip_file(request: Request, session: DbSession, reference: str) -> Response:
    """The clip for the ticket's party, whole or a range of it (a player seeks)."""
    _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    copy = copy_data(session, ticket.parent_id, CLIP) if ticket.parent_id else None
    if copy is None:
        raise CaseNotFound
    headers = {**PICTURE_HEADERS, "ETag": f'"{copy.sha256}"', "Accept-Ranges": "bytes"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    found = None if wanted is None else byte_range(wanted, len(copy.data))
    if found == "outside":
        return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{len(copy.data)}"})
    if isinstance(found, tuple):
        first, last = found
        headers["Content-Range"] = f"bytes {first}-{last}/{len(copy.data)}"
        return Response(copy.data[first : last + 1], status_code=206, media_type=MEDIA_TYPE, headers=headers)
    return Response(copy.data, media_type=MEDIA_TYPE, headers=headers)
