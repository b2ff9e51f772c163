"""An offence dated in the future, to be found within some later deadline."""

from datetime import timedelta

from pipeline.evidence.verify import verify
from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import NOW, key_ring, sealed_package


def test_an_offence_in_the_future_is_refused():
    package = sealed_package(occurred_at=NOW + timedelta(minutes=6))
    assert_refused(package.data, "manifest", "dated in the future")


def test_clocks_may_differ_a_little():
    verify(sealed_package(occurred_at=NOW + timedelta(minutes=4)).data, key_ring(), now=NOW)
