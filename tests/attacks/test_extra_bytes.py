"""Bytes before, after or between, where unzip does not look: a second archive, a script, a comment."""

import pytest

from tests.attacks.forge import assert_refused, foreign_zip, members_of
from tests.pipeline.evidence.builder import sealed_package


@pytest.mark.parametrize("extra", [b"\0", b"#!/bin/sh\n", b"PK\x05\x06" + bytes(18)])
def test_after_the_end(extra):
    assert_refused(sealed_package().data + extra, "container", f"{len(extra)} bytes follow its end")


@pytest.mark.parametrize("extra", [b"\0", b"#!/bin/sh\n", b"\xef\xbb\xbf"])
def test_before_the_beginning(extra):
    assert_refused(extra + sealed_package().data, "container", "does not begin as one")


def test_between_members_and_directory():
    data = sealed_package().data
    at = data.index(b"PK\x01\x02")
    assert_refused(data[:at] + b"hidden" + data[at:], "container", "canonical")


def test_two_packages_in_one_file():
    data = sealed_package().data
    assert_refused(data + data, "container", "bytes follow its end")


def test_a_comment():
    assert_refused(foreign_zip(members_of(sealed_package().data), comment=b"hello"), "container", "canonical")
