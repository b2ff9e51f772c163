"""The second step of a sign-in: a hardware key, where somebody has one, and a password of one's own.

Between the steps there is no session: the cookie names a row of `waiting_sign_ins`, which opens the page of the next
step and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

from api.clock import now
from api.people.service import PeopleError, User, begin_session
from api.people.tables import HardwareKeyRow, UserRow, WaitingRow

WAITS: Final = timedelta(minutes=10)
MAX_KEYS: Final = 8
MAX_KEY_NAME: Final = 60
Step = Literal["key", "password"]


class KeyNotAccepted(PeopleError):  # noqa: N818 - reads as what happened
    """A hardware key's answer does not fit; the sentence says what to do."""


@dataclass(frozen=True)
class Waiting:
    """Somebody between two steps.

    Attributes:
        row: what is kept of it.
        user: who.
        step: what is owed next.
    """

    row: WaitingRow
    user: UserRow
    step: Step


@dataclass(frozen=True)
class Party:
    """The office as browsers and keys know it (the relying party).

    Attributes:
        host: the name that keys are bound to.
        origin: the address that pages come from.
    """

    host: str
    origin: str

    @classmethod
    def of(cls, public_url: str) -> Party:
        """The office at an address."""
        return cls(urlsplit(public_url).hostname or "localhost", public_url.rstrip("/"))


def keys_of(session: Session, user_id: UUID) -> list[HardwareKeyRow]:
    """The keys that somebody has now."""
    query = select(HardwareKeyRow).where(HardwareKeyRow.user_id == user_id, HardwareKeyRow.removed_at.is_(None))
    return list(session.scalars(query.order_by(HardwareKeyRow.added_at)))


def owes(session: Session, user: UserRow, *, with_key: bool) -> Step | None:
    """What somebody whose password was right still owes; None: nothing."""
    if not with_key and keys_of(session, user.id):
        return "key"
    return "password" if user.password_is_first else None


def wait(session: Session, user: UserRow) -> str:
    """Let somebody wait for the next step.

    Returns:
        The token for the cookie.
    """
    moment = now(session)
    session.execute(delete(WaitingRow).where(WaitingRow.started_at < moment - WAITS))
    token = secrets.token_urlsafe(32)
    session.add(WaitingRow(token_sha256=_sha256(token), user_id=user.id, started_at=moment))
    session.flush()
    return token


def waiting_of(session: Session, token: str | None) -> Waiting | None:
    """Who waits with this token; None when it is unknown, too old, or the user left."""
    row = None if token is None else session.get(WaitingRow, _sha256(token))
    if row is None or row.started_at < now(session) - WAITS:
        return None
    user = session.get_one(UserRow, row.user_id)
    step = owes(session, user, with_key=row.with_key)
    return None if step is None or not user.active else Waiting(row, user, step)


def go_on(session: Session, waiting: Waiting, *, lasts: timedelta) -> tuple[User, str] | None:
    """After a step: a session when nothing more is owed, else None (the same token waits on)."""
    if owes(session, waiting.user, with_key=waiting.row.with_key) is not None:
        return None
    session.delete(waiting.row)
    return begin_session(session, waiting.user, lasts=lasts)


def ask_for_key(session: Session, waiting: Waiting, party: Party) -> str:
    """What the browser hands to the key, as JSON; the challenge counts once."""
    options = generate_authentication_options(
        rp_id=party.host,
        allow_credentials=[
            PublicKeyCredentialDescriptor(id=key.credential_id) for key in keys_of(session, waiting.user.id)
        ],
        user_verification=UserVerificationRequirement.DISCOURAGED,
    )
    waiting.row.challenge = options.challenge
    return options_to_json(options)


def check_key(session: Session, waiting: Waiting, answer: str, party: Party) -> None:
    """Check a key's answer; the step is done then.

    Raises:
        KeyNotAccepted: it is not an answer to the last challenge by one of this person's keys.
    """
    challenge, waiting.row.challenge = waiting.row.challenge, None
    try:
        given = base64url_to_bytes(json.loads(answer)["rawId"])
        key = next((one for one in keys_of(session, waiting.user.id) if one.credential_id == given), None)
        if key is None or challenge is None:
            raise KeyNotAccepted(_ANOTHER)
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise KeyNotAccepted(_ANOTHER) from error
    key.sign_count, key.used_at = verified.new_sign_count, now(session)
    waiting.row.with_key = True
    session.flush()


_ANOTHER: Final = "This key was not accepted: use one that you registered here, and try again."


def offer_key(session: Session, user: UserRow, party: Party) -> tuple[str, bytes]:
    """What the browser hands to a new key, as JSON, and its challenge."""
    options = generate_registration_options(
        rp_id=party.host,
        rp_name="Tertib",
        user_id=user.id.bytes,
        user_name=user.login,
        user_display_name=user.name,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=key.credential_id) for key in keys_of(session, user.id)],
    )
    return options_to_json(options), options.challenge


def add_key(session: Session, user: UserRow, name: str, answer: str, challenge: bytes, party: Party) -> HardwareKeyRow:
    """Register a key; from then on each sign-in asks for one.

    Raises:
        KeyNotAccepted: the answer does not fit the challenge, or the person has too many keys.
    """
    if len(keys_of(session, user.id)) >= MAX_KEYS:
        message = f"you have {MAX_KEYS} keys already: remove one first"
        raise KeyNotAccepted(message)
    try:
        verified = verify_registration_response(
            credential=answer, expected_challenge=challenge, expected_rp_id=party.host, expected_origin=party.origin
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        message = "This key could not be registered: load the page again and try once more."
        raise KeyNotAccepted(message) from error
    row = HardwareKeyRow(
        credential_id=verified.credential_id,
        user_id=user.id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        name="".join(c for c in name if c.isprintable()).strip()[:MAX_KEY_NAME] or "key",
        added_at=now(session),
    )
    session.add(row)
    session.flush()
    return row


def remove_keys(session: Session, user: UserRow) -> int:
    """Take all keys of somebody off, e.g. lost ones.

    Returns:
        How many.
    """
    held = keys_of(session, user.id)
    for key in held:
        key.removed_at = now(session)
    session.flush()
    return len(held)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
