"""Anything else under the name of a package."""

import pytest

from tests.attacks.forge import assert_refused, foreign_zip, with_envelope_bytes, with_payload


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "the file is empty"),
        (b"hello, this is a text file\n", "does not begin as one"),
        (b"\xff\xd8\xff\xe0JFIF", "does not begin as one"),
        (b"PK", "does not begin as one"),
        (b"PK\x05\x06" + bytes(18), "does not begin as one"),
        (b"PK\x03\x04", "cut short"),
        (b"PK\x03\x04" + bytes(26), "first member is not envelope.json"),
        (foreign_zip([("readme.txt", b"a real archive")]), "the first member is not envelope.json"),
    ],
    ids=["empty", "text", "jpeg", "two-bytes", "empty-zip", "magic", "zeros", "other-zip"],
)
def test_is_refused_with_what_was_found(data, why):
    assert_refused(data, "container", why)


@pytest.mark.parametrize("envelope", [b"", b"null", b"[]", b"{}", b'"x"', b"7", b"{", b"\xff"])
def test_an_envelope_that_is_none_is_refused(envelope):
    assert_refused(with_envelope_bytes(envelope), "envelope", "the envelope")


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"{}", b'"x"', b"7", b"{"])
def test_a_manifest_that_is_none_is_refused(payload):
    assert_refused(with_payload(payload), "manifest", "")
