"""A text of megabytes where a manifest is expected."""

from tests.attacks.forge import assert_refused, with_envelope_bytes, with_payload


def test_the_envelope_is_bounded():
    assert_refused(with_envelope_bytes(b'"' + b"x" * 1_500_000 + b'"'), "envelope", "bytes long, more than 1500000")


def test_the_manifest_is_bounded():
    assert_refused(with_payload(b'"' + b"x" * 1_000_000 + b'"'), "manifest", "bytes long, more than 1000000")
