"""`tertib mail`: takes complaints by mail: an SMTP server that keeps every message durably before it says yes."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer
from aiosmtpd.controller import Controller

from api.channels.connecting import own_addresses
from api.channels.mail_door import MailDoor
from api.channels.mailing import MAX_MAIL_BYTES
from api.outbox.inbox import Spool
from api.outbox.outside import load_outside
from api.settings import Settings, SettingsError

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: tertib mail --home var --port 2525 --address aduan@jatengprov.example")
def mail(
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the office's data [default: $TERTIB_HOME, else var].")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 2525,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Address that takes complaints; may be repeated [default: those of outside.yaml]."),
    ] = None,
) -> None:
    """Take mail until stopped. It needs no database: `tertib serve` or `tertib worker` takes the messages from disk."""
    try:
        settings = Settings.from_environment(home)
        addresses = frozenset(one.lower() for one in address or ()) or own_addresses(load_outside(settings))
    except SettingsError as error:
        raise typer.TyperException(str(error)) from error
    if not addresses:
        message = "no address takes complaints: give --address, or `mail_addresses:` in outside.yaml"
        raise typer.TyperException(message)
    door = MailDoor(Spool(settings.home / "inbox"), addresses)
    controller = Controller(door, hostname=host, port=port, data_size_limit=MAX_MAIL_BYTES, ident="Tertib")
    try:
        controller.start()
    except OSError as error:
        raise typer.TyperException(f"cannot listen at {host}:{port}: {error.strerror}") from error
    sys.stderr.write(f"Tertib takes mail for {', '.join(sorted(addresses))} at {host}:{port}\n")
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    stopped.wait()
    controller.stop()
