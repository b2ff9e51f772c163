"""A camera that this office never heard of sends evidence."""

from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import key_ring, sealed_package


def test_an_unknown_camera_is_refused():
    assert_refused(sealed_package(camera_id="nowhere-9").data, "key", "is not known here", keys=key_ring("smg-01"))
