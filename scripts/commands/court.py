"""`tertib court`: a case as one sealed file, which a judge opens and checks with a browser alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from api.court.contents import contents_of
from api.court.sealing import seal
from api.intake.evidence_store import EvidenceDamaged, EvidenceStore
from api.people.service import find_user
from api.store.errors import CaseNotFound
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False)
_ROLES = frozenset({"supervisor", "auditor", "admin"})


@app.command(epilog="Example: tertib court T-24K7-9QXM-3F7Z --by pengawas --purpose 'PN Semarang 12/2026' -o case.zip")
def court(
    reference: Annotated[str, typer.Argument(help="Any reference of the case: violation, ticket or contest.")],
    by: Annotated[str, typer.Option(help="Sign-in name of the supervisor or auditor who hands it out; logged.")],
    purpose: Annotated[str, typer.Option(help="For whom: court and file number; logged, and shown on the page.")],
    to: Annotated[Path, typer.Option("-o", "--out", help="The file to write (.zip); never overwritten.")],
    home: Home = None,
) -> None:
    """Write a case with its evidence, events and proofs into one file, and print its hash: the seal."""
    if to.exists():
        raise typer.TyperException(f"{to} exists: an export is never overwritten")
    with office(home) as (settings, database), database.session() as session:
        user = find_user(session, by)
        if user is None or user.role not in _ROLES:
            raise typer.TyperException(f"{by!r} is no supervisor, auditor or admin of this office")
        try:
            contents = contents_of(
                session, EvidenceStore(settings.evidence), user.viewer, reference, purpose=purpose[:150]
            )
        except (CaseNotFound, EvidenceDamaged) as error:
            raise typer.TyperException(str(error)) from error
        sealed = seal(contents)
        try:
            with to.open("xb") as stream:
                stream.write(sealed.data)
        except OSError as error:
            raise typer.TyperException(f"{to} cannot be written: {error.strerror}") from error
    sys.stdout.write(json.dumps({"file": str(to), "sha256": sealed.sha256, "files": sealed.files}) + "\n")
