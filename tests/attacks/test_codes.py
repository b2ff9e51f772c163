"""Each attack of the table is refused with its own code; every code is reached by an attack."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.evidence.errors import EvidenceError, Refusal
from pipeline.evidence.keys import PublicKeyRing
from pipeline.evidence.verify import STEPS, verify
from tests.attacks.catalogue import ATTACKS, ELSEWHERE
from tests.pipeline.evidence.builder import NOW, OCCURRED_AT, VALID_FROM, camera_key


def ring() -> PublicKeyRing:
    """Two keys that count, one that expired, one revoked, one that counts later."""
    keys = [camera_key(name).public(name, valid_from=VALID_FROM) for name in ("smg-01", "smg-02")]
    for name, change in (
        ("smg-03", {"valid_to": OCCURRED_AT - timedelta(seconds=1)}),
        ("smg-04", {"revoked_at": NOW}),
        ("smg-05", {"valid_from": NOW + timedelta(days=1)}),
    ):
        keys.append(camera_key(name).public(name, valid_from=VALID_FROM).model_copy(update=change))
    return PublicKeyRing(keys=tuple(keys))


@pytest.mark.parametrize("name", ATTACKS)
def test_refused_with_its_own_code(name):
    code, made = ATTACKS[name]
    with pytest.raises(EvidenceError) as caught:
        verify(made(), ring(), now=NOW)
    assert caught.value.code == code, str(caught.value)
    assert caught.value.step in dict(STEPS)
    assert caught.value.why.isprintable()


def test_every_code_has_an_attack():
    assert {code for code, _ in ATTACKS.values()} == set(Refusal) - ELSEWHERE
