"""`tertib camera enrol`, `change-key`, `adopt-head`: a camera comes to be trusted by an office, and stays so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from pipeline.delivery.enrolment import OfficeDoor
from pipeline.delivery.errors import SpoolError
from pipeline.delivery.spool import Spool
from pipeline.evidence.errors import EvidenceError
from scripts.commands._box_run import token_for

app = typer.Typer()


@app.command(epilog="Example: tertib camera enrol jt-smg-001 --office https://etle.example --code 7KQ2-MX4P-9DTR-B3WE")
def enrol(
    camera_id: Annotated[str, typer.Argument(help="Id of the camera, as in its scene file.")],
    office: Annotated[str, typer.Option(metavar="URL", help="The office.")],
    code: Annotated[str, typer.Option(help="One-time code, from `tertib office enrol-code`.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="Gets the key and the token.")] = Path("var/keys"),
) -> None:
    """Make a key for a camera, and have the office trust it for a one-time code."""
    with _door(office) as door:
        link = door.enrol(code, keys, camera_id)
    sys.stdout.write(f"{camera_id} is enrolled; its chain goes on at place {link.sequence}\n")
    if link.sequence > 1:
        sys.stdout.write("the office knows this camera: run `tertib camera adopt-head` if the box's spool is new\n")


@app.command("change-key", epilog="Example: tertib camera change-key jt-smg-001 --office https://office.example")
def change_key(
    camera_id: Annotated[str, typer.Argument(help="Id of the camera.")],
    office: Annotated[str, typer.Option(metavar="URL", help="The office.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="Keys and tokens.")] = Path("var/keys"),
) -> None:
    """Replace a camera's signing key; then restart the camera. What the old key signed stays valid."""
    with _door(office) as door:
        keyid = door.change_key(camera_id, keys, token_for(camera_id, "", keys))
    sys.stdout.write(f"{camera_id} signs with {keyid[:12]}... from its next start on\n")


@app.command("adopt-head", epilog="Example: tertib camera adopt-head jt-smg-001 --spool var/spool --office URL")
def adopt_head(
    camera_id: Annotated[str, typer.Argument(help="Id of the camera.")],
    spool: Annotated[Path, typer.Option(metavar="DIR", help="The new spool.")],
    office: Annotated[str, typer.Option(metavar="URL", help="The office.")],
    keys: Annotated[Path, typer.Option(metavar="DIR", help="Keys and tokens.")] = Path("var/keys"),
    token: Annotated[str, typer.Option(envvar="TERTIB_TOKEN", help="The camera's token; default: of DIR.")] = "",
) -> None:
    """After a spool was lost: go on where the office's books say that the camera's chain ends."""
    with _door(office) as door:
        link = door.head(camera_id, token_for(camera_id, token, keys))
        with Spool(spool) as kept:
            kept.adopt_head(camera_id, link)
    sys.stdout.write(f"{camera_id} goes on at place {link.sequence}\n")


@contextmanager
def _door(office: str) -> Iterator[OfficeDoor]:
    try:
        with httpx.Client(timeout=httpx.Timeout(30, connect=10)) as client:
            yield OfficeDoor(office, client)
    except (SpoolError, EvidenceError, OSError, httpx.InvalidURL) as error:
        raise typer.TyperException(str(error)) from error
