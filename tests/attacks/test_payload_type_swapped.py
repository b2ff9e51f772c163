"""A signature for another kind of document is passed off as one for a package, or the type is changed."""

import json

import pytest

from pipeline.evidence._internal.canonical import canonical_json
from pipeline.evidence.dsse import Envelope, pae
from tests.attacks.forge import assert_refused, with_envelope, with_envelope_bytes
from tests.pipeline.evidence.builder import camera_key, sealed_package


@pytest.mark.parametrize(
    "payload_type", ["application/vnd.in-toto+json", "application/vnd.tertib.package+json;version=2", "", None, 7]
)
def test_another_type_is_refused(payload_type):
    def change(envelope):
        envelope["payloadType"] = payload_type

    assert_refused(with_envelope(change), "envelope", "the payload type is")


def test_a_signature_for_another_type_does_not_count():
    payload, key = sealed_package().manifest.to_bytes(), camera_key()
    signature = key.sign(pae(payload, "application/vnd.other+json"))
    assert_refused(
        with_envelope_bytes(Envelope(payload, key.keyid, signature).to_bytes()), "signature", "over this manifest"
    )


def test_a_signature_over_the_bare_manifest_does_not_count():
    payload, key = sealed_package().manifest.to_bytes(), camera_key()
    assert_refused(
        with_envelope_bytes(Envelope(payload, key.keyid, key.sign(payload)).to_bytes()),
        "signature",
        "over this manifest",
    )


@pytest.mark.parametrize("field", ["alg", "cert", "header"])
def test_nothing_may_be_added_that_could_choose_an_algorithm(field):
    envelope = json.loads(Envelope(b"{}", "0" * 64, b"\0" * 64).to_bytes())
    envelope["signatures"][0][field] = "none"
    assert_refused(with_envelope_bytes(canonical_json(envelope)), "envelope", "keyid and sig, and nothing else")
