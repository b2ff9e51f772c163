"""Mutate, then sign again: what a stolen box could send. Only typed refusals may come back.

`TERTIB_FUZZ_CASES=10000 pytest tests/attacks/test_fuzz.py` for the large run.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.evidence._internal.canonical import canonical_json
from pipeline.evidence.errors import EvidenceError
from pipeline.evidence.verify import STEPS, verify
from tests.attacks.forge import members_of, with_members, with_payload
from tests.pipeline.evidence.builder import NOW, key_ring, media, sealed_package

CASES = int(os.environ.get("TERTIB_FUZZ_CASES", "150"))
PACKAGE = sealed_package(media_members=media(size_bytes=24))
DATA, MANIFEST = PACKAGE.data, PACKAGE.manifest.to_bytes()
RING = key_ring("smg-01")
FUZZ = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=20)
    | st.sampled_from(["../x", "\x00", "2026-02-30T00:00:00.000000Z", "-0", "9" * 50]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below: list[tuple[Any, ...]] = []
    if isinstance(value, dict):
        below = [path for key in value for path in _paths(value[key], (*at, key))]
    if isinstance(value, list):
        below = [path for index, one in enumerate(value) for path in _paths(one, (*at, index))]
    return [at, *below] if at else below


PATHS = _paths(json.loads(MANIFEST))


def outcome(data: bytes) -> str:
    """The code of the refusal, or `verified`; anything else that is raised is a fault of ours."""
    try:
        verify(data, RING, now=NOW)
    except EvidenceError as error:
        refused = error
    else:
        return "verified"
    assert refused.step in dict(STEPS)
    assert refused.why.isprintable(), refused.why
    return refused.code.value


@FUZZ
@given(st.lists(st.tuples(st.sampled_from(PATHS), st.one_of(JSON, st.just("remove"))), min_size=1, max_size=3))
def test_fields_replaced_and_signed_again(changes):
    manifest = json.loads(MANIFEST)
    for path, value in changes:
        parent: Any = manifest
        try:
            for key in path[:-1]:
                parent = parent[key]
            if value == "remove":
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue
    try:
        payload = canonical_json(manifest)
    except (ValueError, TypeError):  # keys of two types have no order: nobody could have signed it
        return
    assert outcome(with_payload(payload)) != "signature-invalid"


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(MANIFEST) - 1), st.integers(0, 255)), min_size=1, max_size=4))
def test_bytes_of_the_manifest_replaced_and_signed_again(changes):
    payload = bytearray(MANIFEST)
    for position, value in changes:
        payload[position] = value
    assert outcome(with_payload(bytes(payload))) not in {"signature-invalid", "key-unknown"}


@FUZZ
@given(
    st.lists(
        st.tuples(st.sampled_from(["set", "cut", "insert"]), st.integers(0, len(DATA) - 1), st.binary(max_size=8)),
        min_size=1,
        max_size=4,
    )
)
def test_bytes_of_the_file_changed_never_verify(changes):
    data = bytearray(DATA)
    for sort, position, raw in changes:
        if sort == "cut":
            del data[position : position + 1 + len(raw)]
        elif sort == "insert":
            data[position:position] = raw
        else:
            data[position : position + len(raw)] = raw
    assert (outcome(bytes(data)) == "verified") == (bytes(data) == DATA)


@FUZZ
@given(
    st.permutations(range(1, len(members_of(DATA)))),
    st.lists(st.tuples(st.text("abc._-019", min_size=1, max_size=6), st.binary(max_size=5)), max_size=2),
)
def test_members_in_any_order_and_strangers_among_them(order, strangers):
    given_names = {name for name, _ in members_of(DATA)}
    added = [(name, data) for name, data in strangers if name not in given_names]

    def change(members):
        return [members[0], *(members[place] for place in order), *added]

    try:
        data = with_members(change, DATA)
    except EvidenceError:
        return
    assert (outcome(data) == "verified") == (data == DATA)
