"""A backup is a folder: `database/`, `wal/`, `files/` (evidence, keys, secrets) and `backup.json`, which lists them.

Evidence is copied after the database: what the database of the backup names is there. A backup holds the office's
secrets and is kept as safely as the office.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.backup.server import BackupError, base_backup, end_recovery, fetch_log, keep_log, place
from api.database import DATABASE_NAME, start_embedded
from api.intake.evidence import EvidenceErased, evidence_key
from api.intake.evidence_store import EvidenceDamaged, EvidenceStore
from api.intake.tables import PackageRow
from api.store.hashing import iso_utc
from api.store.tables import CaseRow, EventRow

LISTING: Final = "backup.json"
_FORMAT: Final = 1
_SERVER: Final = "postgres"
_SECRET_SUFFIXES: Final = (".key", ".pem")
_PAGE: Final = 1000


@dataclass(frozen=True)
class Made:
    """What a backup holds.

    Attributes:
        made_at: when its newest part was fetched, ISO 8601 UTC.
        server: version of PostgreSQL.
        log_until: place in the write-ahead log up to which it can be restored.
        cases: how many the database held then.
        packages: evidence packages.
        files: files of the office beside the database.
        bytes: their size.
        keys: secrets and keys among them, by name, with the first 16 hex digits of their SHA-256.
    """

    made_at: str
    server: str
    log_until: str
    cases: int
    packages: int
    files: int
    bytes: int
    keys: dict[str, str]


@dataclass(frozen=True)
class Restored:
    """What a restored office holds, and what is missing.

    Attributes:
        cases: cases in the database.
        events: their events.
        packages: evidence packages that the database names.
        erased: of these, those whose time was over: their keys were destroyed.
        missing: packages without their file, or whose file is another one; must be empty.
        last_event_at: when the newest event happened; None: there is none.
    """

    cases: int
    events: int
    packages: int
    erased: int
    missing: tuple[str, ...]
    last_event_at: str | None


def back_up(home: Path, to: Path, *, log_only: bool = False) -> Made:
    """Back an office with an embedded database up, while it works.

    Args:
        home: the office's folder.
        to: folder of the backup; the first time it must be absent or empty, afterwards it is brought up to date.
        log_only: fetch the log and the new files only; a base backup must be there.

    Raises:
        BackupError: there is no office, or a part failed.
    """
    if not (home / _SERVER / "PG_VERSION").exists():
        raise BackupError(f"{home} holds no embedded database: back another server up with its own tools")
    if to.resolve().is_relative_to(home.resolve()):
        raise BackupError(f"{to} lies inside the office that it should outlive: choose another folder")
    url = start_embedded(home)
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    base = to / "database"
    if log_only and not base.is_dir():
        raise BackupError(f"{to} holds no base backup yet: run `tertib backup` without --log-only first")
    with psycopg.connect(url, autocommit=True) as connection:
        keep_log(connection)
    if not log_only:
        fresh = to / "database.new"
        shutil.rmtree(fresh, ignore_errors=True)
        base_backup(home / _SERVER, url, fresh)
        shutil.rmtree(base, ignore_errors=True)
        fresh.rename(base)
    reached_at = datetime.now(UTC)
    end = fetch_log(home / _SERVER, url, to / "wal")
    if not log_only:
        _forget_older_log(base, to / "wal")
    count, size = _copy_files(home, to / "files")
    with psycopg.connect(str(_office_url(url))) as connection:
        server = connection.info.parameter_status("server_version") or ""
        cases = _count(connection, "cases")
        packages = _count(connection, "packages")
    made = Made(
        made_at=iso_utc(reached_at),
        server=server,
        log_until=end,
        cases=cases,
        packages=packages,
        files=count,
        bytes=size,
        keys={
            str(path.relative_to(to / "files")): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
            for path in sorted((to / "files").rglob("*"))
            if path.suffix in _SECRET_SUFFIXES or path.parent.name == "keys"
            if path.is_file()
        },
    )
    temporary = to / f".{LISTING}"
    temporary.write_text(json.dumps({"format": _FORMAT, **asdict(made)}, indent=1) + "\n")
    temporary.replace(to / LISTING)
    return made


def restore(backup: Path, home: Path, *, until: datetime | None = None) -> str:
    """Make an office out of a backup, in a folder where none is.

    Args:
        backup: the backup's folder.
        home: where the office will live; absent or empty.
        until: only what was committed by then; None: everything.

    Returns:
        postgresql:// address of the restored server's superuser; the server runs.

    Raises:
        BackupError: it is no backup, the folder is taken, or the server does not recover.
    """
    try:
        listing = json.loads((backup / LISTING).read_text())
    except (OSError, ValueError) as error:
        raise BackupError(f"{backup} is no finished backup: {LISTING} is absent or damaged") from error
    if listing.get("format") != _FORMAT:
        raise BackupError(f"{backup} was written by another version of Tertib")
    if home.exists() and any(home.iterdir()):
        raise BackupError(f"{home} is not empty: restore into a new folder, then change TERTIB_HOME")
    if until is not None and until > datetime.fromisoformat(listing["made_at"]):
        raise BackupError(f"the backup reaches only until {listing['made_at']}")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copytree(backup / "files", home, dirs_exist_ok=True, copy_function=_copy)
    place(backup / "database", backup / "wal", home / _SERVER, until=until)
    url = start_embedded(home)
    end_recovery(home / _SERVER, url)
    return url


def examine(session: Session, store: EvidenceStore, *, quick: bool = False) -> Restored:
    """What the office holds, each package compared with its file (`quick`: only whether the file is there)."""
    missing = []
    query = select(PackageRow).execution_options(yield_per=_PAGE)
    packages = erased = 0
    for row in session.scalars(query):
        packages += 1
        try:
            key = evidence_key(session, row)
            if not quick:
                store.read(row.sha256, key)
            elif not store.path_of(row.sha256).is_file():
                missing.append(str(row.package_id))
        except EvidenceErased:
            erased += 1
        except EvidenceDamaged:
            missing.append(str(row.package_id))
        session.expunge(row)
    last = session.scalar(select(func.max(EventRow.at)))
    return Restored(
        cases=session.scalar(select(func.count()).select_from(CaseRow)) or 0,
        events=session.scalar(select(func.count()).select_from(EventRow)) or 0,
        packages=packages,
        erased=erased,
        missing=tuple(missing),
        last_event_at=None if last is None else iso_utc(last),
    )


def _office_url(superuser: str) -> str:
    head, _, query = superuser.partition("?")
    return f"{head.rpartition('/')[0]}/{DATABASE_NAME}" + (f"?{query}" if query else "")


def _count(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
    return int(row[0]) if row else 0


def _forget_older_log(base: Path, log: Path) -> None:
    """Log from before the base backup is of no use; the base's own copy begins where it must."""
    needed = [path.name for path in (base / "pg_wal").glob("*") if len(path.name) == 24]
    if needed:
        for path in log.glob("*"):
            if path.name.removesuffix(".partial") < min(needed):
                path.unlink()


def _copy(source: str, target: str) -> str:
    shutil.copy2(source, target)
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    return target


def _copy_files(home: Path, to: Path) -> tuple[int, int]:
    """Every file of the office but the database's; what is there already is left, since evidence never changes."""
    count = size = 0
    for path in sorted(home.rglob("*")):
        relative = path.relative_to(home)
        if relative.parts[0] == _SERVER or not path.is_file() or path.suffix in {".lock", ".tmp"}:
            continue
        target = to / relative
        count += 1
        size += path.stat().st_size
        if relative.parts[0] == "evidence" and target.exists() and target.stat().st_size == path.stat().st_size:
            continue
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = target.with_name(f".{target.name}.new")
        _copy(str(path), str(beside))
        beside.replace(target)
    return count, size
