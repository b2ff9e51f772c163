"""`tertib audit`: verify the case store, publish a head over it, prove that a case stands in it."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from api.audit.proving import ProofError, prove_case
from api.audit.publishing import publish as publish_head
from api.audit.publishing import statement
from api.audit.verifying import Audit
from api.clock import now
from api.store.errors import CaseNotFound
from api.store.kinds import Actor
from api.store.reading import Viewer, case_for
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check the case store against tampering.")

MAX_KEPT_BYTES = 16 * 1024 * 1024


def _tell(values: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


@app.command(epilog="Example: tertib audit verify --kept heads.jsonl")
def verify(
    since: Annotated[
        str | None, typer.Option(help="Only cases that changed after the last head before this local day (2026-11-24).")
    ] = None,
    kept: Annotated[
        Path | None,
        typer.Option(help="Heads that were kept outside the office, as `tertib audit publish` prints them."),
    ] = None,
    home: Home = None,
) -> None:
    """Check every case, its clocks and the log of heads: a line a finding, then a summary; exit code 1 when any."""
    heads = [] if kept is None else _read_kept(kept)
    try:
        day = None if since is None else date.fromisoformat(since)
    except ValueError as error:
        raise typer.TyperException(f"--since {since!r} is no day: write it as 2026-11-24") from error
    found = 0
    with office(home) as (_, database), database.session() as session:
        zone = database.jurisdictions.first.zone
        audit = Audit(session, since=None if day is None else datetime.combine(day, time(), tzinfo=zone), kept=heads)
        for finding in audit.findings():
            found += 1
            _tell({"what": finding.what.value, "case": finding.case, "event": finding.event, "why": finding.why})
        _tell({"cases": audit.cases, "events": audit.events, "heads": audit.heads, "findings": found})
    if found:
        raise typer.Exit(1)


@app.command(epilog="Example: tertib audit publish --to heads.jsonl")
def publish(
    to: Annotated[Path | None, typer.Option(help="Also append the line to this file, to be kept elsewhere.")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Look at every case, not only at those with new events.")
    ] = False,
    home: Home = None,
) -> None:
    """Publish a head now, beside the daily one; prints it as one line to keep where the office cannot change it."""
    with office(home) as (_, database), database.session() as session:
        line = json.dumps(statement(publish_head(session, now(session), everything=everything)))
    if to is not None:
        try:
            with to.open("a") as stream:
                stream.write(line + "\n")
        except OSError as error:
            raise typer.TyperException(f"{to} cannot be written: {error.strerror}") from error
    sys.stdout.write(line + "\n")


@app.command(epilog="Example: tertib audit proof A-24K7-9QXM-3F7Z")
def proof(
    reference: Annotated[str, typer.Argument(help="The case's reference.")],
    home: Home = None,
) -> None:
    """Prove that a case stands in the head that was published last (RFC 6962 inclusion proof)."""
    viewer = Viewer.staff(Actor(id="tertib audit", name="tertib audit", role="auditor"))
    with office(home) as (_, database), database.session() as session:
        try:
            case = case_for(session, viewer, reference, purpose="audit proof")
            proved = prove_case(session, case.id)
        except (CaseNotFound, ProofError) as error:
            raise typer.TyperException(str(error)) from error
        _tell({"case": case.reference, **vars(proved), "holds": proved.holds()})


def _read_kept(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > MAX_KEPT_BYTES:
            raise typer.TyperException(f"{path}: larger than {MAX_KEPT_BYTES} bytes")
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        raise typer.TyperException(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise typer.TyperException(f"{path}: not lines of JSON as `tertib audit publish` prints them") from error
    if not all(isinstance(line, dict) and isinstance(line.get("number"), int) for line in lines):
        raise typer.TyperException(f"{path}: a line is no published head (it has no number)")
    return lines
