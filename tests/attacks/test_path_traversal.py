"""A member name that would leave the folder when somebody unpacks the archive, or that means something to a system."""

import pytest

from pipeline.evidence._internal import container
from tests.attacks.forge import assert_refused, members_of, with_manifest
from tests.pipeline.evidence.builder import sealed_package

NAMES = ["../evil.sh", "/etc/passwd", "a/b.jpg", "..", ".", "", ".hidden", "a..b", "a.", "C:x", "a\\b", "a b", "A.JPG"]
NAMES += ["a\x00b", "caf\u00e9.jpg", "-rf.", "x" * 81]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_in_the_container(name):
    members = members_of(sealed_package().data)
    raw = name.encode("utf-8")
    placeholder = "z" * len(raw)
    packed = b"".join(container._archive([(n, d, 0) for n, d in [*members, (placeholder, b"#!")]]))
    assert_refused(packed.replace(placeholder.encode(), raw) if raw else packed, "container", "name")


@pytest.mark.parametrize("name", [*NAMES, "envelope.json"], ids=repr)
def test_in_the_manifest(name):
    assert_refused(
        with_manifest(lambda manifest: manifest["members"][0].update(name=name)), "manifest", "members.0.name"
    )
