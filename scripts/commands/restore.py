"""`tertib restore`: an office out of a backup, as it was at its end or at a moment before."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.backup.server import BackupError
from api.backup.service import examine, restore
from api.database import DatabaseError, stop_embedded
from api.intake.evidence_store import EvidenceStore
from api.jurisdiction.loading import JurisdictionError
from api.settings import SettingsError
from scripts.commands.office import office

app = typer.Typer(add_completion=False)


@app.command("restore", epilog="Example: tertib restore /mnt/backup/tertib --home var-new --until 2026-11-24T03:00:00Z")
def restore_office(
    backup: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that `tertib backup` wrote.")],
    home: Annotated[Path, typer.Option("--home", help="Folder of the new office: absent or empty.")],
    until: Annotated[
        str | None, typer.Option(help="Only what was committed by this moment (ISO 8601; without a zone: UTC).")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Do not read every evidence file again.")] = False,
) -> None:
    """Restore an office into a new folder and count what is missing; exit code 1 when anything is.

    Prints one JSON line: cases, events, packages, missing, the newest event, and the seconds it took.
    """
    began = time.monotonic()
    try:
        moment = None if until is None else datetime.fromisoformat(until)
    except ValueError as error:
        raise typer.TyperException(f"--until {until!r} is no moment: write it as 2026-11-24T03:00:00Z") from error
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    home = home.expanduser().resolve()
    try:
        restore(backup, home, until=moment)
        with office(home) as (settings, database), database.session() as session:
            found = examine(session, EvidenceStore(settings.evidence), quick=quick)
        stop_embedded(home)
    except (BackupError, DatabaseError, JurisdictionError, SettingsError) as error:
        raise typer.TyperException(str(error)) from error
    except OSError as error:
        raise typer.TyperException(f"{error.filename or home}: {error.strerror}") from error
    seconds = round(time.monotonic() - began, 1)
    sys.stdout.write(json.dumps({"home": str(home), **asdict(found), "seconds": seconds}) + "\n")
    if found.missing:
        raise typer.Exit(1)
