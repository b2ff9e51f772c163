"""Text that reads otherwise than it is stored, or is no text at all."""

import pytest

from tests.attacks.forge import assert_refused, with_manifest, with_payload
from tests.pipeline.evidence.builder import sealed_package


@pytest.mark.parametrize("text", ["a\u202eb", "a\u0000b", "a\nb", "\u2066x\u2069", "x" * 501])
def test_control_characters_direction_overrides_and_long_texts_are_refused(text):
    assert_refused(with_manifest(lambda manifest: manifest["doubts"].append(text)), "manifest", "doubts.1")


def test_half_a_surrogate_pair_is_refused():
    payload = sealed_package().manifest.to_bytes().replace(b"another vehicle", b"\\ud800")
    assert_refused(with_payload(payload), "manifest", "not valid Unicode")


def test_bytes_that_are_not_utf8_are_refused():
    payload = sealed_package().manifest.to_bytes().replace(b"another vehicle", b"\xff\xfe")
    assert_refused(with_payload(payload), "manifest", "not valid UTF-8")


def test_a_byte_order_mark_is_refused():
    assert_refused(with_payload(b"\xef\xbb\xbf" + sealed_package().manifest.to_bytes()), "manifest", "is not JSON")
