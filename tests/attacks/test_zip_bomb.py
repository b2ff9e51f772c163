"""Compressed members that unfold to gigabytes, and sizes that lie."""

import struct
import zipfile

import pytest

from tests.attacks.forge import assert_refused, foreign_zip, members_of
from tests.pipeline.evidence.builder import sealed_package


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_is_refused_before_anything_is_unfolded(compression):
    bomb = foreign_zip([("envelope.json", b"0" * 5_000_000)], compression=compression)
    assert_refused(bomb, "container", "stored plainly")


@pytest.mark.parametrize("claimed", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("field", [18, 22], ids=["packed", "unpacked"])
def test_a_declared_size_that_lies_is_refused(field, claimed):
    data = bytearray(sealed_package().data)
    struct.pack_into("<L", data, field, claimed)
    assert_refused(bytes(data), "container", "")


@pytest.mark.parametrize("claimed", [0xFFFFFFFF, 0x10000000])
def test_both_sizes_lying_alike_are_refused(claimed):
    data = bytearray(sealed_package().data)
    struct.pack_into("<LL", data, 18, claimed, claimed)
    assert_refused(bytes(data), "container", f"'envelope.json' says {claimed} bytes")


def test_an_archive_in_an_archive_is_only_a_file_that_nobody_listed():
    members = members_of(sealed_package().data)
    nested = foreign_zip([*members, ("more.zip", foreign_zip(members))])
    assert_refused(nested, "container", "canonical way")


def test_a_package_larger_than_the_limit_is_refused():
    assert_refused(b"PK\x03\x04" + bytes(64 * 1024 * 1024), "container", "larger than 67108864 bytes")
