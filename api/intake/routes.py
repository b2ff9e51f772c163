"""`POST /v1/packages`: where cameras deliver."""

from __future__ import annotations

import base64
import binascii
import time
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.database import Database
from api.intake.arrival import Arrival
from api.intake.cameras import Sender, sender_of
from api.intake.errors import DigestMismatch, EvidenceRefused, PackageConflict
from api.intake.evidence_store import EvidenceStore
from api.intake.service import Receipt, accept_arrival, check_package, note_incident
from api.problems import BadRequest
from api.requests import get_database, get_settings
from api.secrecy.cases import new_key
from pipeline.evidence.package import PACKAGE_MEDIA_TYPE
from pipeline.evidence.verify import VerifiedPackage

router = APIRouter(tags=["intake"])
# So much is held in memory of a body before it goes to disk.
_PART_BYTES: Final = 1024 * 1024


class PackageTaken(BaseModel):
    """The answer to a package that the office holds."""

    package_id: str = Field(examples=["3f0c1f5e-8f0e-4d43-9a51-0c4b7c1d2e3f"])
    case_id: str = Field(examples=["8f14e45f-ceea-467f-a9f0-1f0d3c2b1a00"])
    reference: str = Field(examples=["V-24K7-9QXM-3F7Z"])


_PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {}}}


@router.post(
    "/v1/packages",
    summary="Deliver a signed evidence package",
    status_code=201,
    response_model=PackageTaken,
    responses={
        200: {"model": PackageTaken, "description": "The same package was known already"},
        400: {**_PROBLEM, "description": "The bytes were damaged on their way, or the request contradicts them"},
        401: {**_PROBLEM, "description": "No camera's token"},
        403: {**_PROBLEM, "description": "Another camera's package, or the camera is switched off"},
        409: {**_PROBLEM, "description": "Same id with other bytes, or a fork of the camera's chain"},
        413: {**_PROBLEM, "description": "Larger than the office accepts"},
        422: {**_PROBLEM, "description": "The evidence does not verify: `step` and `why` say where"},
        507: {**_PROBLEM, "description": "No room; keep the package and send it later"},
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {PACKAGE_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def deliver(
    request: Request,
    authorization: Annotated[str | None, Header()] = None,
    content_digest: Annotated[str | None, Header()] = None,
    idempotency_key: Annotated[str | None, Header(max_length=64)] = None,
) -> JSONResponse:
    """Verify the package, store it for good, open its case; answered only when both are durable."""
    database = get_database(request)
    began = time.monotonic()
    # The token first: a stranger's bytes are not even read.
    sender = await run_in_threadpool(sender_of, database, authorization)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != PACKAGE_MEDIA_TYPE:
        raise BadRequest(f"Content-Type must be {PACKAGE_MEDIA_TYPE}.")
    store = EvidenceStore(get_settings(request).evidence)
    arrival = await run_in_threadpool(store.receive, new_key() if database.seals else None)
    try:
        rest = await _receive(request, arrival)
        receipt = await run_in_threadpool(
            _take, database, store, sender, arrival, rest, content_digest, idempotency_key, began
        )
    finally:
        arrival.close()
    taken = PackageTaken(package_id=receipt.package_id, case_id=str(receipt.case_id), reference=receipt.reference)
    return JSONResponse(taken.model_dump(), status_code=201 if receipt.new else 200)


async def _receive(request: Request, arrival: Arrival) -> list[bytes]:
    """Write and hash the body as it comes, a megabyte at a time in a thread; what is left over is returned."""
    held: list[bytes] = []
    size = 0
    async for piece in request.stream():
        held.append(piece)
        size += len(piece)
        if size >= _PART_BYTES:
            await run_in_threadpool(arrival.add, held)
            held, size = [], 0
    return held


def _take(
    database: Database,
    store: EvidenceStore,
    sender: Sender,
    arrival: Arrival,
    rest: list[bytes],
    digest: str | None,
    key: str | None,
    began: float,
) -> Receipt:
    arrival.add(rest)
    _check_digest(digest, arrival.sha256)
    # The office's clock, further by the time that the bytes took.
    at = sender.asked_at + timedelta(seconds=time.monotonic() - began)
    checked = check_package(arrival, sender.keys, at)
    if isinstance(checked.found, VerifiedPackage):
        arrival.sync()
    camera_id = sender.camera_id
    try:
        with database.session() as session:
            return accept_arrival(
                session, store, camera_id=camera_id, arrival=arrival, checked=checked, idempotency_key=key
            )
    except (EvidenceRefused, PackageConflict) as refused:
        sha256, size, why = arrival.sha256, arrival.size_bytes, str(refused.extra["why"])
        with database.session() as session:
            note_incident(session, camera_id=camera_id, sha256=sha256, size_bytes=size, step=refused.step, why=why)
        raise


def _check_digest(header: str | None, sha256: str) -> None:
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                given = base64.b64decode(value[1:-1], validate=True)
            except binascii.Error:
                break
            if given.hex() != sha256:
                raise DigestMismatch("The bytes that arrived are not those that Content-Digest names: send them again.")
            return
    raise DigestMismatch("Content-Digest with sha-256 is needed (RFC 9530): `sha-256=:...base64...:`.")
