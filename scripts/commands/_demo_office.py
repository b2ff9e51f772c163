"""The office of the demo: its people, cameras and register, made once; and the process that serves it."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import typer
from sqlalchemy import select

from api.database import Database, connect
from api.intake.cameras import add_camera, add_key, key_ring
from api.people.service import add_user
from api.people.tables import UserRow
from api.register.service import load_register, read_register
from api.settings import Settings, kept_secret
from pipeline.evidence.keys import SigningKey
from pipeline.scene import Scene
from scripts.commands._camera_keys import folder_key

REGISTER = Path(__file__).resolve().parents[2] / "samples" / "register.csv"
START_LIMIT_S = 180
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

PEOPLE = (
    ("petugas", "Brigadir Sri Wahyuni (contoh)", "officer", None),
    ("petugas2", "Bripka Agus Santoso (contoh)", "officer", None),
    ("penyelia", "AKP Dewi Lestari (contoh)", "supervisor", None),
)
"""Invented persons: login, name, role, agency."""


@dataclass(frozen=True)
class SignIn:
    """A sign-in of the demo, shown once.

    Attributes:
        login: Name typed at sign-in.
        password: Made at random; only its hash is kept.
        role: What the person may do.
    """

    login: str
    password: str
    role: str


@dataclass(frozen=True)
class Prepared:
    """What the cameras need to deliver.

    Attributes:
        keys: Signing key of each camera.
        tokens: Bearer token of each camera.
        sign_ins: People that were made just now; empty when they were there already.
    """

    keys: Mapping[str, SigningKey]
    tokens: Mapping[str, str]
    sign_ins: Sequence[SignIn]


def prepare(settings: Settings, scenes: Sequence[Scene]) -> Prepared:
    """Make the database, people, cameras and register, as far as they are not there.

    Raises:
        DatabaseError: The embedded database does not start.
    """
    database = connect(settings)
    try:
        return _prepare(settings, database, scenes)
    finally:
        database.close()


def _prepare(settings: Settings, database: Database, scenes: Sequence[Scene]) -> Prepared:
    keys = {s.camera.id: folder_key(settings.home / "box" / "keys", s.camera.id) for s in scenes}
    tokens = {s.camera.id: kept_secret(settings.home / "box" / f"{s.camera.id}.token") for s in scenes}
    made: list[SignIn] = []
    with database.session() as session:
        for login, name, role, agency in PEOPLE:
            if session.scalar(select(UserRow.id).where(UserRow.login == login)) is None:
                password = "-".join(secrets.token_hex(2) for _ in range(4))
                add_user(session, login=login, name=name, role=role, agency=agency, password=password)
                made.append(SignIn(login, password, role))
        for scene in scenes:
            camera = scene.camera
            add_camera(
                session,
                camera_id=camera.id,
                place=camera.place,
                agency=camera.agency,
                jurisdiction=camera.jurisdiction,
                token=tokens[camera.id],
            )
            add_key(session, keys[camera.id].public(camera.id, valid_from=_LONG_AGO))
        load_register(session, read_register(REGISTER))
        key_ring(session).save(settings.home / "keys" / "cameras.json")
    return Prepared(keys=keys, tokens=tokens, sign_ins=made)


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(home: Path, port: int) -> Iterator[str]:
    """Run `tertib serve` beside this process until the block ends.

    Yields:
        The office's address.

    Raises:
        TyperException: It did not start; its own last line says why.
    """
    log = home / "office.log"
    command = [str(Path(sys.executable).with_name("tertib")), "serve", "--home", str(home), "--port", str(port)]
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(process, url, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + START_LIMIT_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2).status_code < 500:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    lines = log.read_text(errors="replace").strip().splitlines()
    raise typer.TyperException(f"the office did not start: {lines[-1] if lines else 'it said nothing'} (see {log})")
