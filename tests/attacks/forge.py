"""Tools of an attacker: take a package apart, change something, put it together again, with or without a key."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pytest

from pipeline.evidence._internal.canonical import canonical_json
from pipeline.evidence._internal.container import ENVELOPE_NAME, pack, unpack
from pipeline.evidence.dsse import Envelope, pae
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.keys import PublicKeyRing, SigningKey
from pipeline.evidence.verify import verify
from tests.pipeline.evidence.builder import NOW, camera_key, key_ring, sealed_package

Members = list[tuple[str, bytes]]


def members_of(data: bytes) -> Members:
    """All members, the envelope first."""
    return [(entry.name, entry.data) for entry in unpack(data)]


def with_members(change: Callable[[Members], Members], data: bytes | None = None) -> bytes:
    """A package whose members were changed; its manifest and signature are the old ones."""
    return pack(change(members_of(data or sealed_package().data)))


def with_envelope_bytes(envelope: bytes) -> bytes:
    """A package with another envelope."""
    return with_members(lambda members: [(ENVELOPE_NAME, envelope), *members[1:]])


def with_envelope(change: Callable[[dict[str, Any]], None]) -> bytes:
    """A package whose envelope was edited, without the key."""
    envelope = json.loads(members_of(sealed_package().data)[0][1])
    change(envelope)
    return with_envelope_bytes(canonical_json(envelope))


def with_payload(payload: bytes, key: SigningKey | None = None, *, camera_id: str = "smg-01") -> bytes:
    """A package with another manifest, signed with a real key: what a stolen box could send."""
    key = key or camera_key(camera_id)
    return with_envelope_bytes(Envelope(payload, key.keyid, key.sign(pae(payload))).to_bytes())


def with_manifest(change: Callable[[dict[str, Any]], None], key: SigningKey | None = None) -> bytes:
    """A package whose manifest was edited and signed again."""
    manifest = json.loads(sealed_package().manifest.to_bytes())
    change(manifest)
    return with_payload(canonical_json(manifest), key)


def foreign_zip(
    members: Sequence[tuple[str, bytes]],
    *,
    compression: int = zipfile.ZIP_STORED,
    mode: int = 0o100644,
    comment: bytes = b"",
) -> bytes:
    """The members as another program would pack them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.comment = comment
        for name, data in members:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return buffer.getvalue()


def assert_refused(
    data: bytes, step: str, why: str, *, keys: PublicKeyRing | None = None, now: datetime = NOW
) -> EvidenceError:
    """The package is refused at this step, with this in the sentence."""
    with pytest.raises(EvidenceError) as caught:
        verify(data, keys or key_ring(), now=now)
    assert (caught.value.step, why in caught.value.why) == (step, True), str(caught.value)
    assert "\n" not in caught.value.why
    return caught.value
