"""A clip ends before the moment that matters; a file breaks off in transfer."""

import pytest

from tests.attacks.forge import assert_refused, with_members
from tests.pipeline.evidence.builder import sealed_package


def test_a_shortened_file_is_refused():
    changed = with_members(lambda members: [(n, d[:-1] if n == "clip.mp4" else d) for n, d in members])
    assert_refused(changed, "members", "'clip.mp4' is 299 bytes long, the manifest says 300")


@pytest.mark.parametrize("left_percent", [0.2, 1, 20, 50, 80, 95, 99.9])
def test_a_package_that_breaks_off_is_refused(left_percent):
    data = sealed_package().data
    assert_refused(data[: max(5, int(len(data) * left_percent / 100))], "container", "cut short")
