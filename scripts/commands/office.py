"""`tertib office`: prepare an office: database, people, cameras, register."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.database import Database, DatabaseError, connect
from api.enrolment.service import make_code
from api.intake.cameras import CameraError, add_camera, add_key, key_ring
from api.jurisdiction.loading import JurisdictionError
from api.people.service import PeopleError, add_user
from api.register.service import RegisterError, load_register, read_register
from api.retention.sweeping import erase_due, reseal
from api.secrecy.ring import Ring
from api.settings import Settings, SettingsError
from pipeline.evidence.errors import KeyFileError
from pipeline.evidence.keys import PublicKeyRing, SigningKey

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Prepare an office.")

Home = Annotated[
    Path | None, typer.Option("--home", help="Folder of the office's data [default: $TERTIB_HOME, else var].")
]


@contextmanager
def office(home: Path | None) -> Iterator[tuple[Settings, Database]]:
    """The office of a home folder; what is wrong is told in one sentence.

    Raises:
        typer.TyperException: something does not fit; its sentence says what.
    """
    database: Database | None = None
    try:
        settings = Settings.from_environment(home)
        database = connect(settings)
        yield settings, database
    except (DatabaseError, JurisdictionError, SettingsError, PeopleError, CameraError, RegisterError) as error:
        raise typer.TyperException(str(error)) from error
    except KeyFileError as error:
        raise typer.TyperException(str(error)) from error
    finally:
        if database is not None:
            database.close()


def _tell(**values: object) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


@app.command(epilog="Example: tertib office init --home var")
def init(home: Home = None) -> None:
    """Make or update the database; running it again changes nothing."""
    with office(home) as (settings, database):
        _ = settings.secret
        _tell(home=str(settings.home), jurisdictions=[one.id for one in database.jurisdictions])


@app.command("add-user", epilog="Example: tertib office add-user petugas --name 'Rina W.' --role officer")
def add_user_command(
    login: Annotated[str, typer.Argument(help="Name typed at sign-in.")],
    name: Annotated[str, typer.Option(help="Name shown to people.")],
    role: Annotated[str, typer.Option(help="officer, supervisor, auditor, agency or admin.")] = "officer",
    agency: Annotated[str | None, typer.Option(help="Id of the agency; empty: the whole jurisdiction.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File whose first line is the password; by default one is made and shown once.")
    ] = None,
    home: Home = None,
) -> None:
    """Make a user; a password that was made here is shown once. It must be changed at the first sign-in."""
    password = secrets.token_urlsafe(12)
    if password_file is not None:
        try:
            password = (password_file.read_text().splitlines() or [""])[0]
        except OSError as error:
            raise typer.TyperException(f"{password_file} cannot be read: {error.strerror}") from error
    with office(home) as (_, database), database.session() as session:
        if agency is not None and not any(one.agency_named(agency) for one in database.jurisdictions):
            known = ", ".join(a.id for one in database.jurisdictions for a in one.agencies)
            raise typer.TyperException(f"no agency {agency!r} in the jurisdiction's file (it has: {known})")
        user = add_user(
            session, login=login, name=name, role=role, agency=agency, password=password, password_is_first=True
        )
    shown = {} if password_file is not None else {"password": password}
    _tell(login=user.login, name=user.name, role=user.role, agency=user.agency, **shown)


@app.command(
    "add-camera", epilog="Example: tertib office add-camera jt-smg-001 --place 'Jl. Pahlawan' --key box.pub.json"
)
def add_camera_command(
    camera_id: Annotated[str, typer.Argument(help="Id of the camera, as in its scene file.")],
    place: Annotated[str, typer.Option(help="Where it hangs, in words.")],
    agency: Annotated[str, typer.Option(help="Who runs it.")] = "ditlantas-jateng",
    jurisdiction: Annotated[str, typer.Option(help="Where it hangs.")] = "jateng",
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Key ring of the box (JSON); its keys of this camera are trusted.")
    ] = None,
    signing_key: Annotated[
        Path | None,
        typer.Option("--key", help="The box's signing key (PEM), on the same machine: its public half is trusted."),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="File that holds, or gets, the bearer token (mode 0600).")
    ] = None,
    home: Home = None,
) -> None:
    """Register a camera: a bearer token (shown once, or kept in a file) and its public keys."""
    with office(home) as (settings, database):
        if jurisdiction not in database.jurisdictions:
            raise typer.TyperException(f"this office has no jurisdiction {jurisdiction!r}")
        held = None
        if token_file is not None and token_file.exists():
            held = token_file.read_text().strip()
        with database.session() as session:
            token = add_camera(
                session, camera_id=camera_id, place=place, agency=agency, jurisdiction=jurisdiction, token=held
            )
            if keys is not None:
                for key in PublicKeyRing.load(keys).keys:
                    if key.camera_id == camera_id:
                        add_key(session, key)
            if signing_key is not None:
                # The sample clips were recorded before their key was made.
                add_key(
                    session, SigningKey.load(signing_key).public(camera_id, valid_from=datetime(2020, 1, 1, tzinfo=UTC))
                )
            ring = key_ring(session)
        # For `tertib verify`, which asks no database.
        ring.save(settings.home / "keys" / "cameras.json")
        if token_file is not None and held is None:
            token_file.parent.mkdir(parents=True, exist_ok=True)
            token_file.touch(mode=0o600, exist_ok=False)
            token_file.write_text(token + "\n")
    shown = {} if token_file is not None else {"token": token}
    _tell(camera_id=camera_id, keys=sum(key.camera_id == camera_id for key in ring.keys), **shown)


@app.command("enrol-code", epilog="Example: tertib office enrol-code jt-smg-001")
def enrol_code_command(
    camera_id: Annotated[str, typer.Argument(help="Id of a registered camera.")], home: Home = None
) -> None:
    """Make a one-time code for a camera's box, shown once; it counts for a day, and ends the codes made before."""
    with office(home) as (_, database), database.session() as session:
        code = make_code(session, camera_id)
    _tell(camera_id=camera_id, code=code)


