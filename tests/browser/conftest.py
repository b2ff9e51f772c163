"""A real office with real packages, a real browser: the demo is run once, then served for the journeys."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.commands._demo_office import free_port, serving

TERTIB = Path(sys.executable).with_name("tertib")
SIGN_IN = re.compile(r"^\s+(?:officer|supervisor)\s+(\w+)\s+([0-9a-f-]+)\s*$", flags=re.MULTILINE)


@dataclass(frozen=True)
class Demonstration:
    """What a newcomer has after `scripts/demo --once --json`."""

    url: str
    home: Path
    outcome: dict[str, Any]
    passwords: dict[str, str]


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    home = tmp_path_factory.mktemp("demo")
    command = [str(TERTIB), "demo", "--once", "--json", "--home", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    passwords = dict(SIGN_IN.findall(done.stderr))
    with serving(home, free_port()) as url:
        yield Demonstration(url, home, json.loads(done.stdout), passwords)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; `TERTIB_PICTURES=docs/pictures` renews those of the README."""
    given = os.environ.get("TERTIB_PICTURES")
    folder = Path(given) if given else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
