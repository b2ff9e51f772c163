"""Verification: what must hold before anybody believes a package. Needs the package and the public keys only."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.evidence._internal.container import Entry, Stored, unpack
from pipeline.evidence._internal.membership import check_membership
from pipeline.evidence.dsse import Envelope, pae
from pipeline.evidence.errors import (
    CameraMismatch,
    HashMismatch,
    KeyRefused,
    ManifestError,
    MembersError,
    Refusal,
    SignatureInvalid,
)
from pipeline.evidence.keys import PublicKey, PublicKeyRing
from pipeline.evidence.limits import MAX_FUTURE_S
from pipeline.evidence.manifest import Manifest

STEPS: Final[tuple[tuple[str, str], ...]] = (
    ("container", "the file is a package, written in the one canonical way"),
    ("envelope", "the envelope is canonical and of the right type"),
    ("key", "the signing key is known, and neither premature, expired nor revoked"),
    ("signature", "the signature is this key's, over this manifest"),
    ("manifest", "the manifest is canonical and complete"),
    ("camera", "the key is this camera's, and was valid when the offence occurred"),
    ("members", "the files are those that the manifest lists, and none is missing"),
    ("hashes", "each file is, byte for byte, the one that was signed"),
)
"""The steps in their order: the name that errors and machine output use, and what holds once it has passed."""

# Where the time is that of a recording, the offence tells nothing about when it was signed.
_RECORDED: Final = frozenset({"file", "assumed"})


@dataclass(frozen=True)
class VerifiedPackage:
    """A package that verified.

    Attributes:
        manifest: What it says.
        views: Contents by name, where they lie in the package that was given.
        chain_sha256: SHA-256 of the signed payload; the camera's next package must link to it.
        payload: The signed bytes: the manifest, as canonical JSON.
    """

    manifest: Manifest
    views: dict[str, memoryview]
    chain_sha256: str
    payload: bytes

    @property
    def members(self) -> dict[str, bytes]:
        """Contents by name, copied."""
        return {name: bytes(view) for name, view in self.views.items()}


def verify(data: Stored, keys: PublicKeyRing, *, now: datetime | None = None) -> VerifiedPackage:
    """Verify a package.

    Args:
        data: The package file: its bytes, or a map of it that nobody writes to meanwhile.
        keys: The keys that are trusted.
        now: When the package was received (aware); the present by default. To check an archive again, give the
            time of its receipt.

    Raises:
        ValueError: `now` is naive.
        EvidenceError: It does not verify; `.step` names the step (see `STEPS`) and `.why` says what was found.
    """
    received_at = now if now is not None else datetime.now(UTC)
    if received_at.tzinfo is None:
        message = "now must be aware of its time zone"
        raise ValueError(message)

    # 1. container
    envelope_entry, *entries = unpack(data)
    # 2. envelope
    envelope = Envelope.from_bytes(envelope_entry.data)
    # 3. key
    key = _trusted_key(envelope.keyid, keys, received_at)
    # 4. signature
    if not key.is_signature(envelope.signature, pae(envelope.payload)):
        raise SignatureInvalid(
            f"the signature is not that of key {key.keyid[:12]}... over this manifest", Refusal.SIGNATURE_INVALID
        )
    # 5. manifest
    manifest = Manifest.from_bytes(envelope.payload)
    _check_time(manifest, received_at)
    # 6. camera
    _check_camera(manifest, key, received_at)
    # 7. members
    check_membership(manifest)
    _check_members(manifest, entries)
    # 8. hashes
    _check_hashes(manifest, [envelope_entry, *entries])

    chain_sha256 = hashlib.sha256(envelope.payload).hexdigest()
    return VerifiedPackage(manifest, {entry.name: entry.view for entry in entries}, chain_sha256, envelope.payload)


def _trusted_key(keyid: str, keys: PublicKeyRing, received_at: datetime) -> PublicKey:
    key = keys.find(keyid)
    if key is None:
        raise KeyRefused(f"the key {keyid[:12]}... is not known here", Refusal.KEY_UNKNOWN)
    if key.revoked_at is not None and received_at >= key.revoked_at:
        raise KeyRefused(
            f"the key {keyid[:12]}... of camera {key.camera_id} was revoked on {_shown(key.revoked_at)}",
            Refusal.KEY_REVOKED,
        )
    if received_at < key.valid_from:
        raise KeyRefused(
            f"the key {keyid[:12]}... of camera {key.camera_id} is valid only from {_shown(key.valid_from)}",
            Refusal.KEY_NOT_YET_VALID,
        )
    return key


def _check_time(manifest: Manifest, received_at: datetime) -> None:
    if manifest.clock_source not in _RECORDED and manifest.occurred_at > received_at + timedelta(seconds=MAX_FUTURE_S):
        raise ManifestError(
            f"the offence is dated in the future ({_shown(manifest.occurred_at)}): the camera's clock is wrong",
            Refusal.DATED_IN_THE_FUTURE,
        )


def _check_camera(manifest: Manifest, key: PublicKey, received_at: datetime) -> None:
    camera_id = manifest.camera.camera_id
    if key.camera_id != camera_id:
        raise CameraMismatch(
            f"the package speaks for camera {camera_id}, but was signed with the key of camera {key.camera_id}",
            Refusal.KEY_OF_ANOTHER_CAMERA,
        )
    signed_at = received_at if manifest.clock_source in _RECORDED else manifest.occurred_at
    if signed_at < key.valid_from:
        raise CameraMismatch(
            f"the key of camera {camera_id} became valid on {_shown(key.valid_from)}, after the offence",
            Refusal.KEY_VALID_ONLY_LATER,
        )
    if key.valid_to is not None and signed_at >= key.valid_to:
        raise CameraMismatch(
            f"the key of camera {camera_id} expired on {_shown(key.valid_to)}, before the offence", Refusal.KEY_EXPIRED
        )


def _check_members(manifest: Manifest, entries: Sequence[Entry]) -> None:
    listed = [member.name for member in manifest.members]
    present = [entry.name for entry in entries]
    for name in listed:
        if name not in present:
            raise MembersError(f"{name!r} is listed in the manifest but missing", Refusal.MEMBER_MISSING)
    for name in present:
        if name not in listed:
            raise MembersError(f"{name!r} is not listed in the manifest", Refusal.MEMBER_ADDED)
    if listed != present:
        raise MembersError("the members do not stand in the manifest's order", Refusal.MEMBER_ORDER)
    for member, entry in zip(manifest.members, entries, strict=True):
        if member.size_bytes != len(entry.view):
            raise MembersError(
                f"{member.name!r} is {len(entry.view)} bytes long, the manifest says {member.size_bytes}",
                Refusal.MEMBER_SIZE,
            )


def _check_hashes(manifest: Manifest, entries: Sequence[Entry]) -> None:
    expected = {member.name: member.sha256 for member in manifest.members}
    for entry in entries:
        if entry.name in expected and hashlib.sha256(entry.view).hexdigest() != expected[entry.name]:
            raise HashMismatch(
                f"{entry.name!r} is not the file that was signed: its SHA-256 differs", Refusal.MEMBER_CHANGED
            )
        if not entry.crc_matches:
            raise HashMismatch(f"the checksum that the container stores for {entry.name!r} is wrong", Refusal.CHECKSUM)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
