"""Figures that are committed: what was measured, where, when, and with which code."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from models.errors import ModelError

ROOM = Path(__file__).resolve().parents[1]
FIGURES = ROOM / "figures"


def machine() -> str:
    """This machine in words: processor, cores, system."""
    processor = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass  # not Linux: the name above serves
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{processor}, {os.cpu_count()} cores, {system}"


def commit() -> str:
    """The commit of this code, with `+` when files differ from it; `unknown` outside a repository."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        return f"{head}+" if _git("status", "--porcelain", "--untracked-files=no") else head
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOM.parent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)  # noqa: S603 - our own arguments
    return done.stdout.strip()


def stamped(suite: str, found: dict[str, Any], *, now: datetime | None = None) -> dict[str, Any]:
    """Add suite, machine, date and commit to what a suite found."""
    at = (now or datetime.now(UTC)).astimezone(UTC)
    return {"suite": suite, **found, "machine": machine(), "date": at.isoformat(timespec="seconds"), "commit": commit()}


def write_figures(suite: str, found: dict[str, Any], folder: Path = FIGURES) -> Path:
    """Write stamped figures to `models/figures/SUITE.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{suite}.json"
    path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return path


def extra_data() -> Path:
    """The folder of footage that is not redistributed, from `TERTIB_EXTRA_DATA`.

    Raises:
        ModelError: the variable is not set, or names no folder.
    """
    value = os.environ.get("TERTIB_EXTRA_DATA")
    if not value:
        raise ModelError(
            "this suite measures on footage that is not redistributed: set TERTIB_EXTRA_DATA to its folder"
        )
    folder = Path(value)
    if not folder.is_dir():
        raise ModelError(f"TERTIB_EXTRA_DATA names {folder}, which is no folder")
    return folder
