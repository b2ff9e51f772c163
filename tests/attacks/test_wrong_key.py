"""Somebody signs with a key of their own."""

from pipeline.evidence.keys import SigningKey
from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import sealed_package


def test_a_key_that_the_office_does_not_know_is_refused():
    stranger = SigningKey.from_seed(b"s" * 32)
    error = assert_refused(sealed_package(key=stranger).data, "key", "is not known here")
    assert stranger.keyid[:12] in error.why
