"""README's commands do what it says: they are run as they stand, only into another folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TERTIB = Path(sys.executable).with_name("tertib")


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    return [line.split("  #")[0].split(" # ")[0].strip() for block in blocks for line in block.splitlines() if line]


def test_the_two_commands_are_there_and_can_be_run() -> None:
    shells = [command for command in commands() if command.startswith("scripts/")]
    assert shells == ["scripts/demo", "scripts/test"]
    assert all((ROOT / shell).stat().st_mode & 0o111 for shell in shells)


@pytest.mark.slow
def test_the_commands_of_one_camera_run_as_written(tmp_path: Path) -> None:
    ours = [command for command in commands() if command.startswith(".venv/bin/tertib")]
    assert [shlex.split(command)[1] for command in ours] == ["observe", "verify", "scene", "plates"]
    for command in ours:
        moved = command.replace(".venv/bin/tertib", shlex.quote(str(TERTIB))).replace("var/", f"{tmp_path}/")
        done = subprocess.run(moved, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S602
        assert done.returncode == 0, f"{command}\n{done.stdout[-500:]}\n{done.stderr[-500:]}"
    assert list((tmp_path / "packages").glob("*.tertib"))
    assert (tmp_path / "report" / "index.html").is_file()
    assert (tmp_path / "scene.png").stat().st_size > 10_000


@pytest.mark.parametrize("path", sorted(re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text())))
def test_what_the_readme_points_to_exists(path: str) -> None:
    assert (ROOT / path).exists()
