"""The party's pass: a signed, short-lived cookie that says that reference and plate of one case were shown."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Final
from uuid import UUID

from fastapi import Request, Response

COOKIE: Final = "tertib_party"
LIFETIME_S: Final = (
    6 * 3600
)  # long enough to fetch a sale letter and write a contest, short enough for a borrowed phone
MAX_CHARACTERS: Final = 200


class PartyPasses:
    """Makes and checks passes.

    Args:
        secret: key of the signatures.
        secure: whether the cookie travels over https only.
    """

    def __init__(self, secret: bytes, *, secure: bool) -> None:
        self._key = hmac.digest(secret, b"tertib.party", "sha256")
        self._secure = secure

    def _sign(self, text: str) -> str:
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()

    def make(self, case_id: UUID, *, at: float) -> str:
        """A pass for one case from `at` (seconds since 1970) on."""
        text = f"{case_id.hex}.{int(at) + LIFETIME_S}"
        return f"{text}.{self._sign(text)}"

    def read(self, value: str, *, at: float) -> UUID | None:
        """The case that a pass opens; None for a pass that is forged, expired or no pass at all."""
        parts = value.split(".")
        if len(value) > MAX_CHARACTERS or len(parts) != 3 or not value.isascii():
            return None
        case_hex, expires, signature = parts
        if not hmac.compare_digest(signature, self._sign(f"{case_hex}.{expires}")):
            return None
        return UUID(hex=case_hex) if int(expires) > at else None

    def grant(self, response: Response, case_id: UUID, *, path: str) -> None:
        """Give the browser a pass, sent back for `path` and what lies below it."""
        response.set_cookie(
            COOKIE,
            self.make(case_id, at=time.time()),
            max_age=LIFETIME_S,
            path=path,
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def withdraw(self, response: Response, *, path: str) -> None:
        """Take the pass away from this browser."""
        response.delete_cookie(COOKIE, path=path, httponly=True, samesite="lax", secure=self._secure)

    def of(self, request: Request) -> UUID | None:
        """The case that this request's pass opens."""
        return self.read(request.cookies.get(COOKIE, ""), at=time.time())
