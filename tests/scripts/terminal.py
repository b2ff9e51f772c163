"""Runs `tertib` in this process, as a shell would: arguments in; exit code, standard output and standard error out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from scripts.tertib import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass(frozen=True)
class Terminal:
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def tertib(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr("sys.argv", ["tertib", *map(str, arguments)])
        self.capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as leave:
            code = int(leave.code or 0)
        out, err = self.capsys.readouterr()
        assert "Traceback" not in err
        return Outcome(code, out, err)
