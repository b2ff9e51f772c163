"""`tertib keys`: trust, replace and revoke cameras' keys, and write the archived ring for whoever verifies."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from api.clock import now
from api.intake.cameras import add_key, key_ring, revoke_key
from pipeline.evidence.keys import PublicKeyRing
from scripts.commands.office import Home, office

# Characters of a key's id that name it safely.
_SHORTEST: Final = 12

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Trust, replace and revoke cameras' keys.")


def _tell(**values: object) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


@app.command("trust", epilog="Example: tertib keys trust new-box.json")
def trust(
    ring: Annotated[Path, typer.Argument(metavar="KEYS.json", help="Key ring of the box, with its new key.")],
    home: Home = None,
) -> None:
    """Trust the keys of a ring from their `valid_from` on; the keys before stay valid for what they signed."""
    with office(home) as (settings, database):
        with database.session() as session:
            for key in PublicKeyRing.load(ring).keys:
                add_key(session, key)
            held = key_ring(session)
        held.save(settings.home / "keys" / "cameras.json")
    _tell(keys=len(held.keys))


@app.command("revoke", epilog="Example: tertib keys revoke 3f0c1f5e8f0e --at 2026-11-24T03:00:00Z")
def revoke(
    keyid: Annotated[str, typer.Argument(help="The key's id, as `tertib keys list` prints it, or its beginning.")],
    at: Annotated[str | None, typer.Option(help="From when on (ISO 8601; without a zone: UTC) [default: now].")] = None,
    home: Home = None,
) -> None:
    """From now on nothing signed with this key is accepted, whatever time it claims (a stolen box)."""
    try:
        moment = None if at is None else datetime.fromisoformat(at)
    except ValueError as error:
        raise typer.TyperException(f"--at {at!r} is no moment: write it as 2026-11-24T03:00:00Z") from error
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    with office(home) as (settings, database):
        with database.session() as session:
            meant = [key for key in key_ring(session).keys if len(keyid) >= _SHORTEST and key.keyid.startswith(keyid)]
            if len(meant) != 1:
                raise typer.TyperException(f"no key begins with {keyid!r}, or it is too short: see `tertib keys list`")
            revoke_key(session, meant[0].keyid, moment or now(session))
            held = key_ring(session)
        held.save(settings.home / "keys" / "cameras.json")
    _tell(camera_id=meant[0].camera_id, keyid=meant[0].keyid, revoked=True)


@app.command("list", epilog="Example: tertib keys list")
def list_keys(home: Home = None) -> None:
    """A line a key: camera, id, and when it counts."""
    with office(home) as (_, database), database.session() as session:
        for key in key_ring(session).keys:
            _tell(**key.model_dump(mode="json"))


@app.command("archive", epilog="Example: tertib keys archive -o keys.json")
def archive(
    to: Annotated[Path, typer.Option("-o", "--out", help="File for the ring.")],
    home: Home = None,
) -> None:
    """Write every public key there ever was: with it alone, evidence is verified offline, for decades."""
    with office(home) as (_, database), database.session() as session:
        held = key_ring(session)
    held.save(to)
    _tell(file=str(to), keys=len(held.keys))
