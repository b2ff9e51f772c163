"""The same name twice: one program shows the first, another the last."""

import warnings

from tests.attacks.forge import assert_refused, foreign_zip, members_of, with_manifest
from tests.pipeline.evidence.builder import sealed_package


def test_in_the_container():
    members = members_of(sealed_package().data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        packed = foreign_zip([*members, ("offence.jpg", b"another picture")])
    assert_refused(packed, "container", "the member 'offence.jpg' stands twice")


def test_in_the_manifest():
    packed = with_manifest(lambda manifest: manifest["members"].append(manifest["members"][2]))
    assert_refused(packed, "members", "lists 'offence.jpg' twice")
