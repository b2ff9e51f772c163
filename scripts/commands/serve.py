"""`tertib serve`: the office: API and web pages."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.database import DatabaseError, connect, stop_embedded
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
    workers: Annotated[
        int, typer.Option(min=1, max=16, help="Processes that answer; one of them sweeps deadlines. One a core.")
    ] = 1,
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
        office = create_app(settings, database=database) if workers == 1 else None
    except (DatabaseError, JurisdictionError, SettingsError) as error:
        raise typer.TyperException(str(error)) from error
    sys.stderr.write(f"Tertib office at http://{host}:{port} (data in {settings.home})\n")
    # uvicorn ends its requests and then raises the signal anew: leave by an exception, so that the database stops too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        # One process holds no state: any number of these may run beside each other on one database.
        options: dict[str, Any] = {"log_level": "warning", "server_header": False, "proxy_headers": False}
        if office is not None:
            uvicorn.run(office, host=host, port=port, **options)
        else:
            # The others make their office themselves, from the environment; this process keeps the database up.
            os.environ["TERTIB_HOME"] = str(settings.home)
            os.environ["TERTIB_PUBLIC_URL"] = settings.public_url
            uvicorn.run(f"{__name__}:worker_office", factory=True, workers=workers, host=host, port=port, **options)
    finally:
        database.close()


def worker_office() -> FastAPI:
    """The office of one of several processes (`--workers`); they share the database and hold no state."""
    settings = Settings.from_environment(None)
    database = connect(settings)
    office = create_app(settings, database=database)
    serving = office.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with serving(app):
            yield
        database.close()
        # uvicorn ends this process by the signal itself: nothing that waits for its end would be called.
        stop_embedded(settings.home)

    office.router.lifespan_context = lifespan
    return office


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            message = f"cannot listen at {host}:{port}: {error.strerror}; choose another with --port"
            raise typer.TyperException(message) from error
