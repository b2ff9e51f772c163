"""A drawing or crop is passed off as an original, or derived from nothing that can be looked at."""

import pytest

from tests.attacks.forge import assert_refused, with_manifest


@pytest.mark.parametrize(
    ("member", "change", "why"),
    [
        (
            3,
            {"derived_from": None, "recipe": None},
            "'offence_drawn.jpg' is a derivative (offence_drawn) but does not say of what",
        ),
        (4, {"derived_from": None}, "'plate.png' is a derivative (plate) but does not say of what"),
        (4, {"recipe": None}, "by which recipe"),
        (4, {"derived_from": "elsewhere.jpg"}, "'elsewhere.jpg', which is not a member"),
        (4, {"derived_from": "plate.png"}, "'plate.png' is derived from itself"),
        (2, {"derived_from": "plate.png", "recipe": "enlarge"}, "derived from itself"),
    ],
)
def test_is_refused(member, change, why):
    assert_refused(with_manifest(lambda manifest: manifest["members"][member].update(change)), "members", why)


def test_bystanders_must_be_marked_on_a_member():
    changed = with_manifest(lambda manifest: manifest["bystanders"].update({"other.jpg": [[0.0, 0.0, 1.0, 1.0]]}))
    assert_refused(changed, "members", "bystanders are marked on 'other.jpg'")


def test_a_clip_in_a_package_of_stills_is_a_contradiction():
    assert_refused(
        with_manifest(lambda manifest: manifest.update(stills_only=True)), "members", "says that there is no clip"
    )