@app.command("erase", epilog="Example: tertib office erase --dry-run")
def erase_command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be erased.")] = False,
    home: Home = None,
) -> None:
    """Destroy the keys of cases whose time is over by the jurisdiction's rules; `tertib serve` does so every day."""
    with office(home) as (_, database), database.open_session() as session:
        erased = erase_due(session, by="office erase")
        for one in erased:
            _tell(reference=one.reference, rule=one.rule, erased=not dry_run)
        if dry_run:
            session.rollback()
        else:
            session.commit()
        _tell(cases=len(erased), erased=not dry_run)


@app.command("rotate-key", epilog="Example: tertib office rotate-key")
def rotate_key_command(home: Home = None) -> None:
    """Make a new key for personal data, seal everything anew with it, and let go of the old ones.

    Stop the office first. It may be interrupted: the old keys go only when everything is sealed with the new one.
    """
    with office(home) as (settings, database):
        ring = Ring.load(settings.home).with_new_key()
        ring.save(settings.home)
        with database.session() as session:
            rows = reseal(session, ring)
        ring.newest_alone().save(settings.home)
    _tell(rows=rows, key=ring.keys[0][0])


@app.command("load-register", epilog="Example: tertib office load-register samples/register.csv")
def load_register_command(
    file: Annotated[Path, typer.Argument(help="CSV with plate, vehicle_class, make, model, colour, year, owner.")],
    home: Home = None,
) -> None:
    """Fill the embedded vehicle register from a CSV file; a plate that is there already is replaced."""
    try:
        vehicles = read_register(file)
    except RegisterError as error:
        raise typer.TyperException(str(error)) from error
    with office(home) as (_, database), database.session() as session:
        _tell(file=str(file), vehicles=load_register(session, vehicles))
