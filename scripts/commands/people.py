"""`tertib people`: withdraw rights, change roles, end sign-ins; each holds from the next request on."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from api.people.service import change_role, end_sign_ins, withdraw
from scripts.commands.office import Home, office

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Withdraw rights, change roles, end sign-ins.")
Login = Annotated[str, typer.Argument(help="Name typed at sign-in.")]


def _tell(**values: object) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


@app.command("withdraw", epilog="Example: tertib people withdraw petugas")
def withdraw_command(login: Login, home: Home = None) -> None:
    """Take all rights from somebody now: open pages stop working, and no sign-in succeeds."""
    with office(home) as (_, database), database.session() as session:
        _tell(login=login, active=False, sign_ins_ended=withdraw(session, login))


@app.command("role", epilog="Example: tertib people role petugas supervisor")
def role_command(
    login: Login,
    role: Annotated[str, typer.Argument(help="officer, supervisor, auditor, agency or admin.")],
    agency: Annotated[str | None, typer.Option(help="Id of the agency; as it was when left out.")] = None,
    home: Home = None,
) -> None:
    """Give somebody another role."""
    with office(home) as (_, database), database.session() as session:
        user = change_role(session, login, role, agency=agency)
        _tell(login=user.login, role=user.role, agency=user.agency)


@app.command("sign-out", epilog="Example: tertib people sign-out petugas")
def sign_out_command(login: Login, home: Home = None) -> None:
    """End every sign-in of somebody, on all devices; they may sign in again."""
    with office(home) as (_, database), database.session() as session:
        _tell(login=login, sign_ins_ended=end_sign_ins(session, login))
