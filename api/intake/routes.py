"""`POST /v1/packages`: where cameras deliver."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.database import Database
from api.intake.cameras import camera_of
from api.intake.errors import DigestMismatch, EvidenceRefused, PackageConflict
from api.intake.evidence_store import EvidenceStore
from api.intake.service import Receipt, accept_package, note_incident
from api.problems import BadRequest
from api.requests import get_database, get_settings
from pipeline.evidence.package import PACKAGE_MEDIA_TYPE

router = APIRouter(tags=["intake"])


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
    # The token first: a stranger's bytes are not even read.
    camera_id = await run_in_threadpool(_camera_id, database, authorization)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != PACKAGE_MEDIA_TYPE:
        raise BadRequest(f"Content-Type must be {PACKAGE_MEDIA_TYPE}.")
    data = await request.body()
    _check_digest(content_digest, data)
    store = EvidenceStore(get_settings(request).evidence)
    receipt = await run_in_threadpool(_take, database, store, camera_id, data, idempotency_key)
    taken = PackageTaken(package_id=receipt.package_id, case_id=str(receipt.case_id), reference=receipt.reference)
    return JSONResponse(taken.model_dump(), status_code=201 if receipt.new else 200)


def _camera_id(database: Database, authorization: str | None) -> str:
    with database.session() as session:
        return camera_of(session, authorization).camera_id


def _take(database: Database, store: EvidenceStore, camera_id: str, data: bytes, key: str | None) -> Receipt:
    try:
        with database.session() as session:
            return accept_package(session, store, camera_id=camera_id, data=data, idempotency_key=key)
    except (EvidenceRefused, PackageConflict) as refused:
        why = str(refused.extra["why"])
        with database.session() as session:
            note_incident(session, camera_id=camera_id, data=data, step=refused.step, why=why)
        raise


def _check_digest(header: str | None, data: bytes) -> None:
    for part in (header or "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                given = base64.b64decode(value[1:-1], validate=True)
            except binascii.Error:
                break
            if given != hashlib.sha256(data).digest():
                raise DigestMismatch("The bytes that arrived are not those that Content-Digest names: send them again.")
            return
    raise DigestMismatch("Content-Digest with sha-256 is needed (RFC 9530): `sha-256=:...base64...:`.")
