"""The signed envelope: DSSE (Dead Simple Signing Envelope, secure-systems-lab/dsse) with one Ed25519 signature.

What is signed is not the payload alone but its pre-authentication encoding, which binds the payload's type: a signature
for something else
cannot be passed off as one for a manifest.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

from pipeline.evidence._internal.canonical import JsonRefused, canonical_json, parse_canonical
from pipeline.evidence.errors import EnvelopeError, Refusal
from pipeline.evidence.limits import MAX_ENVELOPE_BYTES

PAYLOAD_TYPE: Final = "application/vnd.tertib.package+json;version=1"
SIGNATURE_BYTES: Final = 64

_KEYID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Envelope:
    """A manifest's bytes and the signature over them.

    Attributes:
        payload: The signed bytes.
        keyid: SHA-256 of the raw public key, in hex: which key to check with, not a proof.
        signature: Ed25519 signature over `pae(payload)`, 64 bytes.
    """

    payload: bytes
    keyid: str
    signature: bytes

    def to_bytes(self) -> bytes:
        """The envelope as canonical JSON."""
        return canonical_json(
            {
                "payload": base64.b64encode(self.payload).decode(),
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"keyid": self.keyid, "sig": base64.b64encode(self.signature).decode()}],
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Envelope:
        """Read an envelope that must be written exactly as `to_bytes` does.

        Raises:
            EnvelopeError: It is not; the sentence says what was found.
        """
        try:
            value = parse_canonical(data, max_bytes=MAX_ENVELOPE_BYTES)
        except JsonRefused as error:
            message = f"the envelope {error}"
            raise EnvelopeError(message, Refusal.ENVELOPE_MALFORMED) from error
        if not isinstance(value, dict) or set(value) != {"payload", "payloadType", "signatures"}:
            raise EnvelopeError(
                "the envelope must hold payload, payloadType and signatures, and nothing else",
                Refusal.ENVELOPE_MALFORMED,
            )
        if value["payloadType"] != PAYLOAD_TYPE:
            raise EnvelopeError(
                f"the payload type is {str(value['payloadType'])[:80]!r}, not {PAYLOAD_TYPE!r}", Refusal.PAYLOAD_TYPE
            )
        signatures = value["signatures"]
        if not isinstance(signatures, list) or len(signatures) != 1:
            raise EnvelopeError("the envelope must hold exactly one signature", Refusal.SIGNATURE_FIELDS)
        (entry,) = signatures
        if not isinstance(entry, dict) or set(entry) != {"keyid", "sig"}:
            raise EnvelopeError("the signature must hold keyid and sig, and nothing else", Refusal.SIGNATURE_FIELDS)
        if not isinstance(entry["keyid"], str) or not _KEYID.fullmatch(entry["keyid"]):
            raise EnvelopeError("the keyid is not a SHA-256 in hex", Refusal.SIGNATURE_FIELDS)
        signature = _decode(entry["sig"], "signature")
        if len(signature) != SIGNATURE_BYTES:
            raise EnvelopeError(
                f"the signature is {len(signature)} bytes long, not {SIGNATURE_BYTES}", Refusal.SIGNATURE_FIELDS
            )
        return cls(payload=_decode(value["payload"], "payload"), keyid=entry["keyid"], signature=signature)


def pae(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Pre-authentication encoding, the bytes that are signed: `DSSEv1 LEN(type) type LEN(payload) payload`."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _decode(text: object, what: str) -> bytes:
    if not isinstance(text, str):
        raise EnvelopeError(f"the {what} is not base64", Refusal.NOT_BASE64)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError(f"the {what} is not base64", Refusal.NOT_BASE64) from error
    # The last character can hold unused bits that decoders ignore.
    if base64.b64encode(raw).decode() != text:
        raise EnvelopeError(f"the {what} is not canonical base64", Refusal.NOT_BASE64)
    return raw
