"""`tertib serve`: the office: API and web pages."""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.database import DatabaseError, connect
from api.jurisdiction.loading import JurisdictionError
from api.settings import Settings, SettingsError

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: tertib serve --home var --port 8000")
def serve(
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the office's data [default: $TERTIB_HOME, else var].")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8000,
) -> None:
    """Start the database, bring it up to date, and serve until stopped."""
    try:
        settings = Settings.from_environment(home)
        if not os.environ.get("TERTIB_PUBLIC_URL"):
            # Letters and QR codes then lead to where this office really listens.
            name = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound
            name = f"[{name}]" if ":" in name else name
            settings = settings.model_copy(update={"public_url": f"http://{name}:{port}"})
        _refuse_taken_port(host, port)
        database = connect(settings)
        office = create_app(settings, database=database)
    except (DatabaseError, JurisdictionError, SettingsError) as error:
        raise typer.TyperException(str(error)) from error
    sys.stderr.write(f"Tertib office at http://{host}:{port} (data in {settings.home})\n")
    # uvicorn ends its requests and then raises the signal anew: leave by an exception, so that the database stops too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # One process holds no state: any number of these may run beside each other on one database.
        uvicorn.run(office, host=host, port=port, log_level="warning", server_header=False, proxy_headers=False)
    finally:
        database.close()


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen at {host}:{port}: {error.strerror}; choose another with --port"
            raise typer.TyperException(message) from error
