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
from dataclasses import dataclass

import click
from typer.main import get_command


@dataclass(frozen=True)
class Subcommand:
    """Where a subcommand lives and the line that `--help` shows for it."""

    module: str
    summary: str
    extra: str


SUBCOMMANDS: dict[str, Subcommand] = {
    "plates": Subcommand("scripts.commands.plates", "Read plates in images or plate crops.", "edge"),
    "detect": Subcommand(
        "scripts.commands.detect", "Run detector and tracker on a clip, an image or a folder.", "edge"
    ),
    "observe": Subcommand("scripts.commands.observe", "Run one camera on a clip or stream, without an office.", "edge"),
    "scene": Subcommand("scripts.commands.scene", "Check or draw a scene file.", "edge"),
    "verify": Subcommand("scripts.commands.verify", "Verify evidence packages offline.", "edge"),
    "camera": Subcommand("scripts.commands.camera", "The roadside process: observe, spool and deliver.", "edge"),
    "models": Subcommand("scripts.commands.models", "List, fetch, train and export models.", "edge"),
    "evaluate": Subcommand("scripts.commands.evaluate", "Measure accuracy on a named suite.", "edge"),
    "serve": Subcommand("scripts.commands.serve", "The office: API and web pages.", "office"),
    "office": Subcommand(
        "scripts.commands.office", "Prepare an office: database, people, cameras, register.", "office"
    ),
    "demo": Subcommand("scripts.commands.demo", "Office and sample cameras on one machine.", "all"),
    "doctor": Subcommand("scripts.commands.doctor", "What is wrong on this machine, and what to do.", "all"),
}


class LazyGroup(click.Group):
    """A click group that imports a subcommand's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of the table above, only those that exist in this installation."""
        return [name for name, sub in SUBCOMMANDS.items() if importlib.util.find_spec(sub.module) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module and build its click command; an absent extra is named in one line."""
        sub = SUBCOMMANDS.get(cmd_name)
        if sub is None or importlib.util.find_spec(sub.module) is None:
            return None
        try:
            module = importlib.import_module(sub.module)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.split(".")[0] in {"api", "models", "pipeline", "scripts"}:
                raise
            message = (
                f"`tertib {cmd_name}` needs the extra `{sub.extra}` ({error.name} is not installed): "
                f"run scripts/setup {sub.extra}"
            )
            raise click.UsageError(message) from error
        command = get_command(module.app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the subcommands from the table, without importing any of them."""
        rows = [(name, SUBCOMMANDS[name].summary) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tertib")
def root() -> None:
    """Tertib: cameras see an offence, an officer decides, the owner can look, pay or contest."""


def main() -> None:
    """Run the command; expected failures end in one line on standard error and exit code 2, never in a traceback.

    `TERTIB_DEBUG=1` shows the traceback to a developer.
    """
    try:
        root.main(standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.Abort:
        sys.stderr.write("stopped\n")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: that is not an error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as error:  # the last door: whatever reaches it is told in one line
        if os.environ.get("TERTIB_DEBUG"):
            traceback.print_exc()
        sys.stderr.write(f"error: {error or type(error).__name__}\n")
        sys.exit(2)
