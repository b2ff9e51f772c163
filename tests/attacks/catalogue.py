"""The table of attacks: what an attacker makes, and the word by which each is refused."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from pipeline.evidence.dsse import Envelope
from pipeline.evidence.errors import Refusal
from tests.attacks.forge import (
    Members,
    foreign_zip,
    members_of,
    with_envelope,
    with_envelope_bytes,
    with_manifest,
    with_members,
    with_payload,
)
from tests.pipeline.evidence.builder import NOW, camera_key, sealed_package


def _manifest(change: Callable[[dict[str, Any]], None]) -> bytes:
    return with_manifest(change)


def _number(written: bytes) -> bytes:
    payload = sealed_package().manifest.to_bytes()
    return with_payload(payload.replace(b":12.5,", b":" + written + b",", 1))


def _algorithm() -> bytes:
    """The signature claims to need no key at all."""
    return with_envelope(lambda envelope: envelope["signatures"][0].update(alg="none"))


def _swapped(members: Members) -> Members:
    return [(name, b"another" if name == "clip.mp4" else data) for name, data in members]


def _same_length(members: Members) -> Members:
    return [(name, data[::-1] if name == "clip.mp4" else data) for name, data in members]


def _checksum() -> bytes:
    data = sealed_package().data
    return data.replace(data[14:18], bytes(4))


def _unsigned_container(name: str) -> bytes:
    return foreign_zip([*members_of(sealed_package().data), (name, b"x")])


def _twice(manifest: dict[str, Any]) -> None:
    manifest["members"].append(manifest["members"][0])


def _without_clip(manifest: dict[str, Any]) -> None:
    manifest["members"] = [one for one in manifest["members"] if one["role"] != "clip"]


def _derived_from_nothing(manifest: dict[str, Any]) -> None:
    for one in manifest["members"]:
        if one["role"] == "plate":
            one["derived_from"] = one["recipe"] = None


def _reordered(members: Members) -> Members:
    return [members[0], *reversed(members[1:])]


def _flipped_manifest() -> bytes:
    package = sealed_package()
    payload = bytearray(package.manifest.to_bytes())
    payload[len(payload) // 2] ^= 1
    envelope = Envelope.from_bytes(members_of(package.data)[0][1])
    return with_envelope_bytes(Envelope(bytes(payload), envelope.keyid, envelope.signature).to_bytes())


def _text_base64() -> bytes:
    return with_envelope(lambda envelope: envelope.update(payload="*" + envelope["payload"][1:]))


def _many() -> bytes:
    return foreign_zip([*members_of(sealed_package().data), *((f"m{n}.jpg", b"") for n in range(70))])


def _big_manifest() -> bytes:
    return with_payload(b" " * 1_000_001)


ATTACKS: Final[dict[str, tuple[Refusal, Callable[[], bytes]]]] = {
    "an empty file": (Refusal.NOT_A_PACKAGE, lambda: b""),
    "a page that calls itself a package": (Refusal.NOT_A_PACKAGE, lambda: b"<html><script>alert(1)</script>"),
    "larger than allowed": (Refusal.TOO_LARGE, lambda: b"PK\x03\x04" + bytes(64 * 1024 * 1024)),
    "truncated": (Refusal.CUT_SHORT, lambda: sealed_package().data[:-30]),
    "a bomb": (
        Refusal.NOT_STORED_PLAINLY,
        lambda: foreign_zip([("envelope.json", b"0" * 5_000_000)], compression=zipfile.ZIP_DEFLATED),
    ),
    "an archive in the archive": (
        Refusal.CONTAINER_NOT_CANONICAL,
        lambda: foreign_zip([*members_of(sealed_package().data), ("more.zip", foreign_zip([("a", b"b")]))]),
    ),
    "path traversal": (Refusal.NAME_REFUSED, lambda: _unsigned_container("../../etc/cron.d/x")),
    "an absolute path": (Refusal.NAME_REFUSED, lambda: _unsigned_container("/etc/passwd")),
    "a symlink": (
        Refusal.CONTAINER_NOT_CANONICAL,
        lambda: foreign_zip(members_of(sealed_package().data), mode=0o120777),
    ),
    "a member twice": (
        Refusal.MEMBER_TWICE,
        lambda: foreign_zip([*members_of(sealed_package().data), ("clip.mp4", b"x")]),
    ),
    "a hundred members": (Refusal.TOO_MANY_MEMBERS, _many),
    "bytes behind the end": (Refusal.BYTES_AFTER_THE_END, lambda: sealed_package().data + b"PK"),
    "no envelope but a list": (Refusal.ENVELOPE_MALFORMED, lambda: with_envelope_bytes(b"[]")),
    "a key of the envelope twice": (
        Refusal.ENVELOPE_MALFORMED,
        lambda: with_envelope_bytes(b'{"payload":"","payload":"","payloadType":"","signatures":[]}'),
    ),
    "the type of another document": (
        Refusal.PAYLOAD_TYPE,
        lambda: with_envelope(lambda envelope: envelope.update(payloadType="application/vnd.in-toto+json")),
    ),
    "the algorithm swapped for none": (Refusal.SIGNATURE_FIELDS, _algorithm),
    "no signature": (
        Refusal.SIGNATURE_FIELDS,
        lambda: with_envelope(lambda envelope: envelope.update(signatures=[])),
    ),
    "a signature of another length": (
        Refusal.SIGNATURE_FIELDS,
        lambda: with_envelope(
            lambda envelope: envelope["signatures"][0].update(sig=base64.b64encode(b"\0" * 32).decode())
        ),
    ),
    "characters that are no base64": (Refusal.NOT_BASE64, _text_base64),
    "a key that nobody knows": (
        Refusal.KEY_UNKNOWN,
        lambda: sealed_package(key=camera_key("somebody")).data,
    ),
    "a signature by another key under the right name": (
        Refusal.SIGNATURE_INVALID,
        lambda: with_envelope(
            lambda envelope: envelope["signatures"][0].update(
                sig=base64.b64encode(camera_key("x").sign(base64.b64decode(envelope["payload"]))).decode()
            )
        ),
    ),
    "a bit of the manifest flipped": (Refusal.SIGNATURE_INVALID, _flipped_manifest),
    "a manifest of a megabyte": (Refusal.MANIFEST_NOT_JSON, _big_manifest),
    "a key of the manifest twice": (
        Refusal.MANIFEST_NOT_JSON,
        lambda: with_payload(
            b'{"agency":1,' + sealed_package().manifest.to_bytes()[1:].replace(b"{", b'{"agency":1,"agency":2,', 1)
        ),
    ),
    "a number of 10^5 digits": (Refusal.MANIFEST_NOT_JSON, lambda: _number(b"9" * 100_000)),
    "a number of 10^6 digits": (Refusal.MANIFEST_NOT_JSON, lambda: _number(b"9" * 1_000_000)),
    "nested a thousand deep": (Refusal.MANIFEST_NOT_JSON, lambda: with_payload(b"[" * 1000 + b"]" * 1000)),
    "spaces in the manifest": (
        Refusal.MANIFEST_NOT_JSON,
        lambda: with_payload(json.dumps(json.loads(sealed_package().manifest.to_bytes())).encode()),
    ),
    "a field too many": (Refusal.MANIFEST_FIELD, lambda: _manifest(lambda manifest: manifest.update(verdict="guilty"))),
    "a latitude beyond the pole": (
        Refusal.MANIFEST_FIELD,
        lambda: _manifest(lambda manifest: manifest["camera"].update(latitude=91.5)),
    ),
    "a whole number where a decimal belongs": (Refusal.MANIFEST_NOT_CANONICAL, lambda: _number(b"12")),
    "tomorrow": (
        Refusal.DATED_IN_THE_FUTURE,
        lambda: sealed_package(occurred_at=NOW + timedelta(days=1)).data,
    ),
    "another camera's key": (
        Refusal.KEY_OF_ANOTHER_CAMERA,
        lambda: sealed_package(camera_id="smg-01", key=camera_key("smg-02")).data,
    ),
    "an offence before the key": (
        Refusal.KEY_VALID_ONLY_LATER,
        lambda: sealed_package(occurred_at=NOW - timedelta(days=400)).data,
    ),
    "an offence after the key": (Refusal.KEY_EXPIRED, lambda: sealed_package(camera_id="smg-03").data),
    "a revoked key": (Refusal.KEY_REVOKED, lambda: sealed_package(camera_id="smg-04").data),
    "a key before its time": (Refusal.KEY_NOT_YET_VALID, lambda: sealed_package(camera_id="smg-05").data),
    "a member listed twice": (Refusal.MEMBER_LISTED_TWICE, lambda: _manifest(_twice)),
    "no clip": (Refusal.ROLE_MISSING, lambda: _manifest(_without_clip)),
    "a derivative of nothing": (Refusal.DERIVATION, lambda: _manifest(_derived_from_nothing)),
    "a member missing": (
        Refusal.MEMBER_MISSING,
        lambda: with_members(lambda members: [one for one in members if one[0] != "plate.png"]),
    ),
    "a member added": (Refusal.MEMBER_ADDED, lambda: with_members(lambda members: [*members, ("more.jpg", b"x")])),
    "members in another order": (Refusal.MEMBER_ORDER, lambda: with_members(_reordered)),
    "a member of another length": (Refusal.MEMBER_SIZE, lambda: with_members(_swapped)),
    "a member swapped for another": (Refusal.MEMBER_CHANGED, lambda: with_members(_same_length)),
    "both checksums of a member": (Refusal.CHECKSUM, _checksum),
}
"""What is refused, by name: the code that it must be refused with, and how it is made."""

# Told by other tests: by `seal` before anything is signed, and by comparing several packages.
ELSEWHERE: Final = frozenset({Refusal.MANIFEST_TOO_LARGE, Refusal.CHAIN})
