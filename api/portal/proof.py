"""Verify the evidence oneself: what the camera signed, its signature and key, the copies on the page and their parents.

The party gets no original (others are on it), but everything that proves that its copies come from what was signed:
the manifest with the originals' hashes, the signature over it, and each copy's hash, parent and recipe. A page checks
it in the browser with WebCrypto; the same file can be checked by anybody else's program.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.intake.cameras import key_ring
from api.intake.evidence import evidence_key, package_of
from api.intake.evidence_store import EvidenceStore
from api.portal.page import public_page
from api.redaction.clip import CLIP
from api.redaction.tables import CitizenCopyRow
from api.requests import DbSession, TheSettings
from api.settings import Settings
from api.store.errors import CaseNotFound
from api.store.kinds import CaseKind
from api.store.tables import CaseRow
from api.tickets.pages import door
from api.tickets.party import party_of

router = APIRouter(include_in_schema=False)
ENVELOPE: Final = "envelope.json"
FORMAT: Final = "tertib.proof/1"


def proof_of(session: Session, settings: Settings, ticket: CaseRow) -> dict[str, Any] | None:
    """All that a party needs to check the copies on its page; None for a ticket without a package.

    Raises:
        EvidenceDamaged: the stored package is gone or changed.
    """
    row = package_of(session, ticket)
    if row is None:
        return None
    store = EvidenceStore(settings.evidence)
    key = evidence_key(session, row)
    member = store.member(row.sha256, name=ENVELOPE, role="", media_type="application/json", member_sha256="", key=key)
    # No hash of it is kept apart: the signature that it holds is its own proof.
    envelope = json.loads(b"".join(member.chunks(0, member.size_bytes)))
    copies = session.scalars(
        select(CitizenCopyRow).where(CitizenCopyRow.violation_id == ticket.parent_id).order_by(CitizenCopyRow.role)
    )
    keys = {key.keyid: key.public_key_b64 for key in key_ring(session, row.camera_id).keys}
    signed_by = str(envelope["signatures"][0]["keyid"])
    return {
        "format": FORMAT,
        "ticket": ticket.reference,
        "package_sha256": row.sha256,
        "received_at": row.received_at.isoformat(),
        "envelope": envelope,
        "public_key": {"keyid": signed_by, "base64": keys.get(signed_by, "")},
        "copies": [
            {
                "place": copy.role,
                "address": f"/t/{ticket.reference}/{'clip.mp4' if copy.role == CLIP else f'stills/{copy.role}.jpg'}",
                "sha256": copy.sha256,
                "parent": copy.parent_member,
                "parent_sha256": copy.parent_sha256,
                "recipe": copy.recipe,
            }
            for copy in copies
        ],
    }


@router.get("/t/{reference}/proof.json")
def proof(request: Request, session: DbSession, settings: TheSettings, reference: str) -> Response:
    """The proof as a file."""
    _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    document = proof_of(session, settings, ticket)
    if document is None:
        raise CaseNotFound
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="proof-{ticket.reference}.json"',
    }
    return JSONResponse(document, headers=headers)


@router.get("/t/{reference}/verify")
def verify_page(request: Request, session: DbSession, settings: TheSettings, reference: str) -> Response:
    """The page that checks; without JavaScript it says how to do so by hand."""
    try:
        _, ticket = party_of(request, session, reference, CaseKind.TICKET)
    except CaseNotFound:
        return door(request, session, reference)
    document = proof_of(session, settings, ticket)
    manifest = None if document is None else json.loads(base64.b64decode(document["envelope"]["payload"]))
    context = {"path": f"/t/{ticket.reference}", "reference": ticket.reference, "proof": document, "manifest": manifest}
    return public_page(request, session, "verify.html", context)
