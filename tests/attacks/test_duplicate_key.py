"""A JSON key twice: one parser reads the first, another the last."""

from tests.attacks.forge import assert_refused, members_of, with_envelope_bytes, with_payload
from tests.pipeline.evidence.builder import sealed_package


def test_in_the_manifest():
    payload = sealed_package().manifest.to_bytes()
    twice = payload.replace(b'"offence":"bus_lane"', b'"offence":"bus_lane","offence":"red_light"')
    assert_refused(with_payload(twice), "manifest", "holds the key 'offence' twice")


def test_in_the_envelope():
    envelope = members_of(sealed_package().data)[0][1]
    assert_refused(with_envelope_bytes(b'{"payload":"",' + envelope[1:]), "envelope", "holds the key 'payload' twice")
