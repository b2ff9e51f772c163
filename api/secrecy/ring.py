"""The office's own keys for what lies in its database: the newest seals, every one opens.

AES-256-GCM (NIST SP 800-38D) with a random nonce; what a text is for is bound to it, so that a sealed value cannot be
moved to another column.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pipeline.evidence.durable import sync_folder

FILE_NAME: Final = "fields.key"
RING_KEY: Final = "tertib.ring"
KEY_BYTES: Final = 32
MARK: Final = "sealed:1:"
_NONCE_BYTES: Final = 12
_ID_CHARACTERS: Final = 8


class RingError(RuntimeError):
    """The ring of keys cannot be used, or does not open what was sealed; the sentence says what to do."""


@dataclass(frozen=True)
class Ring:
    """Keys by their ids, the newest first.

    Attributes:
        keys: id and key of each.
    """

    keys: tuple[tuple[str, bytes], ...]

    def __repr__(self) -> str:
        return f"Ring({', '.join(name for name, _ in self.keys)})"

    @classmethod
    def generate(cls) -> Self:
        """A ring of one new key."""
        return cls((_new_key(),))

    @staticmethod
    def is_kept(home: Path) -> bool:
        """Whether an office has a ring."""
        return (home / FILE_NAME).exists()

    @classmethod
    def load(cls, home: Path) -> Self:
        """The ring of an office, made on first use and kept in `fields.key` (0600).

        Raises:
            RingError: it can be read by others, or is damaged.
        """
        path = home / FILE_NAME
        if not path.exists():
            home.mkdir(parents=True, exist_ok=True)
            made = cls.generate().written_beside(path)
            # Of two processes the first wins, and both read what it wrote.
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(made)
            made.unlink()
        if path.stat().st_mode & 0o077:
            message = f"{path}: readable by others; run `chmod 600 {path}`"
            raise RingError(message)
        try:
            lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
            keys = tuple((name, base64.b64decode(key, validate=True)) for name, key in lines)
        except (ValueError, binascii.Error) as error:
            message = f"{path} is damaged: restore it from a backup, nothing that is sealed opens without it"
            raise RingError(message) from error
        if not keys or any(len(key) != KEY_BYTES for _, key in keys):
            message = f"{path} is damaged: restore it from a backup, nothing that is sealed opens without it"
            raise RingError(message)
        return cls(keys)

    def with_new_key(self) -> Ring:
        """This ring with a new key that seals from now on; the others still open."""
        return Ring((_new_key(), *self.keys))

    def newest_alone(self) -> Ring:
        """Only the key that seals: what was sealed with others is sealed anew before."""
        return Ring(self.keys[:1])

    def save(self, home: Path) -> None:
        """Keep the ring in the office's folder: whole or not at all."""
        path = home / FILE_NAME
        self.written_beside(path).replace(path)
        sync_folder(home)

    def written_beside(self, path: Path) -> Path:
        """The ring as a new file beside a path, for its owner alone, on disk."""
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.writelines(f"{name} {base64.b64encode(key).decode()}\n" for name, key in self.keys)
            stream.flush()
            os.fsync(stream.fileno())
        return beside

    def seal(self, data: bytes, what: str) -> bytes:
        """Seal bytes with the newest key.

        Args:
            data: the bytes.
            what: what they are; only who says the same opens them.
        """
        name, key = self.keys[0]
        nonce = os.urandom(_NONCE_BYTES)
        return name.encode() + nonce + AESGCM(key).encrypt(nonce, data, what.encode())

    def open(self, sealed: bytes, what: str) -> bytes:
        """What was sealed.

        Raises:
            RingError: no key of this ring sealed it, it was for something else, or it was changed.
        """
        name, nonce = sealed[:_ID_CHARACTERS].decode("ascii", "replace"), sealed[_ID_CHARACTERS:][:_NONCE_BYTES]
        key = dict(self.keys).get(name)
        if key is None:
            message = f"the key {name!r} is not in {FILE_NAME}: it was lost or belongs to another office"
            raise RingError(message)
        try:
            return AESGCM(key).decrypt(nonce, sealed[_ID_CHARACTERS + _NONCE_BYTES :], what.encode())
        except InvalidTag as error:
            message = f"what is sealed as {what} was changed or belongs elsewhere"
            raise RingError(message) from error

    def seal_text(self, text: str, what: str) -> str:
        """Seal a text; an empty one stays empty."""
        return MARK + base64.b64encode(self.seal(text.encode(), what)).decode() if text else text

    def open_text(self, text: str, what: str) -> str:
        """A text that may be sealed: one from before there were keys is given back as it is.

        Raises:
            RingError: it is sealed, but not by this ring or not as this.
        """
        if not text.startswith(MARK):
            return text
        return self.open(base64.b64decode(text[len(MARK) :]), what).decode()

    def is_newest(self, text: str) -> bool:
        """Whether a text is sealed with the newest key, or needs no seal."""
        return not text or (text.startswith(MARK) and self.is_newest_bytes(base64.b64decode(text[len(MARK) :])))

    def is_newest_bytes(self, sealed: bytes) -> bool:
        """Whether bytes are sealed with the newest key."""
        return sealed[:_ID_CHARACTERS] == self.keys[0][0].encode()


def _new_key() -> tuple[str, bytes]:
    return secrets.token_hex(_ID_CHARACTERS // 2), secrets.token_bytes(KEY_BYTES)
