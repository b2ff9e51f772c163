"""A stolen box sends a page with a script as a still, to run in the officer's browser."""

import pytest

from tests.attacks.forge import assert_refused, with_manifest


@pytest.mark.parametrize(
    "media_type", ["text/html", "image/svg+xml", "application/pdf", "image/jpeg; charset=x", "", "IMAGE/JPEG"]
)
def test_only_pictures_and_clips_are_allowed(media_type):
    changed = with_manifest(lambda manifest: manifest["members"][1].update(media_type=media_type))
    assert_refused(changed, "manifest", "members.1.media_type")
