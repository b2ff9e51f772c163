"""Cameras that may deliver: registered once, with a bearer token and a public key."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import ahead_of_database, now
from api.intake.errors import CameraOff, CameraUnknown
from api.intake.orphans import UPLOADS_LOCK
from api.intake.tables import CameraKeyRow, CameraRow
from api.plain_sql import Plain, ask, ask_alone
from pipeline.evidence.keys import PublicKey, PublicKeyRing

if TYPE_CHECKING:
    from api.database import Database

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


def sender_of(database: Database, authorization: str | None) -> Sender:
    """The camera whose bearer token came with the request, its keys, and the time: one question of the database.

    Raises:
        CameraUnknown: no token, or no camera's.
        CameraOff: the camera was switched off.
    """
    rows = ask_alone(database.engine, _SENDER, {"token": _sha256(_token(authorization))})
    if not rows:
        raise CameraUnknown
    ((camera_id, active, keys, moment),) = rows
    if not active:
        raise CameraOff(f"The camera {camera_id} is switched off at the office.")
    return Sender(camera_id, ring_of(camera_id, keys), moment.astimezone(UTC) + database.clock.offset)


_UTC: Final = """to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_RING: Final = (
    "(SELECT json_agg(json_build_array(keyid, public_key_b64, "  # noqa: S608 - our own words
    f"{_UTC.format('valid_from')}, {_UTC.format('valid_to')}, {_UTC.format('revoked_at')}) ORDER BY valid_from, keyid)"
    "::text FROM camera_keys WHERE camera_keys.camera_id = cameras.camera_id)"
)
_SENDER: Final = Plain(
    f"SELECT camera_id, active, {_RING}, clock_timestamp() FROM cameras WHERE token_sha256 = %(token)s",  # noqa: S608 - our own words
    {},
)
# Beside the row, shared, the lock that keeps the sweep of orphans off a file until its case is committed.
_LOCK: Final = (
    f"SELECT {_RING}, clock_timestamp(), pg_advisory_xact_lock_shared(%s) FROM cameras WHERE camera_id = %s FOR UPDATE"  # noqa: S608 - our own words
)


def lock_camera(session: Session, camera_id: str) -> tuple[PublicKeyRing, datetime]:
    """Hold a camera's row until the transaction ends: its packages come in one after the other.

    Returns:
        The keys that are trusted for it now, and the time.
    """
    ((keys, moment, _),) = ask(session, _LOCK, (UPLOADS_LOCK, camera_id))
    return ring_of(camera_id, keys), moment.astimezone(UTC) + ahead_of_database(session)


@lru_cache(maxsize=1024)
def ring_of(camera_id: str, keys: str | None) -> PublicKeyRing:
    """A camera's ring from the database's text of it; the same text is read once."""
    found = [(keyid, key, *map(_moment, times)) for keyid, key, *times in json.loads(keys or "[]")]
    return PublicKeyRing(
        keys=tuple(
            PublicKey(
                keyid=keyid,
                public_key_b64=key,
                camera_id=camera_id,
                valid_from=valid_from,
                valid_to=valid_to,
                revoked_at=revoked_at,
            )
            for keyid, key, valid_from, valid_to, revoked_at in found
        )
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def camera_of(session: Session, authorization: str | None) -> CameraRow:
    """The camera whose bearer token came with the request.

    Raises:
        CameraUnknown: no token, or no camera's.
        CameraOff: the camera was switched off.
    """
    row = session.scalar(select(CameraRow).where(CameraRow.token_sha256 == _sha256(_token(authorization))))
    if row is None:
        raise CameraUnknown
    if not row.active:
        raise CameraOff(f"The camera {row.camera_id} is switched off at the office.")
    return row


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise CameraUnknown
    return token.strip()


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
