"""The key that a box signs with, and the ring of public keys that an office trusts.

A key belongs to one camera. `valid_to` is for a key that was replaced in good order: what it signed before stays valid.
`revoked_at` is for a
key that may be in wrong hands: from then on nothing signed with it is accepted, whatever time it claims.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import stat
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from pipeline.evidence._internal.canonical import JsonRefused, parse_json
from pipeline.evidence.durable import write_durably
from pipeline.evidence.errors import KeyFileError
from pipeline.evidence.manifest import Code, Sha256Hex, UtcTime, explain

PUBLIC_KEY_BYTES = 32
_MAX_RING_BYTES = 8_000_000
_MAX_KEY_FILE_BYTES = 10_000


def keyid_of(public_key: bytes) -> str:
    """SHA-256 of the raw public key, in hex."""
    return hashlib.sha256(public_key).hexdigest()


class SigningKey:
    """A box's Ed25519 private key."""

    def __init__(self, private_key: Ed25519PrivateKey) -> None:
        self._private_key = private_key
        self.public_key: bytes = private_key.public_key().public_bytes_raw()
        self.keyid: str = keyid_of(self.public_key)

    def __repr__(self) -> str:
        return f"SigningKey(keyid={self.keyid[:12]}...)"

    @classmethod
    def generate(cls) -> Self:
        """A new key from the system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The key that 32 bytes determine; for tests and samples."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a key file.

        Raises:
            KeyFileError: It cannot be read, is not an Ed25519 key, or others on the machine may read it.
        """
        try:
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):
                raise KeyFileError(f"{path} is not a key file")
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise KeyFileError(f"{path} can be read by others on this machine: run chmod 600 {path}")
            with path.open("rb") as file:
                key = load_pem_private_key(file.read(_MAX_KEY_FILE_BYTES), password=None)
        except OSError as error:
            raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, TypeError) as error:
            if isinstance(error, KeyFileError):
                raise
            raise KeyFileError(f"{path} is not a private key in PEM") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError(f"{path} is not an Ed25519 key")
        return cls(key)

    def save(self, path: Path) -> None:
        """Write the key so that only its owner can read it; an existing file is never overwritten.

        Raises:
            KeyFileError: The file exists or cannot be written.
        """
        pem = self._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(pem)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError as error:
            raise KeyFileError(f"{path} exists: a signing key is never overwritten") from error
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written: {error.strerror}") from error

    def sign(self, message: bytes) -> bytes:
        """Ed25519 signature, 64 bytes."""
        return self._private_key.sign(message)

    def public(self, camera_id: str, *, valid_from: datetime, valid_to: datetime | None = None) -> PublicKey:
        """The entry for an office's key ring."""
        encoded = base64.b64encode(self.public_key).decode()
        return PublicKey(
            keyid=self.keyid,
            public_key_b64=encoded,
            camera_id=camera_id,
            valid_from=valid_from,
            valid_to=valid_to,
            revoked_at=None,
        )


def _public_key_b64(text: str) -> str:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "is not base64"
        raise ValueError(message) from error
    if len(raw) != PUBLIC_KEY_BYTES or base64.b64encode(raw).decode() != text:
        message = f"is not {PUBLIC_KEY_BYTES} bytes in canonical base64"
        raise ValueError(message)
    return text


class PublicKey(BaseModel):
    """A camera's public key and when it counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keyid: Sha256Hex
    public_key_b64: Annotated[str, AfterValidator(_public_key_b64)]
    camera_id: Code
    valid_from: UtcTime
    valid_to: UtcTime | None = None
    revoked_at: UtcTime | None = None

    @model_validator(mode="after")
    def _keyid_is_the_keys(self) -> Self:
        if keyid_of(self.raw) != self.keyid:
            message = "the keyid is not the SHA-256 of the public key"
            raise ValueError(message)
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            message = "valid_to is not after valid_from"
            raise ValueError(message)
        return self

    @property
    def raw(self) -> bytes:
        """The key itself, 32 bytes."""
        return base64.b64decode(self.public_key_b64)

    def is_signature(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature over the message was made with this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class PublicKeyRing(BaseModel):
    """The public keys that an office trusts.

    As a file: `{"keys": [{keyid, public_key_b64, camera_id, valid_from, valid_to, revoked_at}]}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[PublicKey, ...] = ()

    @model_validator(mode="after")
    def _each_key_once(self) -> Self:
        seen: set[str] = set()
        for key in self.keys:
            if key.keyid in seen:
                message = f"the key {key.keyid[:12]}... stands twice: a key belongs to one camera"
                raise ValueError(message)
            seen.add(key.keyid)
        return self

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a ring.

        Raises:
            KeyFileError: It cannot be read or is not a key ring; the sentence names the field.
        """
        try:
            data = path.read_bytes()
            parse_json(data, max_bytes=_MAX_RING_BYTES)
            return cls.model_validate_json(data)
        except OSError as error:
            raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
        except JsonRefused as error:
            raise KeyFileError(f"{path} {error}") from error
        except ValidationError as error:
            raise KeyFileError(f"{path} is not a key ring: {explain(error)}") from error

    def save(self, path: Path) -> None:
        """Write the ring in one step: a reader sees the old one or the new one.

        Raises:
            KeyFileError: It cannot be written.
        """
        text = json.dumps(self.model_dump(mode="json"), indent=1) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, text.encode())
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written: {error.strerror}") from error

    def find(self, keyid: str) -> PublicKey | None:
        """The key with this id, if the ring holds it."""
        return next((key for key in self.keys if key.keyid == keyid), None)

    def with_key(self, key: PublicKey) -> Self:
        """This ring and one more key; an entry with the same id is replaced."""
        return type(self)(keys=(*(k for k in self.keys if k.keyid != key.keyid), key))
