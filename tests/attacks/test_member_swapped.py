"""The still of one offence is put into the package of another; two stills change places."""

from tests.attacks.forge import assert_refused, with_members
from tests.pipeline.evidence.builder import media


def test_other_contents_of_the_same_length_are_refused():
    other = bytes(len(media()[2].data))
    changed = with_members(lambda members: [(name, other if name == "offence.jpg" else data) for name, data in members])
    assert_refused(changed, "hashes", "'offence.jpg' is not the file that was signed")


def test_two_stills_that_change_names_are_refused():
    names = {"overview.jpg": "offence.jpg", "offence.jpg": "overview.jpg"}
    changed = with_members(lambda members: [(names.get(name, name), data) for name, data in members])
    assert_refused(changed, "members", "do not stand in the manifest's order")


def test_two_stills_that_change_contents_are_refused():
    def swap(members):
        contents = dict(members)
        contents["overview.jpg"], contents["offence.jpg"] = contents["offence.jpg"], contents["overview.jpg"]
        return list(contents.items())

    assert_refused(with_members(swap), "hashes", "'overview.jpg' is not the file that was signed")


def test_another_order_is_refused():
    changed = with_members(lambda members: [members[0], *reversed(members[1:])])
    assert_refused(changed, "members", "do not stand in the manifest's order")
