"""`docs/offences.md` says of every offence what the rules and the jurisdiction say, and its commands run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from api.jurisdiction.loading import load_jurisdiction
from pipeline.evidence.offence import OffenceCode
from pipeline.rules import RULES
from tests.scripts.terminal import Terminal

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "offences.md").read_text(encoding="utf-8")
JATENG = load_jurisdiction(ROOT / "samples" / "jurisdictions" / "jateng.yaml")
ARTICLES = dict(re.findall(r"^\| `(\w+)` \| ([0-9(), ]+) \|", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize("code", list(OffenceCode))
def test_the_page_the_rule_and_the_jurisdiction_name_the_same_article(code: OffenceCode) -> None:
    named = {part.strip() for part in ARTICLES[code.value].split(",")}
    offence = JATENG.offence_named(code.value)
    assert offence is not None
    law = {article.article for article in JATENG.articles if article.id in offence.articles}
    assert law
    assert law <= named
    docstring = RULES[code].__doc__ or ""
    assert "UU 22/2009" in docstring
    assert all(article in docstring for article in named), docstring


def test_every_offence_has_its_conditions() -> None:
    conditions = PAGE.split("## Conditions and doubts")[1].split("## Instants")[0]
    told = set(re.findall(r"^\| `(\w+)` \|", conditions, flags=re.MULTILINE))
    assert told == {code.value for code in OffenceCode} - {"seat_belt", "phone"}


def test_every_command_on_the_page_runs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    terminal = Terminal(capsys, monkeypatch)
    commands = [line for line in PAGE.split("```")[1].splitlines() if line.startswith("tertib ")]
    assert len(commands) == 3
    for command in commands:
        told = terminal.tertib(*shlex.split(command.replace("var/", f"{tmp_path}/"))[1:])
        assert told.code == 0, (command, told.err)
