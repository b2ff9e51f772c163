"""A box was stolen; its key was revoked. The thief dates the offence back."""

from datetime import timedelta

from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import verify
from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import NOW, OCCURRED_AT, VALID_FROM, camera_key, sealed_package


def _ring(revoked_at):
    key = camera_key().public("smg-01", valid_from=VALID_FROM).model_copy(update={"revoked_at": revoked_at})
    return PublicKeyRing(keys=(key,))


def test_nothing_received_after_the_revocation_counts_whatever_time_it_claims():
    assert OCCURRED_AT < NOW
    assert_refused(sealed_package().data, "key", "of camera smg-01 was revoked on", keys=_ring(NOW))


def test_what_was_received_before_stays_evidence():
    verify(sealed_package().data, _ring(NOW + timedelta(seconds=1)), now=NOW)
