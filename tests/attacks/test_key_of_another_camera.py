"""A camera (or whoever holds its key) speaks for another one."""

from tests.attacks.forge import assert_refused
from tests.pipeline.evidence.builder import camera_key, key_ring, sealed_package


def test_a_key_speaks_only_for_its_own_camera():
    package = sealed_package(camera_id="smg-01", key=camera_key("smg-02"))
    assert_refused(
        package.data,
        "camera",
        "the package speaks for camera smg-01, but was signed with the key of camera smg-02",
        keys=key_ring("smg-01", "smg-02"),
    )
