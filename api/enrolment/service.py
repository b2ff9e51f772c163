"""Codes, keys and heads of chains; services never commit."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clock import now
from api.enrolment.tables import EnrolmentCodeRow
from api.intake.cameras import CameraError, add_camera, add_key
from api.intake.tables import CameraKeyRow, CameraRow, PackageRow
from api.problems import BadRequest, Conflict, NotSignedIn
from pipeline.evidence.keys import PUBLIC_KEY_BYTES, PublicKey, keyid_of

CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without letters and digits that are taken for each other over the telephone."""
CODE_LENGTH: Final = 16
CODE_LIVES: Final = timedelta(hours=24)
KEY_SKEW: Final = timedelta(minutes=10)
"""A box's clock may be behind the office's: its key counts from a little earlier."""


class CodeRefused(NotSignedIn):
    """The code is unknown, spent or too old: one answer for all three, so that guessing tells nothing."""

    code = "enrolment-code-refused"
    title = "The code does not count"


@dataclass(frozen=True)
class Enrolled:
    """What a box gets, once.

    Attributes:
        camera_id: The camera.
        token: Its bearer token.
        sequence: The next place in its chain.
        previous_sha256: Hash of the package before that; None for the first.
    """

    camera_id: str
    token: str
    sequence: int
    previous_sha256: str | None


def make_code(session: Session, camera_id: str) -> str:
    """A one-time code for a registered camera, shown once; codes made before for it no longer count.

    Raises:
        CameraError: no such camera.
    """
    if session.get(CameraRow, camera_id) is None:
        message = f"no camera {camera_id!r} is registered: add it first with `tertib office add-camera`"
        raise CameraError(message)
    moment = now(session)
    for row in session.scalars(
        select(EnrolmentCodeRow).where(EnrolmentCodeRow.camera_id == camera_id, EnrolmentCodeRow.used_at.is_(None))
    ):
        row.expires_at = min(row.expires_at, moment)
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    session.add(
        EnrolmentCodeRow(code_sha256=_sha256(code), camera_id=camera_id, made_at=moment, expires_at=moment + CODE_LIVES)
    )
    session.flush()
    return "-".join(code[start : start + 4] for start in range(0, CODE_LENGTH, 4))


def enrol(session: Session, *, code: str, public_key_b64: str, signature_b64: str) -> Enrolled:
    """Trust a box's new key for the camera of its code, and give it a token.

    Args:
        session: an open transaction.
        code: as it was read out; case, spaces and hyphens do not matter.
        public_key_b64: the box's raw Ed25519 public key.
        signature_b64: by that key over `proof_of_enrolment`: the box holds it.

    Raises:
        CodeRefused: the code does not count.
        BadRequest: the key is none, or did not sign.
    """
    plain = _plain(code)
    moment = now(session)
    row = session.scalars(
        select(EnrolmentCodeRow).where(EnrolmentCodeRow.code_sha256 == _sha256(plain)).with_for_update()
    ).one_or_none()
    if row is None or row.used_at is not None or row.expires_at <= moment:
        raise CodeRefused("The code is unknown, was used, or is older than a day: ask the office for a new one.")
    raw = _checked_key(public_key_b64, signature_b64, proof_of_enrolment(plain))
    row.used_at = moment
    camera = session.get_one(CameraRow, row.camera_id)
    # Whoever held the camera before is out: its token changes, its keys end in good order.
    token = add_camera(
        session,
        camera_id=camera.camera_id,
        place=camera.place,
        agency=camera.agency,
        jurisdiction=camera.jurisdiction,
    )
    _replace_keys(session, camera.camera_id, raw)
    sequence, previous = head(session, camera.camera_id)
    return Enrolled(camera.camera_id, token, sequence, previous)


def change_key(session: Session, camera_id: str, *, public_key_b64: str, by_new_b64: str, by_old_b64: str) -> str:
    """Trust a camera's next key; the old one ends now, and what it signed before stays valid.

    Args:
        session: an open transaction.
        camera_id: whose token came with the request.
        public_key_b64: the new key.
        by_new_b64: the new key's signature over `proof_of_change`.
        by_old_b64: the present key's signature over the same.

    Returns:
        The new key's id.

    Raises:
        BadRequest: a signature is wrong.
        Conflict: the camera has no key that counts; enrol it anew.
    """
    moment = now(session)
    held = session.scalars(
        select(CameraKeyRow)
        .where(CameraKeyRow.camera_id == camera_id, CameraKeyRow.revoked_at.is_(None), CameraKeyRow.valid_to.is_(None))
        .order_by(CameraKeyRow.valid_from.desc())
        .with_for_update()
    ).first()
    if held is None:
        raise Conflict(f"Camera {camera_id} has no key that counts: enrol it anew with a code from the office.")
    message = proof_of_change(camera_id, held.keyid, _keyid(public_key_b64))
    raw = _checked_key(public_key_b64, by_new_b64, message)
    _checked_key(held.public_key_b64, by_old_b64, message)
    held.valid_to = moment
    return _trust(session, camera_id, raw)


def head(session: Session, camera_id: str) -> tuple[int, str | None]:
    """The next place in a camera's chain, and the hash that it follows, by the office's books."""
    last = session.scalars(
        select(PackageRow).where(PackageRow.camera_id == camera_id).order_by(PackageRow.sequence.desc()).limit(1)
    ).first()
    return (1, None) if last is None else (last.sequence + 1, last.chain_sha256)


def proof_of_enrolment(code: str) -> bytes:
    """What a box signs to show that it holds its key."""
    return f"tertib enrolment 1\n{_plain(code)}".encode()


def proof_of_change(camera_id: str, old_keyid: str, new_keyid: str) -> bytes:
    """What both keys sign when one follows the other."""
    return f"tertib key change 1\n{camera_id}\n{old_keyid}\n{new_keyid}".encode()


def _replace_keys(session: Session, camera_id: str, raw: bytes) -> None:
    moment = now(session)
    for row in session.scalars(
        select(CameraKeyRow).where(CameraKeyRow.camera_id == camera_id, CameraKeyRow.valid_to.is_(None))
    ):
        row.valid_to = max(moment, row.valid_from)
    _trust(session, camera_id, raw)


def _trust(session: Session, camera_id: str, raw: bytes) -> str:
    key = PublicKey(
        keyid=keyid_of(raw),
        public_key_b64=base64.b64encode(raw).decode(),
        camera_id=camera_id,
        valid_from=now(session) - KEY_SKEW,
        valid_to=None,
        revoked_at=None,
    )
    if session.get(CameraKeyRow, key.keyid) is not None:
        raise Conflict("This key is known already: a key is used for one camera, once.")
    add_key(session, key)
    return key.keyid


def _checked_key(public_key_b64: str, signature_b64: str, message: bytes) -> bytes:
    raw = _decoded(public_key_b64)
    if len(raw) != PUBLIC_KEY_BYTES:
        raise BadRequest("The public key is no raw Ed25519 key in base64.")
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(_decoded(signature_b64), message)
    except (InvalidSignature, ValueError) as error:
        raise BadRequest("The signature is not that of the key over this request.") from error
    return raw


def _keyid(public_key_b64: str) -> str:
    return keyid_of(_decoded(public_key_b64))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("A key or signature is no base64.") from error


def _plain(code: str) -> str:
    return "".join(c for c in code.upper() if c.isalnum())


def _sha256(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
