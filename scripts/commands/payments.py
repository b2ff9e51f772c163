"""`tertib payments`: hold the bank's file of a day against the books."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from api.payments.ledger import totals
from api.payments.reconciliation import FileRefused, reconcile
from api.people.service import find_user
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Money.")


@app.command("reconcile", epilog="Example: tertib payments reconcile bank.csv --day 2026-11-24 --by penyelia")
def reconcile_command(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV: kind, payment_id, virtual_account, amount_rupiah, paid_at; last line TOTAL,<lines>,,<sum>,"
        ),
    ],
    day: Annotated[str, typer.Option(help="The day, e.g. 2026-11-24 (local).")],
    by: Annotated[str, typer.Option(help="Sign-in name of who does it.")],
    home: Home = None,
) -> None:
    """Name each difference, a line each, then a summary; exit code 1 when there are any."""
    try:
        text, wanted = file.read_text("utf-8-sig"), date.fromisoformat(day)
    except (OSError, UnicodeDecodeError) as error:
        raise typer.TyperException(f"{file} cannot be read: {error}") from error
    except ValueError as error:
        raise typer.TyperException(f"--day {day!r}: write it as 2026-11-24") from error
    with office(home) as (_, database), database.session() as session:
        user = find_user(session, by)
        if user is None:
            raise typer.TyperException(f"there is no user {by!r}")
        zone = database.jurisdictions.first.zone
        try:
            result = reconcile(session, text, day=wanted, zone=zone, actor=user.actor)
        except FileRefused as error:
            raise typer.TyperException(f"{file}: {error}") from error
    for difference in result.differences:
        sys.stdout.write(json.dumps(asdict(difference), ensure_ascii=False) + "\n")
    summary = {"lines": result.lines, "sum_rupiah": result.sum_rupiah, "differences": len(result.differences)}
    sys.stdout.write(json.dumps({"day": day, **summary}) + "\n")
    if result.differences:
        raise typer.Exit(1)


@app.command("balances", epilog="Example: tertib payments balances --home var")
def balances_command(home: Home = None) -> None:
    """The balance of every account, debit positive; together they are zero."""
    with office(home) as (_, database), database.session() as session:
        held = totals(session)
    sys.stdout.write(json.dumps({"accounts": held, "sum": sum(held.values())}) + "\n")
