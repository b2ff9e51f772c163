"""JSON nested so deeply that a parser falls over."""

from tests.attacks.forge import assert_refused, with_envelope_bytes, with_payload


def test_in_the_manifest():
    assert_refused(with_payload(b"[" * 100_000), "manifest", "nested deeper than 16")


def test_in_the_envelope():
    assert_refused(with_envelope_bytes(b'{"a":' * 50_000), "envelope", "nested deeper than 16")


def test_brackets_inside_a_string_are_not_nesting():
    assert_refused(with_payload(b'{"a":"' + b"[" * 1000 + b'"}'), "manifest", "Field required")
