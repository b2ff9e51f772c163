"""Numbers that cost time or that parsers read differently: a million digits, NaN, infinity, minus zero, 1.0 for 1."""

import pytest

from tests.attacks.forge import assert_refused, with_payload
from tests.pipeline.evidence.builder import sealed_package


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"9" * 100_000, "a number of 100000 characters"),
        (b"0." + b"1" * 1000, "a number of 1002 characters"),
        (b"NaN", "NaN, which is not a JSON number"),
        (b"Infinity", "Infinity, which is not a JSON number"),
        (b"-Infinity", "-Infinity, which is not a JSON number"),
        (b"1e999", "a number that is too large"),
        (b"12.50", "canonical"),
        (b"1.25e1", "canonical"),
        (b"012.5", "is not JSON"),
        (b"-12.5", "greater than or equal to 0"),
        (b'"12.5"', "clock_uncertainty_ms"),
        (b"true", "clock_uncertainty_ms"),
        (b"12", "canonical way"),
    ],
    ids=lambda value: value[:12].decode() if isinstance(value, bytes) else None,
)
def test_a_number_has_one_spelling_within_bounds(written, why):
    payload = sealed_package().manifest.to_bytes()
    assert b'"clock_uncertainty_ms":12.5' in payload
    changed = payload.replace(b'"clock_uncertainty_ms":12.5', b'"clock_uncertainty_ms":' + written)
    assert_refused(with_payload(changed), "manifest", why)


def test_a_million_digits_do_not_get_as_far_as_a_parser():
    payload = sealed_package().manifest.to_bytes()
    changed = payload.replace(b'"clock_uncertainty_ms":12.5', b'"clock_uncertainty_ms":' + b"9" * 1_000_000)
    assert_refused(with_payload(changed), "manifest", "bytes long, more than 1000000")
