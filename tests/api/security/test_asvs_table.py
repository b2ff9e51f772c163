"""Each id of the table in docs/security.md leads to a test that exists; each that is proved has its mutation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.attacks.mutations import MUTATIONS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
ROWS = re.findall(r"^\| ([\d., ()]+) \| (.+?) \| `(.+?)` \|$", PAGE, flags=re.MULTILINE)


@pytest.mark.parametrize(("ids", "test"), [(ids, test) for ids, _, test in ROWS])
def test_leads_to_a_test(ids, test):
    path, _, name = test.partition("::")
    assert re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), flags=re.MULTILINE), f"{ids}: no {test}"


def test_the_table_is_read():
    assert len(ROWS) > 40
    assert len(ROWS) == len(re.findall(r"^\| \d", PAGE, flags=re.MULTILINE))


def test_what_is_said_to_be_proved_has_its_mutation():
    proved = {test for _, defence, test in ROWS if "proved" in defence}
    assert proved == {one.test for one in MUTATIONS}
    assert len(proved) >= 10


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.what)
def test_the_defence_that_a_mutation_takes_out_is_there(mutation):
    assert (ROOT / mutation.file).read_text("utf-8").count(mutation.defence) == 1
