"""No bit of a package can change unnoticed, and the step that notices is told."""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import Any

import pytest

from pipeline.evidence._internal.canonical import canonical_json
from pipeline.evidence._internal.container import unpack
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.verify import STEPS, verify
from tests.attacks.forge import assert_refused, with_envelope_bytes
from tests.pipeline.evidence.builder import NOW, key_ring, media, sealed_package

PACKAGE = sealed_package(media_members=media(size_bytes=24))
DATA = PACKAGE.data
RING = key_ring()


def _flip(position: int, bit: int) -> bytes:
    changed = bytearray(DATA)
    changed[position] ^= 1 << bit
    return bytes(changed)


def _failed_step(data: bytes) -> str:
    with pytest.raises(EvidenceError) as caught:
        verify(data, RING, now=NOW)
    return caught.value.step


def _span(contents: bytes) -> range:
    start = DATA.index(contents)
    return range(start, start + len(contents))


ENTRIES = unpack(DATA)
ENVELOPE = _span(ENTRIES[0].data)
CONTENTS = {entry.name: _span(entry.data) for entry in ENTRIES[1:]}
STRUCTURE = sorted(set(range(len(DATA))) - set(ENVELOPE) - {p for span in CONTENTS.values() for p in span})


def test_the_package_itself_verifies():
    assert verify(DATA, RING, now=NOW).manifest == PACKAGE.manifest


def test_every_bit_of_the_containers_structure():
    steps = Counter(_failed_step(_flip(position, bit)) for position in STRUCTURE for bit in range(8))
    # A bit of a name can turn it into another allowed name in one place only, so that the two directories differ.
    assert set(steps) == {"container"}


@pytest.mark.parametrize("name", CONTENTS)
def test_every_bit_of_every_member(name):
    assert {_failed_step(_flip(position, bit)) for position in CONTENTS[name] for bit in range(8)} == {"hashes"}


def test_a_bit_of_every_byte_of_the_envelope():
    steps = Counter(_failed_step(_flip(position, position % 8)) for position in ENVELOPE)
    assert set(steps) == {"envelope", "key", "signature"}


def test_every_bit_of_signature_and_keyid():
    text = ENTRIES[0].data
    tail = range(ENVELOPE.start + text.index(b'"signatures"'), ENVELOPE.stop)
    steps = {_failed_step(_flip(position, bit)) for position in tail for bit in range(8)}
    assert steps == {"envelope", "key", "signature"}


def test_both_stored_checksums_of_a_member_changed_alike():
    checksum = DATA[14:18]
    assert DATA.count(checksum) == 2
    assert_refused(
        DATA.replace(checksum, bytes(4)), "hashes", "the checksum that the container stores for 'envelope.json'"
    )


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key], (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [path]


def _another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value or ''}x"


MANIFEST = json.loads(PACKAGE.manifest.to_bytes())


@pytest.mark.parametrize("path", _leaves(MANIFEST), ids=lambda path: ".".join(map(str, path)))
def test_every_field_of_the_manifest(path):
    changed = json.loads(PACKAGE.manifest.to_bytes())
    parent = changed
    for key in path[:-1]:
        parent = parent[key]
    old = parent[path[-1]]
    parent[path[-1]] = _another(old)
    envelope = json.loads(ENTRIES[0].data)
    envelope["payload"] = base64.b64encode(canonical_json(changed)).decode()
    assert_refused(with_envelope_bytes(canonical_json(envelope)), "signature", "over this manifest")


def test_steps_are_told_in_their_order():
    steps = "container envelope key signature manifest camera members hashes"
    assert [name for name, _ in STEPS] == steps.split()
