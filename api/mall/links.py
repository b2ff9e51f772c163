"""The link on a visitor's number: opens their one file, for as long as they keep the paper."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

SIGNATURE_CHARACTERS: Final = 16  # 64 bits
PATH: Final = "/m"


class FileLinks:
    """Makes and checks links.

    Args:
        secret: key of the signatures.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, b"tertib.mall-link", "sha256")

    def _sign(self, reference: str) -> str:
        return hmac.new(self._key, reference.encode(), hashlib.sha256).hexdigest()[:SIGNATURE_CHARACTERS]

    def path(self, reference: str) -> str:
        """The path of a file's page."""
        return f"{PATH}/{reference}/{self._sign(reference)}"

    def genuine(self, reference: str, signature: str) -> bool:
        """Whether the office made this link."""
        return hmac.compare_digest(self._sign(reference).encode(), signature.encode("utf-8", "surrogatepass"))
