"""Somebody signs with a key of their own, but writes a trusted key's id beside it."""

from pipeline.evidence.dsse import Envelope, pae
from pipeline.evidence.keys import SigningKey
from tests.attacks.forge import assert_refused, with_envelope_bytes
from tests.pipeline.evidence.builder import camera_key, sealed_package


def test_the_keyid_is_not_believed():
    payload, stranger = sealed_package().manifest.to_bytes(), SigningKey.from_seed(b"s" * 32)
    envelope = Envelope(payload, camera_key().keyid, stranger.sign(pae(payload)))
    assert_refused(with_envelope_bytes(envelope.to_bytes()), "signature", "is not that of key")
