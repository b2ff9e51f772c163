"""A member that is a symbolic link, a device or executable when unpacked."""

import stat

import pytest

from tests.attacks.forge import assert_refused, foreign_zip, members_of
from tests.pipeline.evidence.builder import sealed_package


@pytest.mark.parametrize(
    "mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o644, stat.S_IFDIR | 0o755, stat.S_IFREG | 0o4755]
)
def test_attributes_other_than_those_of_a_plain_file_are_refused(mode):
    packed = foreign_zip(members_of(sealed_package().data), mode=mode)
    assert_refused(packed, "container", "canonical way")


def test_a_link_in_our_own_archive_is_refused():
    data = sealed_package().data
    regular, link = (0o100644 << 16).to_bytes(4, "little"), (0o120777 << 16).to_bytes(4, "little")
    at = data.rindex(regular)
    assert_refused(data[:at] + link + data[at + 4 :], "container", "directory at its end")
