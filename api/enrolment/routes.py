"""`/v1/enrolment`: a box comes, changes its key, and asks where its chain ends."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field

from api.enrolment.service import change_key, enrol, head
from api.intake.cameras import camera_of
from api.requests import get_database

router = APIRouter(tags=["enrolment"], prefix="/v1/enrolment")
_Base64 = Annotated[str, Field(max_length=200)]


class Enrolment(BaseModel):
    """A code from the office, a new key, and its signature over the code."""

    code: str = Field(max_length=64, examples=["7KQ2-MX4P-9DTR-B3WE"])
    public_key_b64: _Base64
    signature_b64: _Base64


class EnrolledBox(BaseModel):
    """Told once."""

    camera_id: str
    token: str
    sequence: int
    previous_sha256: str | None


class KeyChange(BaseModel):
    """The next key, signed by itself and by the present one."""

    public_key_b64: _Base64
    by_new_b64: _Base64
    by_old_b64: _Base64


class ChangedKey(BaseModel):
    """The key that counts from now on."""

    keyid: str


class ChainHead(BaseModel):
    """Where a camera's chain goes on, by the office's books."""

    camera_id: str
    sequence: int
    previous_sha256: str | None


@router.post("", summary="Enrol a camera's box with a one-time code", status_code=201)
def enrol_box(request: Request, asked: Enrolment) -> EnrolledBox:
    """The code is spent, the key trusted and the token made in one transaction."""
    with get_database(request).session() as session:
        made = enrol(session, code=asked.code, public_key_b64=asked.public_key_b64, signature_b64=asked.signature_b64)
    return EnrolledBox(
        camera_id=made.camera_id, token=made.token, sequence=made.sequence, previous_sha256=made.previous_sha256
    )


@router.post("/key", summary="Replace a camera's signing key")
def change(request: Request, asked: KeyChange, authorization: Annotated[str | None, Header()] = None) -> ChangedKey:
    """The old key ends now; what it signed before stays valid."""
    with get_database(request).session() as session:
        camera = camera_of(session, authorization)
        keyid = change_key(
            session,
            camera.camera_id,
            public_key_b64=asked.public_key_b64,
            by_new_b64=asked.by_new_b64,
            by_old_b64=asked.by_old_b64,
        )
    return ChangedKey(keyid=keyid)


@router.get("/head", summary="Where a camera's chain goes on")
def chain_head(request: Request, authorization: Annotated[str | None, Header()] = None) -> ChainHead:
    """For a box whose spool was lost."""
    with get_database(request).session() as session:
        camera = camera_of(session, authorization)
        sequence, previous = head(session, camera.camera_id)
    return ChainHead(camera_id=camera.camera_id, sequence=sequence, previous_sha256=previous)
