"""A file is smuggled in that nobody signed."""

from pipeline.evidence._internal import container
from tests.attacks.forge import assert_refused, with_members


def test_a_file_that_the_manifest_does_not_list_is_refused():
    assert_refused(
        with_members(lambda members: [*members, ("extra.html", b"<script>")]), "members", "'extra.html' is not listed"
    )


def test_sixty_four_members_are_the_limit():
    members = [("envelope.json", b"{}"), *((f"m{n}.jpg", b"x") for n in range(65))]
    raw = b"".join(container._archive([(name, data, 0) for name, data in members]))
    assert_refused(raw, "container", "more than 64 members")
