"""The clip that shows the contrary is left out."""

from pipeline.evidence._internal import container
from tests.attacks.forge import assert_refused, with_manifest, with_members


def test_a_missing_file_is_refused():
    changed = with_members(lambda members: [m for m in members if m[0] != "clip.mp4"])
    assert_refused(changed, "members", "'clip.mp4' is listed in the manifest but missing")


def test_a_manifest_without_a_clip_is_refused_even_when_signed():
    def drop(manifest):
        manifest["members"] = [m for m in manifest["members"] if m["role"] != "clip"]

    assert_refused(with_manifest(drop), "members", "no member with the role 'clip'")


def test_an_envelope_alone_is_refused():
    assert_refused(
        with_members(lambda members: members[:1]), "members", "'clip.mp4' is listed in the manifest but missing"
    )


def test_no_envelope_is_refused():
    raw = b"".join(container._archive([("clip.mp4", b"x", 0)]))
    assert_refused(raw, "container", "the first member is not envelope.json")
