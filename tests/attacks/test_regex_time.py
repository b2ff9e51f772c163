"""Text that makes a careless pattern search for hours."""

import pytest

from tests.attacks.forge import assert_refused, foreign_zip, with_envelope_bytes, with_payload


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 400_000, b'"' * 800_001, b'"' + b"\\" * 800_000, b'"a' * 400_000 + b"\\"]
)
def test_quotes_without_end_take_no_time(text):
    assert_refused(with_envelope_bytes(text), "envelope", "is not JSON")
    assert_refused(with_payload(text), "manifest", "is not JSON")


@pytest.mark.parametrize("name", ["a." * 40, "a" * 79 + "!", "." * 80, "a-" * 39 + "a."])
def test_long_names_take_no_time(name):
    assert_refused(foreign_zip([("envelope.json", b"{}"), (name, b"x")]), "container", "is not allowed")
