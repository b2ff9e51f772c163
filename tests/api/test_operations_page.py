"""Every command of docs/operations.md, run in its order in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from api.outbox.outside import FILE, load_outside
from api.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


def test_the_commands_of_the_page_work_in_its_order():
    assert len(COMMANDS) >= 14
    # Where the embedded server's own user may go.
    with tempfile.TemporaryDirectory(prefix="tertib-operations-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        home = Path(folder) / "office"
        places = {"HOME_OF_OFFICE": str(home), "BACKUP": str(Path(folder) / "backup")}
        # One process for all: each command would start and stop the server anew otherwise.
        program = (
            "import json, sys; from scripts.tertib import run; "
            "sys.exit(next((f'{one}: {code}' for one in json.load(sys.stdin) if (code := run(one[1:]))), 0))"
        )
        lines = [shlex.split(os.path.expandvars(line)) for line in _filled(places)]
        assert all(line[0] == "tertib" for line in lines)
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            input=json.dumps(lines),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    assert '"findings": 0' in done.stdout


def test_the_outside_of_the_page_is_one_that_an_office_takes(tmp_path):
    shown = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 1
    file = tmp_path / FILE
    file.write_text(shown[0], "utf-8")
    file.chmod(0o600)
    outside = load_outside(Settings(home=tmp_path))
    assert outside.mail_authority == "mail.example"
    assert outside.relays.keys() == {"lapor"}


def _filled(places: dict[str, str]) -> list[str]:
    filled = []
    for line in COMMANDS:
        for name, value in places.items():
            line = line.replace(f"${name}", value)  # noqa: PLW2901 - the line with its places filled in
        filled.append(line)
    return filled
