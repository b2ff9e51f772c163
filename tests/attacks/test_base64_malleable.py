"""The same bytes in another base64: unused bits set, line breaks, the URL alphabet, no padding."""

import json

import pytest

from pipeline.evidence._internal.canonical import canonical_json
from tests.attacks.forge import assert_refused, members_of, with_envelope_bytes
from tests.pipeline.evidence.builder import sealed_package

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def _unused_bits(text):
    assert text.endswith("==")  # a signature of 64 bytes leaves four unused bits
    return text[:-3] + ALPHABET[ALPHABET.index(text[-3]) ^ 1] + "=="


@pytest.mark.parametrize(
    "rewrite",
    [
        _unused_bits,
        lambda text: text[:20] + "\n" + text[20:],
        lambda text: text.rstrip("="),
        lambda text: text + "=",
        lambda text: "-" + text[1:],
    ],
    ids=["unused-bits", "line-break", "no-padding", "more-padding", "url-alphabet"],
)
def test_one_signature_has_one_spelling(rewrite):
    envelope = json.loads(members_of(sealed_package().data)[0][1])
    envelope["signatures"][0]["sig"] = rewrite(envelope["signatures"][0]["sig"])
    assert_refused(with_envelope_bytes(canonical_json(envelope)), "envelope", "base64")
