"""`tertib backup`: an office's database, log, evidence and keys into a folder, while it works."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api.backup.server import BackupError
from api.backup.service import back_up
from api.database import DatabaseError, stop_embedded
from api.settings import Settings, SettingsError

app = typer.Typer(add_completion=False)


@app.command(epilog="Example: tertib backup /mnt/backup/tertib --home var")
def backup(
    to: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the backup, on another disk.")],
    log_only: Annotated[
        bool, typer.Option("--log-only", help="Fetch the log and new files only: every few minutes, between backups.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option("--home", help="Folder of the office's data [default: $TERTIB_HOME, else var].")
    ] = None,
) -> None:
    """Back an office up; it goes on working meanwhile. The backup holds its secrets: keep it as safely.

    Prints what the backup holds, its keys by name, and the seconds it took, as one JSON line.
    """
    began = time.monotonic()
    try:
        settings = Settings.from_environment(home)
        made = back_up(settings.home, to, log_only=log_only)
        stop_embedded(settings.home)
    except (BackupError, DatabaseError, SettingsError) as error:
        raise typer.TyperException(str(error)) from error
    except OSError as error:
        raise typer.TyperException(f"{error.filename or to}: {error.strerror}") from error
    sys.stdout.write(json.dumps({"to": str(to), **asdict(made), "seconds": round(time.monotonic() - began, 1)}) + "\n")
