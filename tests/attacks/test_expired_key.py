"""A key that was replaced is used after its end, or before its beginning."""

from datetime import timedelta

import pytest

from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify
from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import NOW, OCCURRED_AT, VALID_FROM, camera_key, key_ring, sealed_package


def _ring(valid_to):
    return PublicKeyRing(keys=(camera_key().public("smg-01", valid_from=VALID_FROM, valid_to=valid_to),))


def test_an_offence_after_the_keys_end_is_refused():
    assert_refused(sealed_package().data, "camera", "expired on", keys=_ring(OCCURRED_AT))


def test_an_offence_before_the_end_counts_even_when_it_arrives_late():
    verify(sealed_package().data, _ring(OCCURRED_AT + timedelta(seconds=1)), now=NOW + timedelta(days=9))


@pytest.mark.parametrize("clock_source", ["file", "assumed"])
def test_a_recording_whose_time_tells_nothing_needs_a_key_that_is_valid_now(clock_source):
    package = sealed_package(clock_source=clock_source, occurred_at=OCCURRED_AT)
    assert_refused(package.data, "camera", "expired on", keys=_ring(NOW))
    verify(package.data, _ring(NOW + timedelta(seconds=1)), now=NOW)


def test_an_offence_before_the_keys_beginning_is_refused():
    early = VALID_FROM - timedelta(days=1)
    assert_refused(sealed_package(occurred_at=early).data, "camera", "after the offence")


def test_a_key_that_is_not_valid_yet_is_refused():
    ring = key_ring("smg-01", valid_from=NOW + timedelta(days=1))
    assert_refused(sealed_package().data, "key", "is valid only from", keys=ring)
