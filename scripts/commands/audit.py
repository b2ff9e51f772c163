"""`tertib audit`: verify the case store, publish a head over it, prove that a case stands in it."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable
from datetime import date, datetime, time
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import httpx
import typer

from api.audit.proving import ProofError, prove_case, prove_growth
from api.audit.publishing import publish as publish_head
from api.audit.publishing import statement
from api.audit.stamping import HttpAuthority, StampError, examine_stamps, stamp_head
from api.audit.tables import TreeHeadRow
from api.audit.verifying import Audit, steady
from api.clock import now
from api.store.errors import CaseNotFound
from api.store.kinds import Actor
from api.store.reading import Viewer, case_for
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Check the case store against tampering.")

TSA_LIMIT_S = 30
TOLD_EVERY_S = 30
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
    tsa_ca: Annotated[
        Path | None, typer.Option("--tsa-ca", help="Also check time stamps, by these trusted certificates (PEM).")
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
        steady(session)
        zone = database.jurisdictions.first.zone
        moment = None if day is None else datetime.combine(day, time(), tzinfo=zone)
        audit = Audit(session, since=moment, kept=heads, told=_progress())
        try:
            for finding in chain(audit.findings(), () if tsa_ca is None else examine_stamps(session, tsa_ca)):
                found += 1
                _tell({"what": finding.what.value, "case": finding.case, "event": finding.event, "why": finding.why})
        except StampError as error:
            raise typer.TyperException(str(error)) from error
        _tell({"cases": audit.cases, "events": audit.events, "heads": audit.heads, "findings": found})
    if found:
        raise typer.Exit(1)


def _progress() -> Callable[[int], None]:
    """Says on standard error how far a long audit is."""
    began = last = monotonic()

    def told(cases: int) -> None:
        nonlocal last
        if monotonic() - last > TOLD_EVERY_S:
            last = monotonic()
            sys.stderr.write(f"{cases} cases after {last - began:.0f} s\n")

    return told


@app.command(epilog="Example: tertib audit publish --to heads.jsonl")
def publish(
    to: Annotated[Path | None, typer.Option(help="Also append the line to this file, to be kept elsewhere.")] = None,
    tsa: Annotated[str | None, typer.Option("--tsa", help="Address of a time stamp authority (RFC 3161).")] = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Look at every case, not only at those with new events.")
    ] = False,
    home: Home = None,
) -> None:
    """Publish a head now, beside the daily one; prints it as one line to keep where the office cannot change it."""
    with office(home) as (_, database), database.session() as session:
        head = publish_head(session, now(session), everything=everything)
        line = json.dumps(statement(head))
    # The head stands, whether the authority answers or not.
    if tsa is not None:
        _stamp(home, head.number, tsa)
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


@app.command(epilog="Example: tertib audit growth 17 42")
def growth(
    older: Annotated[int, typer.Argument(min=1, help="Number of the older head.")],
    newer: Annotated[int, typer.Argument(min=1, help="Number of the newer head.")],
    home: Home = None,
) -> None:
    """Prove that the log only grew between two published heads (RFC 6962 consistency proof)."""
    with office(home) as (_, database), database.session() as session:
        try:
            proved = prove_growth(session, older, newer)
        except ProofError as error:
            raise typer.TyperException(str(error)) from error
        _tell({**vars(proved), "holds": proved.holds()})


def _stamp(home: Path | None, number: int, url: str) -> None:
    with office(home) as (_, database), database.session() as session, httpx.Client(timeout=TSA_LIMIT_S) as client:
        head = session.get_one(TreeHeadRow, number)
        try:
            stamp_head(session, head, HttpAuthority(url, client), now(session), secrets.randbits(63))
        except StampError as error:
            raise typer.TyperException(f"head {number} is published, but not stamped: {error}") from error


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
