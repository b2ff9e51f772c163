"""The key of a case: what is sealed with it can be erased everywhere at once, backups of files included.

A case's events are never changed, and their hashes cover the sealed text: after the key is destroyed the chain verifies
as before, and nobody can read what the text said.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from api.clock import now
from api.plain_sql import ask
from api.secrecy.ring import KEY_BYTES, RING_KEY, Ring
from api.secrecy.tables import CaseKeyRow, ErasureRow

_WHAT: Final = "case_keys.key"
MARK: Final = "sealed-for-case:1:"
_NONCE_BYTES: Final = 12


class Erased(RuntimeError):  # noqa: N818 - reads as what happened
    """The key was destroyed: what was sealed with it is gone for good."""


def new_key() -> bytes:
    """A key for a case that is not there yet."""
    return secrets.token_bytes(KEY_BYTES)


def keep_key(session: Session, case_id: UUID, key: bytes, made_at: datetime) -> None:
    """Keep the key of a new case, sealed by the office's ring."""
    ring: Ring = session.info[RING_KEY]
    ask(session, _KEEP, (case_id, ring.seal(key, _WHAT), made_at))


_KEEP: Final = "INSERT INTO case_keys (case_id, key, made_at) VALUES (%s, %s, %s)"


def has_ring(session: Session) -> bool:
    """Whether this office seals (a test's may not)."""
    return RING_KEY in session.info


def key_of(session: Session, case_id: UUID) -> bytes | None:
    """The key of a case; None: nothing of it was ever sealed.

    Raises:
        Erased: it was destroyed.
        RingError: the office's ring does not open it.
    """
    row = session.get(CaseKeyRow, case_id)
    if row is not None:
        ring: Ring = session.info[RING_KEY]
        return ring.open(row.key, _WHAT)
    if session.get(ErasureRow, case_id) is not None:
        raise Erased
    return None


def seal_text(session: Session, case_id: UUID, text: str) -> str:
    """A text of a case, sealed so that it can be erased; its key is made when it is the first.

    Raises:
        Erased: the case was erased already.
    """
    if not has_ring(session) or not text:
        return text
    key = key_of(session, case_id)
    if key is None:
        key = new_key()
        # Its case may still wait to be written.
        session.flush()
        keep_key(session, case_id, key, now(session))
    nonce = secrets.token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(part_of(key, "texts")).encrypt(nonce, text.encode(), str(case_id).encode())
    return MARK + base64.b64encode(sealed).decode()


def open_text(session: Session, case_id: UUID, text: str) -> str | None:
    """A text that may be sealed; None when it was erased.

    Raises:
        RingError: the office's ring does not open the case's key.
        Erased: the text is not this case's.
    """
    if not text.startswith(MARK):
        return text
    try:
        key = key_of(session, case_id)
    except Erased:
        return None
    if key is None:
        return None
    sealed = base64.b64decode(text[len(MARK) :])
    try:
        plain = AESGCM(part_of(key, "texts")).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], str(case_id).encode()
        )
    except InvalidTag as error:
        raise Erased from error
    return plain.decode()


def part_of(key: bytes, what: str) -> bytes:
    """A key for one purpose, derived from the case's (HKDF, RFC 5869)."""
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=f"tertib {what}".encode()).derive(key)


def erase(session: Session, case_id: UUID, *, rule: str, by: str) -> bool:
    """Destroy the key of a case.

    Args:
        session: an open transaction; the erasure holds with its commit.
        case_id: the case.
        rule: why, in the words of the rule.
        by: who: a sign-in name, or `system`.

    Returns:
        Whether there was a key.
    """
    row = session.get(CaseKeyRow, case_id, with_for_update=True)
    if row is None:
        return False
    session.add(ErasureRow(case_id=case_id, erased_at=now(session), rule=rule, by=by))
    session.delete(row)
    session.flush()
    return True
