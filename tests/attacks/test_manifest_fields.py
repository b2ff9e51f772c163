"""Fields that are missing, unknown, of another type, or contradict each other, in a properly signed manifest."""

import pytest

from tests.attacks.forge import assert_refused, with_manifest


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        ("schema_version", "tertib.package/2", "schema_version"),
        ("offence", "jaywalking", "offence"),
        ("package_id", "1", "package_id"),
        ("package_id", "D1C32093-6397-4ACE-941E-3133C90B75C1", "package_id"),
        ("package_id", "d1c32093-6397-1ace-941e-3133c90b75c1", "package_id: is not a random UUID"),
        ("occurred_at", "2026-03-02T01:15:30", "occurred_at"),
        ("occurred_at", "2026-03-02T08:15:30.123456+07:00", "canonical way"),
        ("occurred_at", 1772414130, "occurred_at"),
        ("camera.latitude", 91.0, "camera.latitude"),
        ("camera.camera_id", "<script>", "camera.camera_id"),
        ("camera.operator", "x", "camera.operator: Extra inputs are not permitted"),
        ("track.track_id", "7", "track.track_id"),
        ("track.track_id", True, "track.track_id"),
        ("track.box", [1.0, 2.0, 3.0], "track.box"),
        ("track.last_seen_at", "2020-01-01T00:00:00.000000Z", "the track ends before it begins"),
        ("plate.text", None, "either read (text) or abstained"),
        ("plate.abstained", True, "either read (text) or abstained"),
        ("plate.text", "H 1234 AB", "plate.text"),
        ("plate.confidence", 1.5, "plate.confidence"),
        ("chain.sequence", 2, "the first package of a chain"),
        ("chain.sequence", 0, "chain.sequence"),
        ("chain.previous_sha256", "0" * 64, "the first package of a chain"),
        ("scene.version_sha256", "A" * 64, "scene.version_sha256"),
        ("measured", {"a b": 1}, "measured"),
        ("measured", {"a": [1]}, "measured"),
        ("bystanders", {"offence.jpg": [[0.0, 0.0, 1.0, 1.0]] * 1001}, "more than 1000 bystanders"),
        ("software.models", {"traffic-n": "latest"}, "software.models"),
    ],
)
def test_is_refused_with_the_fields_name(path, value, why):
    def change(manifest):
        *parents, last = path.split(".")
        for parent in parents:
            manifest = manifest[parent]
        manifest[last] = value

    assert_refused(with_manifest(change), "manifest", why)


@pytest.mark.parametrize(
    "field", ["camera", "offence", "occurred_at", "plate", "members", "chain", "doubts", "stills_only"]
)
def test_a_missing_field_is_refused(field):
    assert_refused(with_manifest(lambda manifest: manifest.pop(field)), "manifest", "")
