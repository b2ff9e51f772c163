"""What a sender wrote must not steer the terminal or the page on which the refusal is read."""

from tests.attacks.forge import assert_refused, with_manifest


def test_an_unknown_fields_name_is_shown_plainly_and_shortly():
    changed = with_manifest(lambda manifest: manifest["camera"].update({"\x1b[31m\nred" + "x" * 5000: 1}))
    error = assert_refused(changed, "manifest", "camera.?[31m?red")
    assert error.why.isprintable()
    assert len(error.why) < 200
