"""Cameras that may deliver: registered once, with a bearer token and a public key."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import now
from api.intake.errors import CameraOff, CameraUnknown
from api.intake.tables import CameraKeyRow, CameraRow
from pipeline.evidence.keys import PublicKey, PublicKeyRing

MIN_TOKEN_LENGTH = 24


class CameraError(ValueError):
    """A camera cannot be registered as asked; the sentence says why."""


def add_camera(
    session: Session, *, camera_id: str, place: str, agency: str, jurisdiction: str, token: str | None = None
) -> str:
    """Register a camera, or give a registered one a new token.

    Args:
        session: an open transaction.
        camera_id: as it stands in its scene file.
        place: where it hangs, in words.
        agency: who runs it.
        jurisdiction: where it hangs, an id.
        token: a token of at least `MIN_TOKEN_LENGTH` characters; a random one by default.

    Returns:
        The bearer token, shown once: only its hash is kept.

    Raises:
        CameraError: the token is too short.
    """
    given = token or secrets.token_urlsafe(32)
    if len(given) < MIN_TOKEN_LENGTH:
        message = f"a camera's token has {MIN_TOKEN_LENGTH} characters or more"
        raise CameraError(message)
    row = session.get(CameraRow, camera_id)
    if row is None:
        row = CameraRow(camera_id=camera_id, added_at=now(session))
        session.add(row)
    row.place, row.agency, row.jurisdiction, row.token_sha256 = place, agency, jurisdiction, _sha256(given)
    session.flush()
    return given


def add_key(session: Session, key: PublicKey) -> None:
    """Trust a camera's public key; adding it again changes nothing.

    Raises:
        CameraError: the camera is not registered, or the key is another camera's.
    """
    if session.get(CameraRow, key.camera_id) is None:
        message = f"no camera {key.camera_id!r} is registered: add it first"
        raise CameraError(message)
    held = session.get(CameraKeyRow, key.keyid)
    if held is not None:
        if held.camera_id != key.camera_id:
            message = f"the key {key.keyid[:12]}... is that of camera {held.camera_id}: a key belongs to one camera"
            raise CameraError(message)
        return
    session.add(
        CameraKeyRow(
            keyid=key.keyid,
            camera_id=key.camera_id,
            public_key_b64=key.public_key_b64,
            valid_from=key.valid_from,
            valid_to=key.valid_to,
            revoked_at=key.revoked_at,
        )
    )
    session.flush()


def revoke_key(session: Session, keyid: str, at: datetime) -> None:
    """From `at` on nothing signed with this key is accepted.

    Raises:
        CameraError: no such key.
    """
    row = session.get(CameraKeyRow, keyid)
    if row is None:
        message = f"no key {keyid[:12]}... is registered"
        raise CameraError(message)
    row.revoked_at = row.revoked_at or at
    session.flush()


def key_ring(session: Session, camera_id: str | None = None) -> PublicKeyRing:
    """The trusted keys, of one camera or of all."""
    query = select(CameraKeyRow).order_by(CameraKeyRow.camera_id, CameraKeyRow.valid_from)
    if camera_id is not None:
        query = query.where(CameraKeyRow.camera_id == camera_id)
    return PublicKeyRing(
        keys=tuple(
            PublicKey(
                keyid=row.keyid,
                public_key_b64=row.public_key_b64,
                camera_id=row.camera_id,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                revoked_at=row.revoked_at,
            )
            for row in session.scalars(query)
        )
    )


@dataclass(frozen=True)
class Sender:
    """Who delivers.

    Attributes:
        camera_id: whose token came.
        keys: the keys that are trusted for this camera.
        asked_at: when that was looked up.
    """

    camera_id: str
    keys: PublicKeyRing
    asked_at: datetime


def sender_of(session: Session, authorization: str | None) -> Sender:
    """The camera whose bearer token came with the request, and its keys.

    Raises:
        CameraUnknown: no token, or no camera's.
        CameraOff: the camera was switched off.
    """
    camera = camera_of(session, authorization)
    return Sender(camera.camera_id, key_ring(session, camera.camera_id), now(session))


def camera_of(session: Session, authorization: str | None) -> CameraRow:
    """The camera whose bearer token came with the request.

    Raises:
        CameraUnknown: no token, or no camera's.
        CameraOff: the camera was switched off.
    """
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CameraUnknown
    row = session.scalar(select(CameraRow).where(CameraRow.token_sha256 == _sha256(token.strip())))
    if row is None:
        raise CameraUnknown
    if not row.active:
        raise CameraOff(f"The camera {row.camera_id} is switched off at the office.")
    return row


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
