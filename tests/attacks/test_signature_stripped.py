"""No signature, an empty one, two of them, or one of the wrong length."""

import base64

import pytest

from tests.attacks.forge import assert_refused, with_envelope


@pytest.mark.parametrize(
    ("signatures", "why"),
    [
        ([], "exactly one signature"),
        (None, "exactly one signature"),
        ({"keyid": "0" * 64, "sig": ""}, "exactly one signature"),
        ([7], "keyid and sig"),
        ([{"keyid": "0" * 64}], "keyid and sig"),
        ([{"keyid": "0" * 64, "sig": None}], "not base64"),
        ([{"keyid": "0" * 64, "sig": ""}], "0 bytes long, not 64"),
        ([{"keyid": "0" * 64, "sig": base64.b64encode(b"x" * 63).decode()}], "63 bytes long, not 64"),
        ([{"keyid": "0" * 63, "sig": ""}], "not a SHA-256 in hex"),
        ([{"keyid": 5, "sig": ""}], "not a SHA-256 in hex"),
    ],
)
def test_anything_but_one_signature_is_refused(signatures, why):
    assert_refused(with_envelope(lambda envelope: envelope.update(signatures=signatures)), "envelope", why)


def test_a_second_signature_is_refused():
    assert_refused(
        with_envelope(lambda envelope: envelope.update(signatures=envelope["signatures"] * 2)),
        "envelope",
        "exactly one",
    )
