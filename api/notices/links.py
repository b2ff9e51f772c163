"""The signed link of a notice: opens the ticket's page for whoever holds the letter, until the letter comes back.

The letter's holder has reference and plate in hand anyway; the link spares typing them on a phone.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from api.store.references import ALPHABET

CODE_SYMBOLS: Final = 10  # 50 bits
SIGNATURE_CHARACTERS: Final = 16  # 64 bits: nobody tries a link's signature that often
PATH: Final = "/n"


def new_code() -> str:
    """A fresh code of a notice, e.g. `7QXM2-4K9ZA`."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(CODE_SYMBOLS))
    return f"{symbols[:5]}-{symbols[5:]}"


class NoticeLinks:
    """Makes and checks links.

    Args:
        secret: key of the signatures.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"tertib.notice-link", "sha256")

    def _sign(self, code: str) -> str:
        return hmac.new(self._key, code.encode(), hashlib.sha256).hexdigest()[:SIGNATURE_CHARACTERS]

    def url(self, base: str, code: str) -> str:
        """The address that a notice's QR code holds."""
        return f"{base.rstrip('/')}{PATH}/{code}/{self._sign(code)}"

    def genuine(self, code: str, signature: str) -> bool:
        """Whether the office made this link."""
        return hmac.compare_digest(self._sign(code).encode(), signature.encode("utf-8", "surrogatepass"))
