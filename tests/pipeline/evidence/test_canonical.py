"""JSON has one spelling here."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.evidence._internal.canonical import JsonRefused, canonical_json, parse_canonical

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_is_read_back_and_written_alike(value):
    written = canonical_json(value)
    assert parse_canonical(written, max_bytes=100_000) == value
    assert canonical_json(parse_canonical(written, max_bytes=100_000)) == written


@pytest.mark.parametrize(
    "text", [b'{"b":1,"a":2}', b"{ }", b"[1, 2]", b"1\n", b'"\\u0041"', b"1.0e0", b"[1,]", b"'a'", b""]
)
def test_any_other_spelling_is_refused(text):
    with pytest.raises(JsonRefused):
        parse_canonical(text, max_bytes=1000)
