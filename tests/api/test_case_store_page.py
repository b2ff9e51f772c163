"""The page about the case store tells what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.audit.findings import Tampering
from api.store.drawing import redrawn
from api.store.transitions import TRANSITIONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "case-store.md").read_text("utf-8")


def test_its_tables_are_those_of_the_code():
    assert redrawn(PAGE) == PAGE, "run `.venv/bin/python -m api.store.drawing docs/case-store.md`"


def test_every_state_and_event_stands_in_it():
    words = set(re.findall(r"[a-z_]+", PAGE))
    for table in TRANSITIONS.values():
        for state, events in table.items():
            assert {state, *events} <= words


@pytest.mark.parametrize("what", list(Tampering))
def test_every_finding_is_explained(what):
    assert f"`{what.value}`" in PAGE


def test_every_file_that_it_names_exists():
    for name in re.findall(r"`((?:api|tests|samples|scripts)/[\w./]+)`", PAGE):
        assert (ROOT / name).exists(), name


def test_it_is_one_page():
    assert len(PAGE.splitlines()) <= 220
    with pytest.raises(ValueError, match="lacks the marks"):
        redrawn("no marks")
