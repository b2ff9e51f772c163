"""`tertib worker`: the office's background worker: sends the outbox, empties the inbox's spool, plans notices."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from api.connections import carry_register, inbox_of, remote_register, worker_of
from api.outbox.outside import load_outside
from api.settings import SettingsError
from scripts.commands.office import office

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: tertib worker --home var")
def worker(
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the office's data [default: $TERTIB_HOME, else var].")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Do what is due now, then end.")] = False,
) -> None:
    """Run until stopped. `tertib serve` holds one such worker; any number may run beside each other on one database."""
    with office(home) as (settings, database):
        try:
            outside = load_outside(settings)
        except SettingsError as error:
            raise typer.TyperException(str(error)) from error
        register = remote_register(outside)
        carry_register(database, register)
        inbox = inbox_of(database, settings)
        made = worker_of(database, settings, outside, inbox, register)

        def stop(_: int, __: FrameType | None) -> None:
            made.stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        sys.stderr.write(f"Tertib worker (data in {settings.home})\n")
        made.run(until_idle=once)
        inbox.close()
