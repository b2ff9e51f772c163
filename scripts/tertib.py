"""Entry point of the `tertib` command.

Subcommands are imported only when they are called, so that an office runs without the roadside's libraries, a box
without the office's, and `tertib --help` answers at once.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from rich.console import Console
from rich.table import Table
from typer import Abort, TyperException
from typer.main import get_command


@dataclass(frozen=True)
class Subcommand:
    """Where a subcommand lives and the line that `--help` shows for it."""

    module: str
    summary: str
    extra: str


SUBCOMMANDS: dict[str, Subcommand] = {
    "plates": Subcommand("scripts.commands.plates", "Read plates in images or plate crops.", "edge"),
    "riders": Subcommand("scripts.commands.riders", "Find motorcycles and who sits on them, helmet or not.", "edge"),
    "detect": Subcommand(
        "scripts.commands.detect", "Run detector and tracker on a clip, an image or a folder.", "edge"
    ),
    "observe": Subcommand("scripts.commands.observe", "Run one camera on a clip or stream, without an office.", "edge"),
    "scene": Subcommand("scripts.commands.scene", "Check, draw or render a scene.", "edge"),
    "score": Subcommand("scripts.commands.score", "Compare what was found with what is true.", "edge"),
    "verify": Subcommand("scripts.commands.verify", "Verify evidence packages offline.", "edge"),
    "camera": Subcommand("scripts.commands.camera", "The roadside process: observe, spool and deliver.", "edge"),
    "models": Subcommand("scripts.commands.models", "List, fetch, train and export models.", "edge"),
    "evaluate": Subcommand("scripts.commands.evaluate", "Measure accuracy on a named suite.", "edge"),
    "serve": Subcommand("scripts.commands.serve", "The office: API and web pages.", "office"),
    "office": Subcommand(
        "scripts.commands.office", "Prepare an office: database, people, cameras, register.", "office"
    ),
    "worker": Subcommand(
        "scripts.commands.worker", "The office's background worker: letters, messages, money.", "office"
    ),
    "mail": Subcommand("scripts.commands.mail", "Take complaints by mail: a small SMTP server.", "office"),
    "letters": Subcommand("scripts.commands.letters", "Print letters, record what came back, measure.", "office"),
    "payments": Subcommand("scripts.commands.payments", "Hold the bank's file of a day against the books.", "office"),
    "bench": Subcommand("scripts.commands.bench", "Speed against named opponents, on named suites.", "office"),
    "audit": Subcommand("scripts.commands.audit", "Check the case store, publish its head, prove a case.", "office"),
    "people": Subcommand("scripts.commands.people", "Withdraw rights, change roles, end sign-ins.", "office"),
    "keys": Subcommand("scripts.commands.keys", "Trust, replace and revoke cameras' keys; write them out.", "office"),
    "backup": Subcommand("scripts.commands.backup", "An office's database, evidence and keys into a folder.", "office"),
    "restore": Subcommand("scripts.commands.restore", "An office out of a backup, as it was at a moment.", "office"),
    "court": Subcommand("scripts.commands.court", "A case as one sealed file for a court.", "office"),
    "drill": Subcommand("scripts.commands.drill", "Kill, fill and probe an office; show what it survives.", "office"),
    "demo": Subcommand("scripts.commands.demo", "Office and sample cameras on one machine.", "all"),
    "doctor": Subcommand("scripts.commands.doctor", "What is wrong on this machine, and what to do.", "all"),
}


USAGE = 2
STOPPED = 130


def available() -> dict[str, Subcommand]:
    """The subcommands of the table whose module exists, in the table's order."""
    return {name: sub for name, sub in SUBCOMMANDS.items() if importlib.util.find_spec(sub.module) is not None}


def load(name: str) -> Callable[..., object]:
    """Import a subcommand and return its callable.

    Raises:
        TyperException: there is no such subcommand, or the extra that it needs is not installed.
    """
    sub = available().get(name)
    if sub is None:
        raise TyperException(f"there is no `tertib {name}`: run `tertib --help` for the list")
    try:
        module = importlib.import_module(sub.module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] in {"api", "models", "pipeline", "scripts"}:
            raise
        raise TyperException(
            f"`tertib {name}` needs the extra `{sub.extra}` ({error.name} is not installed): "
            f"run scripts/setup {sub.extra}"
        ) from error
    return get_command(module.app)


def print_help() -> None:
    """Print what Tertib is and its subcommands, without importing any of them."""
    console = Console()
    console.print("Usage: tertib COMMAND [ARGS]...   (tertib COMMAND --help for each, with an example)\n", markup=False)
    console.print("Tertib: cameras see an offence, an officer decides, the owner can look, pay or contest.\n")
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, sub in available().items():
        table.add_row(name, sub.summary)
    console.print(table)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0, 1 (the thing asked for is false) or 2 (bad usage or input).

    An expected failure ends in one line on standard error, never in a traceback; `TERTIB_DEBUG=1` shows a developer the
    traceback.
    """
    if not arguments or arguments[0] in {"-h", "--help"}:
        print_help()
        return 0
    if arguments[0] == "--version":
        sys.stdout.write(f"tertib {version('tertib')}\n")
        return 0
    name = arguments[0]
    try:
        result = load(name)(args=list(arguments[1:]), prog_name=f"tertib {name}", standalone_mode=False)
    except (Abort, KeyboardInterrupt):
        sys.stderr.write("stopped\n")
        return STOPPED
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: that is not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last door: whatever reaches it is told in one line
        if os.environ.get("TERTIB_DEBUG"):
            traceback.print_exc()
        told = error.format_message() if isinstance(error, TyperException) else str(error) or type(error).__name__
        sys.stderr.write(f"error: {told}\n")
        return USAGE
    return result if isinstance(result, int) else 0


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run(sys.argv[1:]))
